/*
 * From drain to cancel, by several threads and with callbacks; and who may
 * still submit.  test_shutdown.c has the plain cases.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <sched.h>

enum { QUEUED = 12 };

/* Runs until it is asked to stop. */
static int
until_asked(void *arg, void **result)
{
    (void)result;
    support_counter_add(arg);
    while (!ac_cancel_requested())
        sched_yield();
    return AC_TASK_CANCELED;
}

static void
check_and_drop(ac_future *f[QUEUED], int status)
{
    for (int i = 0; i < QUEUED; i++) {
        ck_assert_int_eq(ac_future_status(f[i]), status);
        ac_future_unref(f[i]);
    }
}

/* ---- Escalation ----------------------------------------------------- */

typedef struct stopping {
    ac_pool *pool;
    ac_shutdown how;
    ac_deadline deadline;
    int rc;
    size_t left;
} stopping;

static void
stop_pool(void *arg)
{
    stopping *s = arg;

    s->rc = ac_pool_shutdown(s->pool, s->how, s->deadline, &s->left);
}

/* Those who drain are let go by the one who cancels. */
START_TEST(s48_s51_another_thread_escalates)
{
    ac_pool *pool = support_pool(2);
    support_counter running;
    support_thread threads[3];
    stopping s[3];
    ac_future *f[QUEUED];
    size_t left = 99;

    support_counter_init(&running);
    for (int i = 0; i < QUEUED; i++)
        f[i] = support_submit(pool, until_asked, &running);
    support_counter_wait(&running, 2);
    for (int i = 0; i < 3; i++) {
        s[i] =
            (stopping){pool, AC_DRAIN, i ? AC_FOREVER : support_far(), -1, 99};
        support_thread_start(&threads[i], stop_pool, &s[i]);
        support_thread_await_sleep(&threads[i]);
    }
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, QUEUED);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, &left),
                     AC_OK);
    ck_assert_uint_eq(left, 0);
    for (int i = 0; i < 3; i++) {
        support_thread_join(&threads[i]);
        ck_assert_int_eq(s[i].rc, AC_OK);
        ck_assert_uint_eq(s[i].left, 0);
    }
    ck_assert_uint_eq(support_counter_get(&running), 2);
    check_and_drop(f, AC_ECANCELED);
    support_pool_end(pool);
    support_counter_destroy(&running);
}
END_TEST

/* Each time the deadline has passed, fewer are left. */
START_TEST(s50_left_goes_down_one_by_one)
{
    ac_pool *pool = support_pool(1);
    support_hold holds[4];
    size_t left = 99;

    support_hold_worker(&holds[0], pool);
    for (int i = 1; i < 4; i++)
        support_hold_init(&holds[i], pool);
    for (int i = 0; i < 4; i++) {
        support_gate_wait(&holds[i].started);
        /* The one before it has been settled by then. */
        ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                         AC_ETIMEDOUT);
        ck_assert_uint_eq(left, 4 - (unsigned)i);
        support_hold_release(&holds[i]);
    }
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, &left),
                     AC_OK);
    ck_assert_uint_eq(left, 0);
    for (int i = 0; i < 4; i++)
        support_hold_end(&holds[i]);
    support_pool_end(pool);
}
END_TEST

/* One that ends well after all, and one that fails: what it was asked does not
 * decide that. */
START_TEST(s28_s48_what_runs_ends_as_it_likes)
{
    ac_pool *pool = support_pool(2);
    support_hold holds[2];

    for (int i = 0; i < 2; i++) {
        support_hold_worker(&holds[i], pool);
        holds[i].rc = i;
    }
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    for (int i = 0; i < 2; i++) {
        support_hold_release(&holds[i]);
        ck_assert_int_eq(ac_future_get(holds[i].future, AC_FOREVER, NULL),
                         i ? AC_EFAILED : AC_OK);
        ck_assert_int_eq(ac_future_error(holds[i].future), i);
        support_hold_end(&holds[i]);
    }
    support_pool_end(pool);
}
END_TEST

/* Two cancel at once, while two drain: each task ends once. */
static void
count_end(ac_future *future, void *arg)
{
    SUPPORT_CHECK_INT(ac_future_status(future), AC_ECANCELED);
    support_counter_add(arg);
}

START_TEST(s30_s51_of_many_cancels_each_task_ends_once)
{
    const int rounds = support_instrumented() ? 5 : 30;

    for (int round = 0; round < rounds; round++) {
        ac_pool *pool = support_pool(1);
        support_counter running;
        support_counter ended;
        support_thread threads[4];
        stopping s[4];
        ac_future *f[QUEUED];
        support_counter_init(&running);
        support_counter_init(&ended);
        for (int i = 0; i < QUEUED; i++) {
            f[i] = support_submit(pool, until_asked, &running);
            ck_assert_int_eq(ac_future_on_done(f[i], count_end, &ended), AC_OK);
        }
        support_counter_wait(&running, 1);
        for (int i = 0; i < 4; i++) {
            s[i] = (stopping){pool, i % 2 ? AC_CANCEL : AC_DRAIN, AC_FOREVER,
                              -1, 99};
            support_thread_start(&threads[i], stop_pool, &s[i]);
        }
        for (int i = 0; i < 4; i++) {
            support_thread_join(&threads[i]);
            ck_assert_int_eq(s[i].rc, AC_OK);
            ck_assert_uint_eq(s[i].left, 0);
        }
        ck_assert_uint_eq(support_counter_get(&ended), QUEUED);
        check_and_drop(f, AC_ECANCELED);
        support_pool_end(pool);
        support_counter_destroy(&running);
        support_counter_destroy(&ended);
    }
}
END_TEST

/* ---- With callbacks ------------------------------------------------- */

typedef struct calls {
    ac_pool *pool;
    ac_iter *iter;
    pthread_t thread; /* in which they are to come */
    support_counter made;
    support_gate first;
    support_gate go;
} calls;

/* All are done before the first is called, and told to iterators. */
static void
hold_up(ac_future *future, void *arg)
{
    calls *c = arg;
    ac_future *out = NULL;

    SUPPORT_CHECK_INT(ac_future_status(future), AC_ECANCELED);
    SUPPORT_CHECK(pthread_equal(pthread_self(), c->thread));
    SUPPORT_CHECK_INT(ac_iter_next(c->iter, AC_POLL, &out), AC_OK);
    SUPPORT_CHECK(out == future);
    ac_future_unref(out);
    SUPPORT_CHECK_INT(ac_submit(c->pool, NULL, support_nothing, NULL, &out),
                      AC_ESHUTDOWN);
    if (support_counter_add(&c->made) == 1)
        support_gate_open(&c->first);
    support_gate_wait(&c->go);
}

static void
cancel_pool(void *arg)
{
    calls *c = arg;
    size_t left = 99;

    c->thread = pthread_self();
    SUPPORT_CHECK_INT(ac_pool_shutdown(c->pool, AC_CANCEL, AC_FOREVER, &left),
                      AC_OK);
    SUPPORT_CHECK_INT(left, 0);
    SUPPORT_CHECK_INT(support_counter_get(&c->made), QUEUED);
}

START_TEST(s37_s50_canceled_ones_are_left_until_their_callbacks_returned)
{
    ac_pool *pool = support_pool(1);
    calls c = {.pool = pool};
    support_thread thread;
    support_hold hold;
    ac_future *f[QUEUED];
    size_t left = 99;

    support_counter_init(&c.made);
    support_gate_init(&c.first);
    support_gate_init(&c.go);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_iter_open(&c.iter), AC_OK);
    for (int i = 0; i < QUEUED; i++) {
        ck_assert_int_eq(ac_iter_submit(c.iter, pool, NULL, support_nothing,
                                        NULL, AC_POLL, &f[i]),
                         AC_OK);
        ck_assert_int_eq(ac_future_on_done(f[i], hold_up, &c), AC_OK);
    }
    support_thread_start(&thread, cancel_pool, &c);
    support_gate_wait(&c.first);
    check_and_drop(f, AC_ECANCELED);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1 + QUEUED);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_ETIMEDOUT);
    support_hold_release(&hold);
    ck_assert_int_eq(ac_future_wait(hold.future, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_ETIMEDOUT);
    support_gate_open(&c.go);
    support_thread_join(&thread);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_POLL), AC_OK);
    support_hold_end(&hold);
    ac_iter_destroy(c.iter);
    support_pool_end(pool);
    support_counter_destroy(&c.made);
    support_gate_destroy(&c.first);
    support_gate_destroy(&c.go);
}
END_TEST

/* ---- Who may still submit ------------------------------------------- */

typedef struct late {
    ac_pool *pool;
    ac_iter *iter;
    support_gate started;
    support_gate stopping;
    atomic_int freed;
} late;

static late the_late;

static void
free_arg(void *object)
{
    atomic_fetch_add(&((late *)object)->freed, 1);
}

static void
submit_late(late *l, const ac_task_attr *attr)
{
    ac_future *const before = (ac_future *)l;
    ac_future *f[2] = {before, before};
    void *args[2] = {l, l};

    for (int i = 0; i < 2; i++) {
        const ac_deadline by = i ? AC_FOREVER : AC_POLL;
        SUPPORT_CHECK_INT(ac_submit(l->pool, attr, support_nothing, l, f),
                          AC_ESHUTDOWN);
        SUPPORT_CHECK_INT(
            ac_submit_until(l->pool, attr, support_nothing, l, by, f),
            AC_ESHUTDOWN);
        SUPPORT_CHECK_INT(
            ac_submit_many(l->pool, attr, support_nothing, args, 2, by, f),
            AC_ESHUTDOWN);
        SUPPORT_CHECK_INT(
            ac_iter_submit(l->iter, l->pool, attr, support_nothing, l, by, f),
            AC_ESHUTDOWN);
    }
    SUPPORT_CHECK(f[0] == before && f[1] == before);
    SUPPORT_CHECK_INT(atomic_load(&l->freed), 0);
    SUPPORT_CHECK_INT(ac_iter_remaining(l->iter), 0);
}

static int
submit_when_stopping(void *arg, void **result)
{
    late *l = &the_late;

    (void)result;
    support_gate_open(&l->started);
    support_gate_wait(&l->stopping);
    submit_late(l, arg);
    return 0;
}

START_TEST(s43_s49_a_task_submits_in_vain_while_the_pool_stops)
{
    late *l = &the_late;
    ac_task_attr *attr = NULL;

    *l = (late){.pool = support_pool(1)};
    support_gate_init(&l->started);
    support_gate_init(&l->stopping);
    ck_assert_int_eq(ac_iter_open(&l->iter), AC_OK);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, free_arg), AC_OK);
    ac_future *f = support_submit(l->pool, submit_when_stopping, attr);
    support_gate_wait(&l->started);
    ck_assert_int_eq(
        ac_pool_shutdown(l->pool, _i ? AC_CANCEL : AC_DRAIN, AC_POLL, NULL),
        AC_ETIMEDOUT);
    support_gate_open(&l->stopping);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    submit_late(l, attr);
    ac_future_unref(f);
    ac_task_attr_destroy(attr);
    ac_iter_destroy(l->iter);
    support_pool_end(l->pool);
    support_gate_destroy(&l->started);
    support_gate_destroy(&l->stopping);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("escalate");
    TCase *tcase = support_tcase("escalate");

    tcase_add_test(tcase, s48_s51_another_thread_escalates);
    tcase_add_test(tcase, s50_left_goes_down_one_by_one);
    tcase_add_test(tcase, s28_s48_what_runs_ends_as_it_likes);
    tcase_add_test(tcase, s30_s51_of_many_cancels_each_task_ends_once);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("callbacks");
    tcase_add_test(
        tcase, s37_s50_canceled_ones_are_left_until_their_callbacks_returned);
    tcase_add_loop_test(
        tcase, s43_s49_a_task_submits_in_vain_while_the_pool_stops, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
