/*
 * Iterators and sets waited for inside a task: on its own pool a member that
 * is queued runs in place, and a stranger does not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

enum { KIDS = 5 };

/* What a parent task and its children share; one worker, so no races. */
typedef struct family {
    ac_pool *pool;
    ac_iter *iter;
    ac_future *self;   /* the parent, set before it is let go */
    support_gate told; /* opens when self is known */
    int order[KIDS];   /* in which the children ran */
    int ran;
    int stranger_ran;
    long tid; /* of the parent's thread, before told opens */
} family;

typedef struct kid {
    family *family;
    int who;
} kid;

static int
kid_task(void *arg, void **result)
{
    kid *k = arg;

    (void)result;
    k->family->order[k->family->ran++] = k->who;
    return 0;
}

static int
stranger(void *arg, void **result)
{
    family *f = arg;

    (void)result;
    f->stranger_ran = 1;
    return 0;
}

static void
family_init(family *f)
{
    *f = (family){.pool = support_pool(1)};
    support_gate_init(&f->told);
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
}

static ac_future *
submit(ac_pool *pool, ac_task_fn *fn, void *arg)
{
    ac_future *future = NULL;

    SUPPORT_CHECK_INT(ac_submit(pool, NULL, fn, arg, &future), AC_OK);
    return future;
}

/* ---- Members run in place ------------------------------------------- */

static int
parent_next(void *arg, void **result)
{
    family *f = arg;
    ac_future *futures[KIDS];
    kid kids[KIDS];
    ac_iter *iter = NULL;
    ac_future *done;
    ac_future *other = submit(f->pool, stranger, f);
    int n = 0;

    (void)result;
    for (int i = 0; i < KIDS; i++) {
        kids[i] = (kid){f, i};
        futures[i] = submit(f->pool, kid_task, &kids[i]);
    }
    SUPPORT_CHECK_INT(ac_as_completed(futures, KIDS, &iter), AC_OK);
    while (ac_iter_next(iter, AC_FOREVER, &done) == AC_OK) {
        SUPPORT_CHECK_INT(ac_future_status(done), AC_OK);
        SUPPORT_CHECK_INT(f->ran, ++n); /* one for each next, no more */
        ac_future_unref(done);
    }
    SUPPORT_CHECK_INT(n, KIDS);
    SUPPORT_CHECK(!f->stranger_ran); /* it was queued before all of them */
    for (int i = 0; i < KIDS; i++)
        ac_future_unref(futures[i]);
    ac_future_unref(other);
    ac_iter_destroy(iter);
    return 0;
}

START_TEST(s39_next_runs_a_member_in_place_and_no_stranger)
{
    family f;

    family_init(&f);
    family_run(&f, parent_next);
    ck_assert_int_eq(f.ran, KIDS);
    ck_assert_int_eq(f.stranger_ran, 1);
}
END_TEST

static int
parent_open_iter(void *arg, void **result)
{
    family *f = arg;
    ac_future *done[KIDS];
    kid kids[KIDS];
    ac_iter *iter = NULL;
    size_t n = 0;

    (void)result;
    SUPPORT_CHECK_INT(ac_iter_open(&iter), AC_OK);
    for (int i = 0; i < KIDS; i++) {
        kids[i] = (kid){f, i};
        SUPPORT_CHECK_INT(ac_iter_submit(iter, f->pool, NULL, kid_task,
                                         &kids[i], AC_FOREVER, NULL),
                          AC_OK);
    }
    SUPPORT_CHECK_INT(ac_iter_next_many(iter, done, 3, KIDS, AC_FOREVER, &n),
                      AC_OK);
    SUPPORT_CHECK(n >= 3);
    for (size_t i = 0; i < n; i++)
        ac_future_unref(done[i]);
    SUPPORT_CHECK_INT(ac_iter_close(iter), AC_OK);
    while (ac_iter_next(iter, AC_FOREVER, &done[0]) == AC_OK) {
        ac_future_unref(done[0]);
        n++;
    }
    SUPPORT_CHECK_INT(n, KIDS);
    ac_iter_destroy(iter);
    return 0;
}

START_TEST(s39_next_many_runs_members_of_an_open_one_in_place)
{
    family f;

    family_init(&f);
    family_run(&f, parent_open_iter);
    ck_assert_int_eq(f.ran, KIDS);
}
END_TEST

static int
parent_wait(void *arg, void **result)
{
    family *f = arg;
    ac_future *futures[KIDS];
    kid kids[KIDS];
    size_t which = 99;

    (void)result;
    for (int i = 0; i < KIDS; i++) {
        kids[i] = (kid){f, i};
        futures[i] = submit(f->pool, kid_task, &kids[i]);
    }
    SUPPORT_CHECK_INT(ac_wait(futures, KIDS, AC_FIRST, AC_FOREVER, &which),
                      AC_OK);
    SUPPORT_CHECK(which < KIDS);
    SUPPORT_CHECK_INT(f->ran, 1);
    SUPPORT_CHECK_INT(
        ac_wait(futures, KIDS, AC_FIRST_ERROR, AC_FOREVER, &which), AC_OK);
    SUPPORT_CHECK_INT(which, KIDS);
    SUPPORT_CHECK_INT(ac_wait(futures, KIDS, AC_ALL, AC_FOREVER, NULL), AC_OK);
    SUPPORT_CHECK_INT(f->ran, KIDS);
    for (int i = 0; i < KIDS; i++)
        ac_future_unref(futures[i]);
    return 0;
}

START_TEST(s39_a_wait_on_a_set_runs_members_in_place)
{
    family f;

    family_init(&f);
    family_run(&f, parent_wait);
    ck_assert_int_eq(f.ran, KIDS);
}
END_TEST

static int
parent_deadline(void *arg, void **result)
{
    family *f = arg;
    kid k = {f, 0};
    ac_future *future = submit(f->pool, kid_task, &k);
    ac_future *done = NULL;
    ac_iter *iter = NULL;

    (void)result;
    SUPPORT_CHECK_INT(ac_as_completed(&future, 1, &iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_POLL, &done), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_iter_next(iter, ac_deadline_in_ms(2), &done),
                      AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_wait(&future, 1, AC_ALL, ac_deadline_in_ms(2), NULL),
                      AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(f->ran, 0); /* with a deadline nobody helps */
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
    ac_future_unref(done);
    ac_future_unref(future);
    ac_iter_destroy(iter);
    return 0;
}

START_TEST(s39_with_a_deadline_nobody_helps)
{
    family f;

    family_init(&f);
    family_run(&f, parent_deadline);
    ck_assert_int_eq(f.ran, 1);
}
END_TEST

/* ---- What comes while it waits -------------------------------------- */

/* Waits for one delivery, whatever it is, and says when it is about to. */
static int
parent_of_newcomer(void *arg, void **result)
{
    family *f = arg;
    ac_future *done = NULL;

    (void)result;
    f->tid = support_tid();
    support_gate_open(&f->told);
    SUPPORT_CHECK_INT(ac_iter_next(f->iter, AC_FOREVER, &done), AC_OK);
    SUPPORT_CHECK_INT(f->ran, 1);
    ac_future_unref(done);
    return 0;
}

/* The only worker is blocked in next: nobody but it can run what is added. */
static void
newcomer_start(family *f)
{
    family_init(f);
    ck_assert_int_eq(ac_iter_open(&f->iter), AC_OK);
    f->self = support_submit(f->pool, parent_of_newcomer, f);
    support_gate_wait(&f->told);
    support_tid_await_sleep(f->tid);
}

static void
newcomer_end(family *f)
{
    ck_assert_int_eq(ac_future_get(f->self, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f->self);
    ac_iter_destroy(f->iter);
    support_pool_end(f->pool);
    support_gate_destroy(&f->told);
}

START_TEST(s22_s39_one_that_is_submitted_while_it_waits)
{
    family f;
    kid k = {&f, 0};

    newcomer_start(&f);
    ck_assert_int_eq(
        ac_iter_submit(f.iter, f.pool, NULL, kid_task, &k, AC_FOREVER, NULL),
        AC_OK);
    newcomer_end(&f);
}
END_TEST

START_TEST(s22_s39_one_that_is_added_while_it_waits)
{
    family f;
    kid k = {&f, 0};
    ac_future *future;

    newcomer_start(&f);
    future = support_submit(f.pool, kid_task, &k);
    ck_assert_int_eq(ac_iter_add(f.iter, future), AC_OK);
    newcomer_end(&f);
    ac_future_unref(future);
}
END_TEST

/* ---- One runs elsewhere, one is queued ------------------------------ */

typedef struct mixed {
    ac_pool *pool;
    ac_future *running; /* on the other worker, until the gate opens */
    support_gate *gate;
    int by_iter;
} mixed;

static int
open_gate(void *arg, void **result)
{
    (void)result;
    support_gate_open(arg);
    return 0;
}

/* Waits for two, of which the first ends only when the second has run. */
static int
parent_of_mixed(void *arg, void **result)
{
    mixed *m = arg;
    ac_future *done[2];
    ac_iter *iter = NULL;
    size_t n = 0;

    (void)result;
    ac_future *futures[2] = {m->running, submit(m->pool, open_gate, m->gate)};
    if (!m->by_iter) {
        SUPPORT_CHECK_INT(ac_wait(futures, 2, AC_ALL, AC_FOREVER, NULL), AC_OK);
    } else {
        SUPPORT_CHECK_INT(ac_as_completed(futures, 2, &iter), AC_OK);
        SUPPORT_CHECK_INT(ac_iter_next_many(iter, done, 2, 2, AC_FOREVER, &n),
                          AC_OK);
        SUPPORT_CHECK_INT(n, 2);
        ac_future_unref(done[0]);
        ac_future_unref(done[1]);
        ac_iter_destroy(iter);
    }
    ac_future_unref(futures[1]);
    return 0;
}

/* 0: by ac_wait; 1: by next_many. */
START_TEST(s39_what_is_queued_runs_before_it_blocks_for_the_others)
{
    support_hold hold;
    mixed m = {.pool = support_pool(2), .gate = &hold.release};

    m.by_iter = _i;
    support_hold_worker(&hold, m.pool);
    m.running = hold.future;
    ac_future *parent = support_submit(m.pool, parent_of_mixed, &m);
    ck_assert_int_eq(ac_future_get(parent, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(parent);
    support_hold_end(&hold);
    support_pool_end(m.pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("nested");
    TCase *tcase = support_tcase("nested");

    tcase_add_test(tcase, s39_next_runs_a_member_in_place_and_no_stranger);
    tcase_add_test(tcase, s39_next_many_runs_members_of_an_open_one_in_place);
    tcase_add_test(tcase, s39_a_wait_on_a_set_runs_members_in_place);
    tcase_add_test(tcase, s39_with_a_deadline_nobody_helps);
    tcase_add_test(tcase, s22_s39_one_that_is_submitted_while_it_waits);
    tcase_add_test(tcase, s22_s39_one_that_is_added_while_it_waits);
    tcase_add_loop_test(
        tcase, s39_what_is_queued_runs_before_it_blocks_for_the_others, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
