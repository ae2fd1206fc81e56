/*
 * Iterators and sets that hold the very task that waits for them: a wait
 * that nobody could end is refused, and no other one is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "puller.h"

/* What a parent task and its children share; one worker, so no races. */
typedef struct family {
    ac_pool *pool;
    ac_iter *iter;
    ac_future *self;   /* the parent, set before it is let go */
    ac_future *other;  /* what it waits for beside itself */
    support_gate told; /* opens when self is known */
    support_gate started;
    long tid; /* of the parent's thread, before started opens */
    int ran;
} family;

static int
kid_task(void *arg, void **result)
{
    family *f = arg;

    (void)result;
    f->ran++;
    return 0;
}

static void
family_init(family *f)
{
    *f = (family){.pool = support_pool(1)};
    support_gate_init(&f->told);
    support_gate_init(&f->started);
}

/* Runs the parent with nothing else to do for the only worker; its own
 * future is known to it. */
static void
family_run(family *f, ac_task_fn *parent)
{
    f->self = support_submit(f->pool, parent, f);
    support_gate_open(&f->told);
    ck_assert_int_eq(ac_future_get(f->self, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f->self);
    support_pool_end(f->pool);
    support_gate_destroy(&f->told);
    support_gate_destroy(&f->started);
}

static ac_future *
submit(ac_pool *pool, ac_task_fn *fn, void *arg)
{
    ac_future *future = NULL;

    SUPPORT_CHECK_INT(ac_submit(pool, NULL, fn, arg, &future), AC_OK);
    return future;
}

static const ac_deadline deadlines[] = {AC_FOREVER, AC_POLL};

static int
parent_self(void *arg, void **result)
{
    family *f = arg;
    ac_iter *iter = NULL;
    ac_future *done = NULL;
    ac_future *got[2];
    size_t n = 99;

    (void)result;
    support_gate_wait(&f->told);
    ac_future *futures[2] = {f->self, submit(f->pool, kid_task, f)};
    SUPPORT_CHECK_INT(ac_as_completed(futures, 2, &iter), AC_OK);
    /* The other one first; only then there is nothing but oneself. */
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
    SUPPORT_CHECK(done == futures[1]);
    ac_future_unref(done);
    for (int i = 0; i < 2; i++) {
        SUPPORT_CHECK_INT(ac_iter_next(iter, deadlines[i], &done), AC_EDEADLK);
        SUPPORT_CHECK_INT(ac_iter_next_many(iter, got, 1, 2, deadlines[i], &n),
                          AC_EDEADLK);
    }
    SUPPORT_CHECK_INT(n, 99);
    SUPPORT_CHECK_INT(ac_iter_remaining(iter), 1); /* nothing was consumed */
    ac_future_unref(futures[1]);
    f->iter = iter;
    return 0;
}

START_TEST(s39_nothing_left_but_oneself)
{
    family f;
    ac_future *future = NULL;

    family_init(&f);
    family_run(&f, parent_self);
    /* For everyone else it was never a deadlock. */
    ck_assert_int_eq(ac_iter_next(f.iter, AC_FOREVER, &future), AC_OK);
    ac_future_unref(future);
    ck_assert_int_eq(ac_iter_next(f.iter, AC_FOREVER, &future), AC_DONE);
    ac_iter_destroy(f.iter);
}
END_TEST

static int
parent_open_self(void *arg, void **result)
{
    family *f = arg;
    ac_iter *iter = NULL;
    ac_future *done = NULL;

    (void)result;
    support_gate_wait(&f->told);
    SUPPORT_CHECK_INT(ac_iter_open(&iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_add(iter, f->self), AC_OK);
    /* Someone might add another one. */
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_POLL, &done), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_iter_close(iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_POLL, &done), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_iter_abandon(iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &done), AC_DONE);
    ac_iter_destroy(iter);
    return 0;
}

START_TEST(s39_an_open_one_may_get_others)
{
    family f;

    family_init(&f);
    family_run(&f, parent_open_self);
}
END_TEST

static int
parent_wait_self(void *arg, void **result)
{
    family *f = arg;
    size_t which = 99;

    (void)result;
    support_gate_wait(&f->told);
    ac_future *futures[2] = {f->self, submit(f->pool, kid_task, f)};
    for (int i = 0; i < 2; i++) {
        SUPPORT_CHECK_INT(ac_wait(futures, 2, AC_ALL, deadlines[i], &which),
                          AC_EDEADLK);
        SUPPORT_CHECK_INT(ac_wait(futures, 1, AC_FIRST, deadlines[i], &which),
                          AC_EDEADLK);
        SUPPORT_CHECK_INT(
            ac_wait(futures, 1, AC_FIRST_ERROR, deadlines[i], &which),
            AC_EDEADLK);
    }
    SUPPORT_CHECK_INT(which, 99);
    /* One of two is enough here, and it is not oneself. */
    SUPPORT_CHECK_INT(ac_wait(futures, 2, AC_FIRST, AC_FOREVER, &which), AC_OK);
    SUPPORT_CHECK_INT(which, 1);
    ac_future_unref(futures[1]);
    return 0;
}

START_TEST(s39_a_set_that_cannot_end_before_oneself)
{
    family f;

    family_init(&f);
    family_run(&f, parent_wait_self);
    ck_assert_int_eq(f.ran, 1);
}
END_TEST

/* A child, run in place, that waits for the parent below it. */
static int
child_of_stack(void *arg, void **result)
{
    family *f = arg;
    ac_iter *iter = NULL;
    ac_future *done = NULL;

    (void)result;
    SUPPORT_CHECK_INT(ac_as_completed(&f->self, 1, &iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &done), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_wait(&f->self, 1, AC_ALL, AC_FOREVER, NULL),
                      AC_EDEADLK);
    ac_iter_destroy(iter);
    f->ran++;
    return 0;
}

static int
parent_of_stack(void *arg, void **result)
{
    family *f = arg;
    ac_future *child;

    (void)result;
    support_gate_wait(&f->told);
    child = submit(f->pool, child_of_stack, f);
    SUPPORT_CHECK_INT(ac_wait(&child, 1, AC_ALL, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(child);
    return 0;
}

START_TEST(s39_the_tasks_below_count_as_oneself)
{
    family f;

    family_init(&f);
    family_run(&f, parent_of_stack);
    ck_assert_int_eq(f.ran, 1);
}
END_TEST

static int
parent_twice(void *arg, void **result)
{
    family *f = arg;
    ac_iter *iter = NULL;
    ac_future *done = NULL;

    (void)result;
    support_gate_wait(&f->told);
    SUPPORT_CHECK_INT(ac_iter_open(&iter), AC_OK);
    for (int i = 0; i < 3; i++) /* three deliveries of the one future */
        SUPPORT_CHECK_INT(ac_iter_add(iter, f->self), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_close(iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_POLL, &done), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_iter_remaining(iter), 3);
    ac_iter_destroy(iter);
    return 0;
}

START_TEST(s12_s39_oneself_more_than_once)
{
    family f;

    family_init(&f);
    family_run(&f, parent_twice);
}
END_TEST

static int
parent_many(void *arg, void **result)
{
    family *f = arg;
    ac_iter *iter = NULL;
    ac_future *got[2] = {NULL, NULL};
    size_t n = 99;

    (void)result;
    support_gate_wait(&f->told);
    ac_future *futures[2] = {f->self, submit(f->pool, kid_task, f)};
    SUPPORT_CHECK_INT(ac_as_completed(futures, 2, &iter), AC_OK);
    /* Two there will never be; the one that can be is better than none. */
    SUPPORT_CHECK_INT(ac_iter_next_many(iter, got, 2, 2, AC_FOREVER, &n),
                      AC_OK);
    SUPPORT_CHECK_INT(n, 1);
    SUPPORT_CHECK(got[0] == futures[1]);
    ac_future_unref(got[0]);
    n = 99;
    SUPPORT_CHECK_INT(ac_iter_next_many(iter, got, 2, 2, AC_FOREVER, &n),
                      AC_EDEADLK);
    SUPPORT_CHECK_INT(n, 99);
    ac_future_unref(futures[1]);
    ac_iter_destroy(iter);
    return 0;
}

START_TEST(s23_s39_the_others_first_however_few)
{
    family f;

    family_init(&f);
    family_run(&f, parent_many);
    ck_assert_int_eq(f.ran, 1);
}
END_TEST

/* ---- It comes to that while it waits -------------------------------- */

/* Takes what there is until nothing is left but itself. */
static int
parent_blocked(void *arg, void **result)
{
    family *f = arg;
    ac_future *done = NULL;
    int rc;

    (void)result;
    f->tid = support_tid();
    support_gate_open(&f->started);
    support_gate_wait(&f->told);
    while ((rc = ac_iter_next(f->iter, AC_FOREVER, &done)) == AC_OK)
        ac_future_unref(done);
    SUPPORT_CHECK_INT(rc, AC_EDEADLK);
    return 0;
}

static void
blocked_start(family *f)
{
    family_init(f);
    f->self = support_submit(f->pool, parent_blocked, f);
    support_gate_wait(&f->started);
}

static void
blocked_end(family *f)
{
    ac_future *done = NULL;
    int rc;

    ck_assert_int_eq(ac_future_get(f->self, AC_FOREVER, NULL), AC_OK);
    while ((rc = ac_iter_next(f->iter, AC_FOREVER, &done)) == AC_OK) {
        ck_assert_ptr_eq(done, f->self);
        ac_future_unref(done);
    }
    ck_assert_int_eq(rc, AC_DONE);
    ac_future_unref(f->self);
    ac_iter_destroy(f->iter);
    support_pool_end(f->pool);
    support_gate_destroy(&f->told);
    support_gate_destroy(&f->started);
}

START_TEST(s19_s39_closed_while_it_waits_for_oneself)
{
    family f;

    blocked_start(&f);
    ck_assert_int_eq(ac_iter_open(&f.iter), AC_OK);
    ck_assert_int_eq(ac_iter_add(f.iter, f.self), AC_OK);
    support_gate_open(&f.told);
    support_tid_await_sleep(f.tid); /* open: it waits for more */
    ck_assert_int_eq(ac_iter_close(f.iter), AC_OK);
    blocked_end(&f);
}
END_TEST

START_TEST(s21_s39_another_takes_the_last_that_was_not_oneself)
{
    family f;
    support_hold hold;
    ac_pool *elsewhere = support_pool(1);
    puller other;

    blocked_start(&f);
    support_hold_worker(&hold, elsewhere);
    ac_future *futures[2] = {f.self, hold.future};
    ck_assert_int_eq(ac_as_completed(futures, 2, &f.iter), AC_OK);
    puller_next(&other, f.iter); /* it stands before the task */
    support_gate_open(&f.told);
    support_tid_await_sleep(f.tid);
    support_hold_release(&hold);
    /* Whoever of the two got it, the task learns that the rest is itself; as
     * soon as it has ended, that comes out as well. */
    ck_assert_int_eq(ac_future_get(f.self, AC_FOREVER, NULL), AC_OK);
    ck_assert_int_eq(puller_end(&other), AC_OK);
    ck_assert_uint_eq(ac_iter_remaining(f.iter),
                      other.futures[0] == f.self ? 0 : 1);
    puller_drop(&other);
    blocked_end(&f);
    support_hold_end(&hold);
    support_pool_end(elsewhere);
}
END_TEST

static int
parent_first_error(void *arg, void **result)
{
    family *f = arg;
    size_t which = 99;

    (void)result;
    f->tid = support_tid();
    support_gate_open(&f->started);
    support_gate_wait(&f->told);
    ac_future *futures[2] = {f->self, f->other};
    SUPPORT_CHECK_INT(ac_wait(futures, 2, AC_FIRST_ERROR, AC_FOREVER, &which),
                      AC_EDEADLK);
    SUPPORT_CHECK_INT(which, 99);
    return 0;
}

START_TEST(s39_first_error_when_the_other_ends_well)
{
    family f;
    support_hold hold;
    ac_pool *elsewhere = support_pool(1);

    family_init(&f);
    support_hold_worker(&hold, elsewhere);
    f.other = hold.future;
    f.self = support_submit(f.pool, parent_first_error, &f);
    support_gate_wait(&f.started);
    support_gate_open(&f.told);
    support_tid_await_sleep(f.tid);
    support_hold_release(&hold);
    ck_assert_int_eq(ac_future_get(f.self, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f.self);
    support_hold_end(&hold);
    support_pool_end(elsewhere);
    support_pool_end(f.pool);
    support_gate_destroy(&f.told);
    support_gate_destroy(&f.started);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("oneself");
    TCase *tcase = support_tcase("oneself");

    tcase_add_test(tcase, s39_nothing_left_but_oneself);
    tcase_add_test(tcase, s39_an_open_one_may_get_others);
    tcase_add_test(tcase, s39_a_set_that_cannot_end_before_oneself);
    tcase_add_test(tcase, s39_the_tasks_below_count_as_oneself);
    tcase_add_test(tcase, s12_s39_oneself_more_than_once);
    tcase_add_test(tcase, s23_s39_the_others_first_however_few);
    tcase_add_test(tcase, s39_first_error_when_the_other_ends_well);
    tcase_add_test(tcase, s19_s39_closed_while_it_waits_for_oneself);
    tcase_add_test(tcase, s21_s39_another_takes_the_last_that_was_not_oneself);
    suite_add_tcase(suite, tcase);
    return suite;
}
