/*
 * The trace of a pool: for each task its events, in order, in the thread in
 * which they happen, on every way that a task can go.
 *
 * SPDX-License-Identifier: MIT
 */
#include "submitter.h"

/* ---- A pool that is watched ----------------------------------------- */

enum { TASKS = 8, EVENTS = 4, NONE = -1 };

typedef struct life {
    int n;
    ac_trace events[EVENTS];
    int status[EVENTS]; /* of the future, at the event */
    pthread_t threads[EVENTS];
    ac_future *future; /* not a reference */
    int ran;
} life;

typedef struct stage {
    ac_pool *pool;
    support_hold hold;  /* of the only worker */
    pthread_mutex_t mu; /* of the lives */
    life lives[TASKS];  /* mu */
    void *args[TASKS];
    ac_future *futures[TASKS];
} stage;

static stage *the_stage; /* what tasks and their arguments belong to */

static int
is_life(const void *arg)
{
    const uintptr_t at = (uintptr_t)arg;

    return at >= (uintptr_t)the_stage->lives &&
           at < (uintptr_t)(the_stage->lives + TASKS);
}

static void
watch(ac_trace event, ac_future *future, void *arg)
{
    stage *s = arg;
    life *l = ac_future_arg(future);

    SUPPORT_CHECK(s == the_stage);
    if (!is_life(l))
        return;
    /* No lock is held: it may ask the pool, and keep the future meanwhile. */
    SUPPORT_CHECK_INT(ac_pool_stats(s->pool, NULL, 0), AC_OK);
    ac_future_unref(ac_future_ref(future));
    pthread_mutex_lock(&s->mu);
    SUPPORT_CHECK(l->n < EVENTS && (l->n == 0 || l->future == future));
    if (l->n < EVENTS) {
        l->future = future;
        l->events[l->n] = event;
        l->status[l->n] = ac_future_status(future);
        l->threads[l->n++] = pthread_self();
    }
    pthread_mutex_unlock(&s->mu);
}

static void
stage_init(stage *s, size_t capacity)
{
    ac_pool_attr *attr = NULL;

    *s = (stage){.pool = NULL};
    the_stage = s;
    ck_assert_int_eq(pthread_mutex_init(&s->mu, NULL), 0);
    for (size_t i = 0; i < TASKS; i++)
        s->args[i] = &s->lives[i];
    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_trace(NULL, watch, s), AC_EINVAL);
    ck_assert_int_eq(ac_pool_attr_set_trace(attr, watch, s), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, capacity), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &s->pool), AC_OK);
    ac_pool_attr_destroy(attr);
    support_hold_worker(&s->hold, s->pool);
}

/* Run what is left; all threads but this one are gone then. */
static void
stage_run(stage *s)
{
    support_hold_end(&s->hold);
    ck_assert_int_eq(ac_pool_wait_idle(s->pool, AC_FOREVER), AC_OK);
    for (size_t i = 0; i < TASKS; i++)
        ac_future_unref(s->futures[i]);
    support_pool_end(s->pool);
    pthread_mutex_destroy(&s->mu);
}

static int
queue(stage *s, size_t i, const ac_task_attr *attr, ac_task_fn *fn)
{
    return ac_submit(s->pool, attr, fn, s->args[i], &s->futures[i]);
}

/* The events of the i-th task were these (up to NONE), and the last one found
 * it so. */
static void
check_life(const stage *s, size_t i, int first, int second, int third,
           int status)
{
    const int expected[] = {first, second, third};
    const life *l = &s->lives[i];
    int n = 0;

    while (n < 3 && expected[n] != NONE) {
        ck_assert_int_lt(n, l->n);
        ck_assert_int_eq(l->events[n], expected[n]);
        if (expected[++n - 1] != AC_TRACE_ENDED)
            ck_assert_int_eq(l->status[n - 1], AC_EAGAIN);
    }
    ck_assert_int_eq(l->n, n);
    if (n > 0)
        ck_assert_int_eq(l->status[n - 1], status);
}

#define CHECK_RAN(s, i, status) \
    check_life((s), (i), AC_TRACE_SUBMITTED, AC_TRACE_STARTED, AC_TRACE_ENDED, \
               (status))
#define CHECK_NEVER_RAN(s, i, status) \
    check_life((s), (i), AC_TRACE_SUBMITTED, AC_TRACE_ENDED, NONE, (status))
#define CHECK_REFUSED(s, i) \
    check_life((s), (i), AC_TRACE_SUBMITTED, AC_TRACE_REFUSED, NONE, AC_EAGAIN)
#define CHECK_NEVER_SEEN(s, i) check_life((s), (i), NONE, NONE, NONE, 0)

/* ---- Those that run ------------------------------------------------- */

static int
succeed(void *arg, void **result)
{
    life *l = arg;

    (void)result;
    SUPPORT_CHECK_INT(l->n, 2); /* it is told before it runs */
    l->ran++;
    return 0;
}

static int
return_five(void *arg, void **result)
{
    succeed(arg, result);
    return 5;
}

static int
give_up(void *arg, void **result)
{
    succeed(arg, result);
    return AC_TASK_CANCELED;
}

static int
end_thread(void *arg, void **result)
{
    succeed(arg, result);
    pthread_exit(NULL);
}

START_TEST(s55_one_that_runs_is_seen_to_start_and_to_end)
{
    ac_task_fn *const fns[] = {succeed, return_five, give_up, end_thread};
    const int statuses[] = {AC_OK, AC_EFAILED, AC_ECANCELED, AC_EABORTED};
    static stage s;

    stage_init(&s, 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(queue(&s, i, NULL, fns[i]), AC_OK);
    /* Also if nobody has the futures. */
    ck_assert_int_eq(
        ac_submit_many(s.pool, NULL, succeed, s.args + 4, 4, AC_POLL, NULL),
        AC_OK);
    stage_run(&s);
    for (size_t i = 0; i < TASKS; i++) {
        const life *l = &s.lives[i];
        CHECK_RAN(&s, i, i < 4 ? statuses[i] : AC_OK);
        ck_assert_int_eq(l->ran, 1);
        ck_assert(pthread_equal(l->threads[0], pthread_self()));
        ck_assert(!pthread_equal(l->threads[1], pthread_self()));
        ck_assert(pthread_equal(l->threads[1], l->threads[2]));
    }
}
END_TEST

static int
run_child(void *arg, void **result)
{
    ac_future *child = NULL;

    succeed(arg, result);
    SUPPORT_CHECK_INT(
        ac_submit(the_stage->pool, NULL, succeed, the_stage->args[1], &child),
        AC_OK);
    SUPPORT_CHECK_INT(ac_future_wait(child, AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(the_stage->lives[1].n, 3);
    ac_future_unref(child);
    return 0;
}

START_TEST(s39_one_that_runs_in_place_as_well)
{
    static stage s;

    stage_init(&s, 0);
    ck_assert_int_eq(queue(&s, 0, NULL, run_child), AC_OK);
    stage_run(&s);
    CHECK_RAN(&s, 0, AC_OK);
    CHECK_RAN(&s, 1, AC_OK);
    for (int i = 0; i < 3; i++)
        ck_assert(pthread_equal(s.lives[1].threads[i], s.lives[0].threads[2]));
}
END_TEST

/* ---- Those that never run ------------------------------------------- */

static void
cancel_main(void *arg)
{
    SUPPORT_CHECK_INT(ac_future_cancel(arg), AC_OK);
}

START_TEST(s26_one_canceled_ends_in_the_thread_of_who_canceled_it)
{
    support_thread thread;
    ac_iter *iter = NULL;
    static stage s;

    stage_init(&s, 0);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(queue(&s, i, NULL, succeed), AC_OK);
    ck_assert_int_eq(ac_future_cancel(s.futures[0]), AC_OK);
    CHECK_NEVER_RAN(&s, 0, AC_ECANCELED); /* when cancel returns */
    support_thread_start(&thread, cancel_main, s.futures[1]);
    support_thread_join(&thread);
    CHECK_NEVER_RAN(&s, 1, AC_ECANCELED);
    ck_assert(!pthread_equal(s.lives[1].threads[1], pthread_self()));
    ck_assert_int_eq(ac_as_completed(&s.futures[2], 1, &iter), AC_OK);
    ck_assert_int_eq(ac_iter_cancel(iter), AC_OK);
    ac_iter_destroy(iter);
    stage_run(&s);
    for (size_t i = 0; i < 3; i++)
        CHECK_NEVER_RAN(&s, i, AC_ECANCELED);
}
END_TEST

START_TEST(s48_those_that_a_shutdown_cancels_end_before_it_returns)
{
    static stage s;

    stage_init(&s, 0);
    ck_assert_int_eq(ac_submit_many(s.pool, NULL, succeed, s.args, TASKS,
                                    AC_POLL, s.futures),
                     AC_OK);
    ck_assert_int_eq(ac_pool_shutdown(s.pool, AC_CANCEL, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    for (size_t i = 0; i < TASKS; i++) {
        CHECK_NEVER_RAN(&s, i, AC_ECANCELED);
        ck_assert(pthread_equal(s.lives[i].threads[1], pthread_self()));
    }
    stage_run(&s);
}
END_TEST

/* Met by a worker, by a submitter who finds no room, by a call. */
START_TEST(s46_one_too_late_ends_without_a_start)
{
    ac_task_attr *late = NULL;
    static stage s;

    ck_assert_int_eq(ac_task_attr_create(&late), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_start_by(late, AC_POLL), AC_OK);
    stage_init(&s, 2);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(queue(&s, i, late, succeed), AC_OK);
    ck_assert_int_eq(ac_future_status(s.futures[0]), AC_EEXPIRED);
    CHECK_NEVER_RAN(&s, 0, AC_EEXPIRED);
    ck_assert_int_eq(s.lives[1].n, 1);
    for (size_t i = 2; i < 4; i++)
        ck_assert_int_eq(queue(&s, i, late, succeed), AC_OK);
    CHECK_NEVER_RAN(&s, 1, AC_EEXPIRED);
    ck_assert(pthread_equal(s.lives[1].threads[1], pthread_self()));
    stage_run(&s);
    for (size_t i = 0; i < 4; i++)
        CHECK_NEVER_RAN(&s, i, AC_EEXPIRED);
    ac_task_attr_destroy(late);
}
END_TEST

/* ---- Those that a hook cancels -------------------------------------- */

enum { CHAIN = 100 };

typedef struct chain {
    ac_pool *pool;
    support_hold hold;
    ac_future *futures[CHAIN];
    int seen[CHAIN]; /* of each, its ends; they are the arguments */
    int inside;      /* how many calls of the hook */
} chain;

/* The end of each cancels the next one: that is done at once, and its own end
 * is seen when this has returned. */
static void
cancel_next(ac_trace event, ac_future *future, void *arg)
{
    chain *c = arg;
    size_t i = 0;

    while (i < CHAIN && &c->seen[i] != ac_future_arg(future))
        i++;
    if (event != AC_TRACE_ENDED || i == CHAIN)
        return;
    SUPPORT_CHECK_INT(c->inside++, 0);
    SUPPORT_CHECK_INT(c->seen[i]++, 0);
    if (++i < CHAIN) {
        SUPPORT_CHECK_INT(ac_future_cancel(c->futures[i]), AC_OK);
        SUPPORT_CHECK_INT(ac_future_status(c->futures[i]), AC_ECANCELED);
        SUPPORT_CHECK_INT(c->seen[i], 0);
    }
    c->inside--;
}

START_TEST(s26_ends_that_a_hook_causes_are_seen_one_after_the_other)
{
    static chain c;
    ac_pool_attr *attr = NULL;
    size_t left = 0;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_trace(attr, cancel_next, &c), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &c.pool), AC_OK);
    ac_pool_attr_destroy(attr);
    support_hold_worker(&c.hold, c.pool);
    for (size_t i = 0; i < CHAIN; i++)
        c.futures[i] = support_submit(c.pool, support_nothing, &c.seen[i]);
    ck_assert_int_eq(ac_future_cancel(c.futures[0]), AC_OK);
    for (size_t i = 0; i < CHAIN; i++)
        ck_assert_int_eq(c.seen[i], 1);
    /* All are accounted for, but the one that runs. */
    ck_assert_uint_eq(stat_of(c.pool, AC_STAT_CANCELED), CHAIN);
    ck_assert_int_eq(ac_pool_shutdown(c.pool, AC_DRAIN, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1);
    support_hold_end(&c.hold);
    for (size_t i = 0; i < CHAIN; i++)
        ac_future_unref(c.futures[i]);
    support_pool_end(c.pool);
}
END_TEST

/* ---- Those that are refused ----------------------------------------- */

START_TEST(s43_s44_one_refused_is_seen_to_be)
{
    ac_iter *iter = NULL;
    static stage s;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    stage_init(&s, 3);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(queue(&s, i, NULL, succeed), AC_OK);
    ck_assert_int_eq(
        ac_submit_many(s.pool, NULL, succeed, s.args + 2, 2, AC_POLL, NULL),
        AC_ETIMEDOUT);
    ck_assert_int_eq(queue(&s, 4, NULL, succeed), AC_OK);
    ck_assert_int_eq(queue(&s, 5, NULL, succeed), AC_EAGAIN);
    ck_assert_int_eq(ac_submit_until(s.pool, NULL, succeed, s.args[6],
                                     ac_deadline_in_ms(1), NULL),
                     AC_ETIMEDOUT);
    ck_assert_int_eq(
        ac_iter_submit(iter, s.pool, NULL, succeed, s.args[7], AC_POLL, NULL),
        AC_ETIMEDOUT);
    ck_assert_int_eq(ac_pool_shutdown(s.pool, AC_DRAIN, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    stage_run(&s);
    const size_t refused[] = {2, 3, 5, 6, 7};
    for (size_t i = 0; i < 5; i++) {
        CHECK_REFUSED(&s, refused[i]);
        ck_assert_int_eq(s.lives[refused[i]].ran, 0);
    }
    for (size_t i = 0; i < 2; i++)
        CHECK_RAN(&s, i, AC_OK);
    CHECK_RAN(&s, 4, AC_OK);
    ac_iter_destroy(iter);
}
END_TEST

START_TEST(s44_s48_also_by_a_shutdown)
{
    submitter waiting = {.n = 0, .fn = succeed};
    static stage s;

    stage_init(&s, 1);
    ck_assert_int_eq(queue(&s, 0, NULL, succeed), AC_OK);
    waiting.arg = s.args[1];
    submitter_start(&waiting, s.pool, 1);
    ck_assert_int_eq(s.lives[1].n, 1); /* it wants in */
    ck_assert_int_eq(ac_pool_shutdown(s.pool, AC_DRAIN, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    submitter_end(&waiting, AC_ESHUTDOWN);
    ck_assert_int_eq(queue(&s, 2, NULL, succeed), AC_ESHUTDOWN);
    CHECK_REFUSED(&s, 2);
    CHECK_REFUSED(&s, 1);
    ck_assert(pthread_equal(s.lives[1].threads[0], s.lives[1].threads[1]));
    stage_run(&s);
    CHECK_RAN(&s, 0, AC_OK);
}
END_TEST

START_TEST(a_mistake_is_not_seen_at_all)
{
    ac_iter *iter = NULL;
    static stage s;

    ck_assert_int_eq(ac_as_completed(NULL, 0, &iter), AC_OK);
    stage_init(&s, 2);
    ck_assert_int_eq(queue(&s, 0, NULL, NULL), AC_EINVAL);
    ck_assert_int_eq(
        ac_submit_many(s.pool, NULL, succeed, s.args, 3, AC_POLL, NULL),
        AC_EINVAL);
    ck_assert_int_eq(
        ac_submit_many(s.pool, NULL, succeed, s.args, 0, AC_POLL, NULL), AC_OK);
    ck_assert_int_eq(
        ac_iter_submit(iter, s.pool, NULL, succeed, s.args[0], AC_POLL, NULL),
        AC_ECLOSED);
    ac_iter_destroy(iter);
    stage_run(&s);
    for (size_t i = 0; i < TASKS; i++)
        CHECK_NEVER_SEEN(&s, i);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("trace");
    TCase *tcase = support_tcase("run");

    tcase_add_test(tcase, s55_one_that_runs_is_seen_to_start_and_to_end);
    tcase_add_test(tcase, s39_one_that_runs_in_place_as_well);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("never run");
    tcase_add_test(tcase,
                   s26_one_canceled_ends_in_the_thread_of_who_canceled_it);
    tcase_add_test(tcase,
                   s48_those_that_a_shutdown_cancels_end_before_it_returns);
    tcase_add_test(tcase, s46_one_too_late_ends_without_a_start);
    tcase_add_test(tcase,
                   s26_ends_that_a_hook_causes_are_seen_one_after_the_other);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("refused");
    tcase_add_test(tcase, s43_s44_one_refused_is_seen_to_be);
    tcase_add_test(tcase, s44_s48_also_by_a_shutdown);
    tcase_add_test(tcase, a_mistake_is_not_seen_at_all);
    suite_add_tcase(suite, tcase);
    return suite;
}
