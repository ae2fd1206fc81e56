/*
 * Callbacks, traces and free functions that a worker calls: a wait in there
 * takes what is ready, and runs nothing in place.  A task that ran there could
 * end the thread under them, and its own callbacks would have to wait.
 *
 * They must not block, really; here they wait with a deadline, in a pool whose
 * tasks help in all waits.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

/* Where the only worker is when it looks around. */
enum place {
    OWN_CALLBACK,   /* of the task that has just ended */
    OWN_TRACE,
    THEIR_CALLBACK, /* of one that it canceled */
    THEIR_TRACE,
    THEIR_ARGUMENT, /* is freed, once all callbacks have returned */
    LATE_ARGUMENT,  /* of one that it was to start, outside of any task */
    PLACES
};

typedef struct scene {
    ac_pool *pool;
    enum place place;
    ac_future *done;
    ac_future *task;
    ac_future *victim;     /* of the task, */
    ac_future *other;      /* and of the victim's callback */
    ac_future *queued;     /* behind them */
    support_counter ran;   /* it has */
    support_counter looks; /* at the place */
} scene;

static ac_deadline
soon(void)
{
    return ac_deadline_in_ms(5);
}

/* Nobody else can run what is queued: these end only with their time. */
static void
look_around(scene *s, enum place place)
{
    ac_future *const set[2] = {s->queued, s->done};
    ac_future *next = NULL;
    ac_iter *iter = NULL;

    if (place != s->place)
        return;
    support_counter_add(&s->looks);
    SUPPORT_CHECK_INT(ac_future_wait(s->queued, AC_POLL), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_future_wait(s->queued, soon()), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_wait(set, 2, AC_ALL, soon(), NULL), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_as_completed(set, 2, &iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &next), AC_OK);
    SUPPORT_CHECK(next == s->done);
    ac_future_unref(next);
    SUPPORT_CHECK_INT(ac_iter_next(iter, soon(), &next), AC_ETIMEDOUT);
    ac_iter_destroy(iter);
    SUPPORT_CHECK_INT(ac_future_get(s->done, AC_FOREVER, NULL), AC_OK);
    SUPPORT_CHECK_INT(support_counter_get(&s->ran), 0);
}

static void
trace(ac_trace event, ac_future *future, void *arg)
{
    scene *s = arg;

    if (event != AC_TRACE_ENDED)
        return;
    if (future == s->task)
        look_around(s, OWN_TRACE);
    if (future == s->victim)
        look_around(s, THEIR_TRACE);
}

static void
when_done(ac_future *future, void *arg)
{
    (void)future;
    look_around(arg, OWN_CALLBACK);
}

/* The other one goes when this has returned: nobody else refers to it. */
static void
when_canceled(ac_future *future, void *arg)
{
    scene *s = arg;

    (void)future;
    look_around(s, THEIR_CALLBACK);
    SUPPORT_CHECK_INT(ac_future_cancel(s->other), AC_OK);
    ac_future_unref(s->other);
}

static void
free_other(void *arg)
{
    look_around(arg, THEIR_ARGUMENT);
}

static void
free_late(void *arg)
{
    look_around(arg, LATE_ARGUMENT);
}

static int
cancel_victim(void *arg, void **result)
{
    scene *s = arg;

    (void)result;
    SUPPORT_CHECK_INT(ac_future_cancel(s->victim), AC_OK);
    return 0;
}

/* ---- The scene ------------------------------------------------------ */

static void
scene_pool(scene *s)
{
    ac_pool_attr *attr = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_help(attr, AC_HELP_ALWAYS), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_trace(attr, trace, s), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &s->pool), AC_OK);
    ac_pool_attr_destroy(attr);
    s->done = support_submit(s->pool, support_nothing, NULL);
    ck_assert_int_eq(ac_future_wait(s->done, AC_FOREVER), AC_OK);
}

/* One that frees its argument, the scene, by `free_arg`. */
static void
submit_freed(scene *s, ac_free_fn *free_arg, ac_deadline start_by,
             ac_future **future)
{
    ac_task_attr *attr = NULL;

    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, free_arg), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_start_by(attr, start_by), AC_OK);
    ck_assert_int_eq(ac_submit(s->pool, attr, support_nothing, s, future),
                     AC_OK);
    ac_task_attr_destroy(attr);
}

START_TEST(s37_s39_nothing_runs_in_place_in_there)
{
    static scene s; /* a failure leaves it to the worker */
    support_hold hold;

    s.place = (enum place)_i;
    support_counter_init(&s.ran);
    support_counter_init(&s.looks);
    scene_pool(&s);
    support_hold_worker(&hold, s.pool);
    submit_freed(&s, free_late, AC_POLL, NULL);
    s.task = support_submit(s.pool, cancel_victim, &s);
    ck_assert_int_eq(ac_future_on_done(s.task, when_done, &s), AC_OK);
    s.victim = support_submit(s.pool, support_nothing, NULL);
    ck_assert_int_eq(ac_future_on_done(s.victim, when_canceled, &s), AC_OK);
    submit_freed(&s, free_other, AC_FOREVER, &s.other);
    s.queued = support_submit(s.pool, support_count, &s.ran);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_wait_idle(s.pool, AC_FOREVER), AC_OK);
    support_pool_end(s.pool);
    ck_assert_uint_eq(support_counter_get(&s.looks), 1);
    ck_assert_uint_eq(support_counter_get(&s.ran), 1);
    ac_future_unref(s.done);
    ac_future_unref(s.victim);
    ac_future_unref(s.queued);
    ac_future_unref(s.task);
    support_counter_destroy(&s.ran);
    support_counter_destroy(&s.looks);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("no help");
    TCase *tcase = support_tcase("places");

    tcase_add_loop_test(tcase, s37_s39_nothing_runs_in_place_in_there, 0,
                        PLACES);
    suite_add_tcase(suite, tcase);
    return suite;
}
