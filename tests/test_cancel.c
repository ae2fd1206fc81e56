/*
 * Cancel: of what is queued, of what runs, of what has ended; against the
 * start of the task; and how a task learns of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

/* ---- Queued --------------------------------------------------------- */

START_TEST(s26_cancel_of_a_queued_task_never_runs_it)
{
    ac_pool *pool = support_pool(1);
    support_counter ran;
    support_hold hold;
    void *result = &hold;

    support_counter_init(&ran);
    support_hold_worker(&hold, pool);
    ac_future *f = support_submit(pool, support_count, &ran);
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    /* It is done now, not when a worker finds it. */
    ck_assert_int_eq(ac_future_status(f), AC_ECANCELED);
    ck_assert_int_eq(ac_future_wait(f, AC_POLL), AC_OK);
    ck_assert_int_eq(ac_future_get(f, AC_POLL, &result), AC_ECANCELED);
    ck_assert_ptr_eq(result, &hold);
    ck_assert_int_eq(ac_future_error(f), 0);
    ck_assert_ptr_eq(ac_future_arg(f), &ran);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(support_counter_get(&ran), 0);
    ck_assert_int_eq(ac_future_status(f), AC_ECANCELED);
    ac_future_unref(f);
    support_pool_end(pool);
    support_counter_destroy(&ran);
}
END_TEST

enum { MANY = 100 };

/* Written by the only worker, read when it is gone. */
static size_t places[MANY];
static size_t log_of_places[MANY];
static size_t logged;

static int
log_place(void *arg, void **result)
{
    (void)result;
    log_of_places[logged++] = *(size_t *)arg;
    return 0;
}

START_TEST(s26_the_others_keep_their_order)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    ac_future *f[MANY];
    size_t left = 0;

    support_hold_worker(&hold, pool);
    for (size_t i = 0; i < MANY; i++) {
        places[i] = i;
        f[i] = support_submit(pool, log_place, &places[i]);
    }
    /* The first, the last, and every third of them. */
    for (size_t i = 0; i < MANY; i += 3)
        ck_assert_int_eq(ac_future_cancel(f[i]), AC_OK);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1 + MANY - 34);
    support_hold_end(&hold);
    support_pool_end(pool);
    ck_assert_uint_eq(logged, MANY - 34);
    for (size_t i = 1; i < logged; i++)
        ck_assert_uint_lt(log_of_places[i - 1], log_of_places[i]);
    for (size_t i = 0; i < MANY; i++) {
        ck_assert_int_eq(ac_future_status(f[i]),
                         i % 3 == 0 ? AC_ECANCELED : AC_OK);
        ac_future_unref(f[i]);
    }
}
END_TEST

START_TEST(s26_a_canceled_task_is_not_waited_for)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    size_t left = 99;

    support_hold_worker(&hold, pool);
    ac_future *f = support_submit(pool, support_nothing, NULL);
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1);
    ac_future_unref(f);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

typedef struct waiting {
    ac_future *future;
    ac_iter *iter;
} waiting;

static void
wait_on_future(void *arg)
{
    const waiting *w = arg;

    SUPPORT_CHECK_INT(ac_future_wait(w->future, AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(ac_future_status(w->future), AC_ECANCELED);
}

static void
wait_on_set(void *arg)
{
    const waiting *w = arg;

    SUPPORT_CHECK_INT(ac_wait(&w->future, 1, AC_FIRST_ERROR, AC_FOREVER, NULL),
                      AC_OK);
}

static void
wait_on_iter(void *arg)
{
    const waiting *w = arg;
    ac_future *done = NULL;

    SUPPORT_CHECK_INT(ac_iter_next(w->iter, AC_FOREVER, &done), AC_OK);
    SUPPORT_CHECK(done == w->future);
    ac_future_unref(done);
}

START_TEST(s15_cancel_itself_wakes_all_who_wait)
{
    void (*const ways[])(void *) = {wait_on_future, wait_on_set, wait_on_iter};
    ac_pool *pool = support_pool(1);
    support_thread threads[3];
    support_hold hold;
    waiting w = {NULL, NULL};

    support_hold_worker(&hold, pool);
    w.future = support_submit(pool, support_nothing, NULL);
    ck_assert_int_eq(ac_as_completed(&w.future, 1, &w.iter), AC_OK);
    for (int i = 0; i < 3; i++)
        support_thread_start(&threads[i], ways[i], &w);
    for (int i = 0; i < 3; i++)
        support_thread_await_sleep(&threads[i]);
    ck_assert_int_eq(ac_future_cancel(w.future), AC_OK);
    /* The worker is still held: no one but the cancel can have told them. */
    for (int i = 0; i < 3; i++)
        support_thread_join(&threads[i]);
    ac_iter_destroy(w.iter);
    ac_future_unref(w.future);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

/* ---- Ended ---------------------------------------------------------- */

START_TEST(s27_cancel_of_a_canceled_one_is_ok)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;

    support_hold_worker(&hold, pool);
    ac_future *f = support_submit(pool, support_nothing, NULL);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    support_pool_end(pool);
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    ck_assert_int_eq(ac_future_status(f), AC_ECANCELED);
    ac_future_unref(f);
}
END_TEST

START_TEST(s27_cancel_of_another_finished_one_is_ealready)
{
    const int rcs[] = {0, 1};
    const int statuses[] = {AC_OK, AC_EFAILED};
    ac_pool *pool = support_pool(1);

    for (int i = 0; i < 2; i++) {
        support_hold hold;
        void *result = NULL;
        support_hold_worker(&hold, pool);
        hold.rc = rcs[i];
        hold.result = &hold;
        support_hold_release(&hold);
        ck_assert_int_eq(ac_future_wait(hold.future, AC_FOREVER), AC_OK);
        ck_assert_int_eq(ac_future_cancel(hold.future), AC_EALREADY);
        ck_assert_int_eq(ac_future_cancel(hold.future), AC_EALREADY);
        ck_assert_int_eq(ac_future_get(hold.future, AC_POLL, &result),
                         statuses[i]);
        ck_assert_ptr_eq(result, &hold);
        support_hold_end(&hold);
    }
    support_pool_end(pool);
}
END_TEST

/* ---- Running -------------------------------------------------------- */

/* Tells whether it was asked to stop, before and after. */
typedef struct asked {
    support_gate started;
    support_gate go_on;
    int before;
    int after;
    int rc;
} asked;

static void
asked_init(asked *a, int rc)
{
    support_gate_init(&a->started);
    support_gate_init(&a->go_on);
    a->before = a->after = -1;
    a->rc = rc;
}

static void
asked_destroy(asked *a)
{
    support_gate_destroy(&a->started);
    support_gate_destroy(&a->go_on);
}

static int
ask_twice(void *arg, void **result)
{
    asked *a = arg;

    a->before = ac_cancel_requested();
    support_gate_open(&a->started);
    support_gate_wait(&a->go_on);
    a->after = ac_cancel_requested();
    *result = a;
    return a->rc;
}

START_TEST(s28_a_running_task_is_asked_and_decides_itself)
{
    const int rcs[] = {AC_TASK_CANCELED, 0, 7};
    const int statuses[] = {AC_ECANCELED, AC_OK, AC_EFAILED};
    const int again[] = {AC_OK, AC_EALREADY, AC_EALREADY};
    ac_pool *pool = support_pool(1);

    for (int i = 0; i < 3; i++) {
        void *result = NULL;
        asked a;
        asked_init(&a, rcs[i]);
        ac_future *f = support_submit(pool, ask_twice, &a);
        support_gate_wait(&a.started);
        ck_assert_int_eq(ac_future_cancel(f), AC_EBUSY);
        ck_assert_int_eq(ac_future_cancel(f), AC_EBUSY);
        ck_assert_int_eq(ac_future_status(f), AC_EAGAIN);
        ck_assert_int_eq(ac_future_wait(f, AC_POLL), AC_ETIMEDOUT);
        support_gate_open(&a.go_on);
        /* What it left is there, canceled or not. */
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result), statuses[i]);
        ck_assert_ptr_eq(result, &a);
        ck_assert_int_eq(a.before, 0);
        ck_assert_int_eq(a.after, 1);
        ck_assert_int_eq(ac_future_cancel(f), again[i]);
        ck_assert_int_eq(ac_future_take(f, AC_POLL, &result), statuses[i]);
        ck_assert_int_eq(ac_future_take(f, AC_POLL, &result), AC_ENOENT);
        ac_future_unref(f);
        asked_destroy(&a);
    }
    support_pool_end(pool);
}
END_TEST

START_TEST(s28_only_the_task_that_was_asked_sees_it)
{
    ac_pool *pool = support_pool(2);
    asked a[2];
    ac_future *f[2];

    for (int i = 0; i < 2; i++) {
        asked_init(&a[i], 0);
        f[i] = support_submit(pool, ask_twice, &a[i]);
        support_gate_wait(&a[i].started);
    }
    ck_assert_int_eq(ac_future_cancel(f[0]), AC_EBUSY);
    for (int i = 0; i < 2; i++) {
        support_gate_open(&a[i].go_on);
        ck_assert_int_eq(ac_future_wait(f[i], AC_FOREVER), AC_OK);
        ac_future_unref(f[i]);
    }
    ck_assert_int_eq(a[0].after, 1);
    ck_assert_int_eq(a[1].after, 0);
    for (int i = 0; i < 2; i++)
        asked_destroy(&a[i]);
    support_pool_end(pool);
}
END_TEST

START_TEST(s28_the_next_task_of_the_worker_was_not_asked)
{
    ac_pool *pool = support_pool(1);
    asked first;
    asked second;

    asked_init(&first, 0);
    asked_init(&second, 0);
    ac_future *f = support_submit(pool, ask_twice, &first);
    ac_future *g = support_submit(pool, ask_twice, &second);
    support_gate_wait(&first.started);
    ck_assert_int_eq(ac_future_cancel(f), AC_EBUSY);
    support_gate_open(&first.go_on);
    support_gate_open(&second.go_on);
    ck_assert_int_eq(ac_future_wait(g, AC_FOREVER), AC_OK);
    ck_assert_int_eq(second.before, 0);
    ck_assert_int_eq(second.after, 0);
    ac_future_unref(f);
    ac_future_unref(g);
    asked_destroy(&first);
    asked_destroy(&second);
    support_pool_end(pool);
}
END_TEST

START_TEST(s28_outside_of_a_task_nobody_was_asked)
{
    ck_assert_int_eq(ac_cancel_requested(), 0);
    ac_pool *pool = support_pool(1);
    support_hold hold;
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_future_cancel(hold.future), AC_EBUSY);
    ck_assert_int_eq(ac_cancel_requested(), 0);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

typedef struct watched {
    support_gate started;
    support_gate go_on;
    ac_future *victim;
    int inside; /* what it saw in a callback that the task caused */
    int after;  /* and in one of the task's own */
} watched;

static int
cancel_victim(void *arg, void **result)
{
    watched *w = arg;

    (void)result;
    support_gate_open(&w->started);
    support_gate_wait(&w->go_on);
    SUPPORT_CHECK_INT(ac_future_cancel(w->victim), AC_OK);
    return 0;
}

static void
note_asked(ac_future *future, void *seen)
{
    (void)future;
    *(int *)seen = ac_cancel_requested();
}

START_TEST(s28_a_callback_counts_as_part_of_the_task_it_runs_in)
{
    ac_pool *pool = support_pool(1);
    watched w = {.inside = -1, .after = -1};

    support_gate_init(&w.started);
    support_gate_init(&w.go_on);
    ac_future *task = support_submit(pool, cancel_victim, &w);
    w.victim = support_submit(pool, support_nothing, NULL);
    ck_assert_int_eq(ac_future_on_done(w.victim, note_asked, &w.inside), AC_OK);
    ck_assert_int_eq(ac_future_on_done(task, note_asked, &w.after), AC_OK);
    support_gate_wait(&w.started);
    ck_assert_int_eq(ac_future_cancel(task), AC_EBUSY);
    support_gate_open(&w.go_on);
    support_pool_end(pool);
    ck_assert_int_eq(w.inside, 1);
    ck_assert_int_eq(w.after, 0);
    ac_future_unref(task);
    ac_future_unref(w.victim);
    support_gate_destroy(&w.started);
    support_gate_destroy(&w.go_on);
}
END_TEST

/* ---- Cancel against start ------------------------------------------- */

typedef struct race {
    support_barrier barrier;
    ac_future *future;
    atomic_int ran;
    int rounds;
    int ok; /* the other thread's count of AC_OK in this round */
} race;

static int
count_run(void *arg, void **result)
{
    race *r = arg;

    (void)result;
    atomic_fetch_add(&r->ran, 1);
    return 0;
}

static void
cancel_too(void *arg)
{
    race *r = arg;

    for (int i = 0; i < r->rounds; i++) {
        support_barrier_wait(&r->barrier);
        const int rc = ac_future_cancel(r->future);
        SUPPORT_CHECK(rc == AC_OK || rc == AC_EBUSY || rc == AC_EALREADY);
        r->ok = rc == AC_OK;
        support_barrier_wait(&r->barrier);
    }
}

/* Two cancel while a worker starts it: the task ran, or it is canceled and
 * then both were told so. */
START_TEST(s29_of_cancel_and_start_exactly_one_wins)
{
    ac_pool *pool = support_pool(1);
    support_thread thread;
    race r = {.rounds = support_instrumented() ? 1000 : 10000};

    support_barrier_init(&r.barrier, 2);
    support_thread_start(&thread, cancel_too, &r);
    for (int i = 0; i < r.rounds; i++) {
        atomic_store(&r.ran, 0);
        r.future = support_submit(pool, count_run, &r);
        support_barrier_wait(&r.barrier);
        const int rc = ac_future_cancel(r.future);
        support_barrier_wait(&r.barrier);
        ck_assert_int_eq(ac_future_wait(r.future, AC_FOREVER), AC_OK);
        ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
        const int canceled = ac_future_status(r.future) == AC_ECANCELED;
        ck_assert_int_eq(atomic_load(&r.ran), canceled ? 0 : 1);
        ck_assert_int_eq(rc == AC_OK, canceled);
        ck_assert_int_eq(r.ok, canceled);
        ac_future_unref(r.future);
    }
    support_thread_join(&thread);
    support_barrier_destroy(&r.barrier);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("cancel");
    TCase *tcase = support_tcase("queued");

    tcase_add_test(tcase, s26_cancel_of_a_queued_task_never_runs_it);
    tcase_add_test(tcase, s26_the_others_keep_their_order);
    tcase_add_test(tcase, s26_a_canceled_task_is_not_waited_for);
    tcase_add_test(tcase, s15_cancel_itself_wakes_all_who_wait);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("ended");
    tcase_add_test(tcase, s27_cancel_of_a_canceled_one_is_ok);
    tcase_add_test(tcase, s27_cancel_of_another_finished_one_is_ealready);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("running");
    tcase_add_test(tcase, s28_a_running_task_is_asked_and_decides_itself);
    tcase_add_test(tcase, s28_only_the_task_that_was_asked_sees_it);
    tcase_add_test(tcase, s28_the_next_task_of_the_worker_was_not_asked);
    tcase_add_test(tcase, s28_outside_of_a_task_nobody_was_asked);
    tcase_add_test(tcase, s28_a_callback_counts_as_part_of_the_task_it_runs_in);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("against start");
    tcase_add_test(tcase, s29_of_cancel_and_start_exactly_one_wins);
    suite_add_tcase(suite, tcase);
    return suite;
}
