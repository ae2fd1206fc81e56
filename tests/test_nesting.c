/*
 * Tasks that wait for tasks of their own pool: what runs in place and what
 * does not.  Waits for oneself and deep ones are in test_depth.c.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

/* What a task and the test share; each test uses the members it needs. */
typedef struct stage {
    ac_pool *pool;
    ac_future *outer;
    ac_future *inner;
    support_gate submitted;
    support_counter inner_started; /* a second time: it has looked */
    support_gate inner_go_on;
    ac_deadline deadline;
    pthread_t outer_thread;
    long outer_tid;
    int inner_ran;    /* pool of one worker: its thread only */
    int stranger_ran; /* the same */
    int outer_asked;
    int inner_asked[2];
    int rc;
} stage;

static void
stage_init(stage *s, size_t workers, ac_help help)
{
    ac_pool_attr *attr = NULL;

    *s = (stage){.deadline = AC_FOREVER, .rc = -1};
    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_help(attr, help), AC_OK);
    ck_assert_int_eq(ac_pool_create(workers, attr, &s->pool), AC_OK);
    ac_pool_attr_destroy(attr);
    support_gate_init(&s->submitted);
    support_counter_init(&s->inner_started);
    support_gate_init(&s->inner_go_on);
}

static void
stage_end(stage *s)
{
    support_pool_end(s->pool);
    ac_future_unref(s->inner);
    ac_future_unref(s->outer);
    support_gate_destroy(&s->submitted);
    support_counter_destroy(&s->inner_started);
    support_gate_destroy(&s->inner_go_on);
}

static int
inner_task(void *arg, void **result)
{
    stage *s = arg;

    s->inner_ran++;
    SUPPORT_CHECK(pthread_equal(s->outer_thread, pthread_self()));
    *result = s;
    return 3;
}

static int
stranger_task(void *arg, void **result)
{
    stage *s = arg;

    (void)result;
    s->stranger_ran++;
    return 0;
}

/* ---- In place ------------------------------------------------------- */

enum { BY_WAIT, BY_GET, BY_TAKE, BY_ALL, BY_NEXT, BY_NEXT_MANY, N_WAYS };

/* Wait for s->inner in one of the ways; AC_OK when it is done. */
static int
wait_for_inner(stage *s, int way)
{
    ac_future *done = NULL;
    ac_iter *iter = NULL;
    void *result = NULL;
    size_t n = 0;
    int rc;

    switch (way) {
    case BY_WAIT:
        return ac_future_wait(s->inner, s->deadline);
    case BY_GET:
        rc = ac_future_get(s->inner, s->deadline, &result);
        SUPPORT_CHECK(rc != AC_EFAILED || result == s);
        return rc == AC_EFAILED ? AC_OK : rc;
    case BY_TAKE:
        rc = ac_future_take(s->inner, s->deadline, &result);
        SUPPORT_CHECK(rc != AC_EFAILED || result == s);
        return rc == AC_EFAILED ? AC_OK : rc;
    case BY_ALL:
        return ac_wait(&s->inner, 1, AC_ALL, s->deadline, NULL);
    case BY_NEXT:
        SUPPORT_CHECK_INT(ac_as_completed(&s->inner, 1, &iter), AC_OK);
        rc = ac_iter_next(iter, s->deadline, &done);
        break;
    default:
        SUPPORT_CHECK_INT(ac_as_completed(&s->inner, 1, &iter), AC_OK);
        rc = ac_iter_next_many(iter, &done, 1, 1, s->deadline, &n);
        break;
    }
    ac_iter_destroy(iter);
    ac_future_unref(done);
    return rc;
}

static int way; /* set before the task is submitted */

/* Queue a stranger, then the one it waits for. */
static int
outer_task(void *arg, void **result)
{
    stage *s = arg;

    (void)result;
    s->outer_thread = pthread_self();
    s->outer_tid = support_tid();
    SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, stranger_task, s, NULL), AC_OK);
    SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, inner_task, s, &s->inner),
                      AC_OK);
    support_gate_open(&s->submitted);
    s->rc = wait_for_inner(s, way);
    SUPPORT_CHECK_INT(s->stranger_ran, 0);
    return 0;
}

START_TEST(s39_a_wait_runs_exactly_the_task_it_waits_for)
{
    stage s;

    stage_init(&s, 1, AC_HELP_UNTIMED);
    way = _i;
    s.outer = support_submit(s.pool, outer_task, &s);
    ck_assert_int_eq(ac_future_wait(s.outer, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(s.pool, AC_FOREVER), AC_OK);
    ck_assert_int_eq(s.rc, AC_OK);
    ck_assert_int_eq(s.inner_ran, 1);
    ck_assert_int_eq(s.stranger_ran, 1);
    ck_assert_int_eq(ac_future_status(s.inner), AC_EFAILED);
    stage_end(&s);
}
END_TEST

START_TEST(s39_a_wait_with_a_deadline_does_not_help)
{
    const ac_deadline deadlines[] = {INT64_MIN, AC_POLL, ac_now(), 1000000};

    for (size_t i = 0; i < 4; i++) {
        stage s;
        stage_init(&s, 1, AC_HELP_UNTIMED);
        way = _i;
        s.deadline = i < 3 ? deadlines[i] : ac_deadline_in_ns(deadlines[i]);
        s.outer = support_submit(s.pool, outer_task, &s);
        ck_assert_int_eq(ac_future_wait(s.outer, AC_FOREVER), AC_OK);
        ck_assert_int_eq(s.rc, AC_ETIMEDOUT);
        /* It stayed queued, and runs in its turn. */
        ck_assert_int_eq(ac_pool_wait_idle(s.pool, AC_FOREVER), AC_OK);
        ck_assert_int_eq(s.inner_ran, 1);
        stage_end(&s);
    }
}
END_TEST

/* The last deadline before AC_FOREVER is one: only the cancel ends it. */
START_TEST(s39_even_a_deadline_far_away_is_one)
{
    const ac_deadline deadlines[] = {support_far(), INT64_MAX - 1};

    for (int i = 0; i < 2; i++) {
        stage s;
        stage_init(&s, 1, AC_HELP_UNTIMED);
        way = _i;
        s.deadline = deadlines[i];
        s.outer = support_submit(s.pool, outer_task, &s);
        support_gate_wait(&s.submitted);
        support_tid_await_sleep(s.outer_tid);
        ck_assert_int_eq(ac_future_cancel(s.inner), AC_OK);
        ck_assert_int_eq(ac_future_wait(s.outer, AC_FOREVER), AC_OK);
        ck_assert_int_eq(ac_pool_wait_idle(s.pool, AC_FOREVER), AC_OK);
        ck_assert_int_eq(s.inner_ran, 0);
        stage_end(&s);
    }
}
END_TEST

START_TEST(s39_help_always_helps_where_it_may_block)
{
    const ac_deadline deadlines[] = {AC_FOREVER, INT64_MAX - 1, support_far()};

    for (size_t i = 0; i < 3; i++) {
        stage s;
        stage_init(&s, 1, AC_HELP_ALWAYS);
        way = _i;
        s.deadline = deadlines[i];
        s.outer = support_submit(s.pool, outer_task, &s);
        ck_assert_int_eq(ac_future_wait(s.outer, AC_FOREVER), AC_OK);
        ck_assert_int_eq(s.rc, AC_OK);
        ck_assert_int_eq(s.inner_ran, 1);
        stage_end(&s);
    }
}
END_TEST

START_TEST(s2_s39_a_poll_runs_nothing_even_with_help_always)
{
    const ac_deadline deadlines[] = {INT64_MIN, -1, AC_POLL, ac_now()};

    for (size_t i = 0; i < 4; i++) {
        stage s;
        stage_init(&s, 1, AC_HELP_ALWAYS);
        way = _i;
        s.deadline = deadlines[i];
        s.outer = support_submit(s.pool, outer_task, &s);
        ck_assert_int_eq(ac_future_wait(s.outer, AC_FOREVER), AC_OK);
        ck_assert_int_eq(s.rc, AC_ETIMEDOUT);
        stage_end(&s);
    }
}
END_TEST

/* ---- Elsewhere ------------------------------------------------------ */

static int
not_the_outer_thread(void *arg, void **result)
{
    const stage *s = arg;

    (void)result;
    SUPPORT_CHECK(!pthread_equal(s->outer_thread, pthread_self()));
    return 0;
}

static int
wait_for_other_pool(void *arg, void **result)
{
    stage *s = arg;

    (void)result;
    s->outer_thread = pthread_self();
    ac_pool *other = NULL;
    SUPPORT_CHECK_INT(ac_pool_create(1, NULL, &other), AC_OK);
    for (int i = 0; i < 100; i++) {
        ac_future *f = NULL;
        SUPPORT_CHECK_INT(ac_submit(other, NULL, not_the_outer_thread, s, &f),
                          AC_OK);
        SUPPORT_CHECK_INT(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
        ac_future_unref(f);
    }
    SUPPORT_CHECK_INT(ac_pool_destroy(other), AC_OK);
    return 0;
}

START_TEST(s39_a_task_of_another_pool_runs_there)
{
    stage s;

    stage_init(&s, 1, AC_HELP_ALWAYS);
    s.outer = support_submit(s.pool, wait_for_other_pool, &s);
    ck_assert_int_eq(ac_future_get(s.outer, AC_FOREVER, NULL), AC_OK);
    stage_end(&s);
}
END_TEST

static int
wait_for_inner_forever(void *arg, void **result)
{
    stage *s = arg;

    (void)result;
    support_gate_wait(&s->submitted);
    s->rc = ac_future_wait(s->inner, AC_FOREVER);
    return 0;
}

START_TEST(s39_one_that_runs_elsewhere_is_waited_for)
{
    support_hold hold;
    stage s;

    stage_init(&s, 2, AC_HELP_UNTIMED);
    support_hold_worker(&hold, s.pool);
    s.inner = ac_future_ref(hold.future);
    support_gate_open(&s.submitted);
    s.outer = support_submit(s.pool, wait_for_inner_forever, &s);
    ck_assert_int_eq(ac_future_wait(s.outer, AC_POLL), AC_ETIMEDOUT);
    support_hold_release(&hold);
    ck_assert_int_eq(ac_future_wait(s.outer, AC_FOREVER), AC_OK);
    ck_assert_int_eq(s.rc, AC_OK);
    support_hold_end(&hold);
    stage_end(&s);
}
END_TEST

/* ---- The innermost task is asked ------------------------------------ */

static int
asked_inside(void *arg, void **result)
{
    stage *s = arg;

    (void)result;
    support_counter_add(&s->inner_started);
    support_gate_wait(&s->submitted); /* the outer one has been asked */
    s->inner_asked[0] = ac_cancel_requested();
    support_counter_add(&s->inner_started);
    support_gate_wait(&s->inner_go_on); /* now this one too */
    s->inner_asked[1] = ac_cancel_requested();
    return AC_TASK_CANCELED;
}

static int
asks_around(void *arg, void **result)
{
    stage *s = arg;

    (void)result;
    SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, asked_inside, s, &s->inner),
                      AC_OK);
    s->rc = ac_future_get(s->inner, AC_FOREVER, NULL);
    s->outer_asked = ac_cancel_requested();
    return 0;
}

START_TEST(s39_only_the_innermost_task_hears_its_cancel)
{
    for (int outer_too = 0; outer_too < 2; outer_too++) {
        stage s;
        stage_init(&s, 1, AC_HELP_UNTIMED);
        s.outer = support_submit(s.pool, asks_around, &s);
        support_counter_wait(&s.inner_started, 1);
        if (outer_too)
            ck_assert_int_eq(ac_future_cancel(s.outer), AC_EBUSY);
        support_gate_open(&s.submitted);
        support_counter_wait(&s.inner_started, 2);
        ck_assert_int_eq(ac_future_cancel(s.inner), AC_EBUSY);
        support_gate_open(&s.inner_go_on);
        ck_assert_int_eq(ac_future_wait(s.outer, AC_FOREVER), AC_OK);
        ck_assert_int_eq(s.inner_asked[0], 0);
        ck_assert_int_eq(s.inner_asked[1], 1);
        ck_assert_int_eq(s.outer_asked, outer_too);
        ck_assert_int_eq(s.rc, AC_ECANCELED);
        ck_assert_int_eq(ac_future_status(s.outer), AC_OK);
        stage_end(&s);
    }
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("nesting");
    TCase *tcase = support_tcase("in place");

    tcase_add_loop_test(tcase, s39_a_wait_runs_exactly_the_task_it_waits_for, 0,
                        N_WAYS);
    tcase_add_loop_test(tcase, s39_a_wait_with_a_deadline_does_not_help, 0,
                        N_WAYS);
    tcase_add_loop_test(tcase, s39_even_a_deadline_far_away_is_one, 0, N_WAYS);
    tcase_add_loop_test(tcase, s39_help_always_helps_where_it_may_block, 0,
                        N_WAYS);
    tcase_add_loop_test(tcase, s2_s39_a_poll_runs_nothing_even_with_help_always,
                        0, N_WAYS);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("elsewhere");
    tcase_add_test(tcase, s39_a_task_of_another_pool_runs_there);
    tcase_add_test(tcase, s39_one_that_runs_elsewhere_is_waited_for);
    tcase_add_test(tcase, s39_only_the_innermost_task_hears_its_cancel);
    suite_add_tcase(suite, tcase);
    return suite;
}
