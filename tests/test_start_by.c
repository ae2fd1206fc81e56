/*
 * Tasks that are of no use unless they are started by some time: who meets
 * one that is too late ends it, and it never runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "owned.h"

/* A pool of one worker that is held up, and tasks that are to be started by
 * some time. */
typedef struct late {
    ac_pool *pool;
    ac_task_attr *attr;
    support_hold hold;
} late;

static void
late_init(late *l, ac_deadline start_by)
{
    l->pool = support_pool(1);
    l->attr = owned_attr();
    ck_assert_int_eq(ac_task_attr_set_start_by(l->attr, start_by), AC_OK);
    support_hold_worker(&l->hold, l->pool);
}

static void
late_end(late *l)
{
    support_hold_end(&l->hold);
    support_pool_end(l->pool);
    ac_task_attr_destroy(l->attr);
}

static ac_future *
late_submit(late *l, owned *o)
{
    ac_future *f = NULL;

    *o = (owned){.runs = 0};
    ck_assert_int_eq(ac_submit(l->pool, l->attr, owned_run, o, &f), AC_OK);
    return f;
}

/* It never ran, all say so, and its argument goes with it. */
static void
check_expired(ac_future *f, owned *o)
{
    void *result = &result;

    ck_assert_int_eq(ac_future_status(f), AC_EEXPIRED);
    ck_assert_int_eq(ac_future_error(f), 0);
    ck_assert_ptr_eq(ac_future_arg(f), o);
    ck_assert_int_eq(ac_future_wait(f, AC_FOREVER), AC_OK);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result), AC_EEXPIRED);
        ck_assert_int_eq(ac_future_take(f, AC_POLL, &result), AC_EEXPIRED);
    }
    ck_assert_ptr_eq(result, &result);
    ck_assert_int_eq(ac_future_cancel(f), AC_EALREADY);
    ck_assert_int_eq(ac_future_status(f), AC_EEXPIRED);
    ck_assert_int_eq(o->freed_as_arg, 0);
    ac_future_unref(f);
    ck_assert_int_eq(o->freed_as_arg, 1);
    ck_assert_int_eq(o->freed_as_result, 0);
    ck_assert_int_eq(o->runs, 0);
}

/* ---- A call about it meets it --------------------------------------- */

START_TEST(s46_each_call_about_it_meets_it)
{
    enum { STATUS, WAIT, GET, TAKE, CANCEL, ALL, FIRST, ERROR, ON_DONE, CALLS };
    late l;

    late_init(&l, AC_POLL);
    for (int call = 0; call < CALLS; call++) {
        owned o;
        called c, before;
        void *result = &l;
        size_t which = 99;
        ac_future *f = late_submit(&l, &o);
        const ac_deadline deadline = call % 2 == 0 ? AC_POLL : AC_FOREVER;
        if (call == STATUS)
            ck_assert_int_eq(ac_future_status(f), AC_EEXPIRED);
        else if (call == WAIT)
            ck_assert_int_eq(ac_future_wait(f, deadline), AC_OK);
        else if (call == GET)
            ck_assert_int_eq(ac_future_get(f, deadline, &result), AC_EEXPIRED);
        else if (call == TAKE)
            ck_assert_int_eq(ac_future_take(f, deadline, &result), AC_EEXPIRED);
        else if (call == CANCEL)
            ck_assert_int_eq(ac_future_cancel(f), AC_EALREADY);
        else if (call <= ERROR)
            ck_assert_int_eq(
                ac_wait(&f, 1, (ac_wait_mode)(call - ALL), deadline, &which),
                AC_OK);
        else
            called_when_done(&before, f);
        ck_assert_ptr_eq(result, &l);
        if (call == ALL)
            ck_assert_uint_eq(which, 1);
        if (call == FIRST || call == ERROR) /* it has failed */
            ck_assert_uint_eq(which, 0);
        called_when_done(&c, f);
        ck_assert_int_eq(c.times, 1);
        ck_assert_int_eq(c.status, AC_EEXPIRED);
        check_expired(f, &o);
    }
    late_end(&l);
}
END_TEST

/* A poll meets it too, as what is ready comes before what is late. */
START_TEST(s3_s46_met_by_a_poll)
{
    const ac_deadline past[] = {AC_POLL, -1, INT64_MIN, 1};
    late l;

    late_init(&l, AC_POLL);
    for (int i = 0; i < 4; i++) {
        owned o;
        ck_assert_int_eq(
            ac_task_attr_set_start_by(l.attr, i == 3 ? ac_now() : past[i]),
            AC_OK);
        ac_future *f = late_submit(&l, &o);
        ck_assert_int_eq(ac_wait(&f, 1, AC_ALL, past[i], NULL), AC_OK);
        check_expired(f, &o);
    }
    late_end(&l);
}
END_TEST

/* ---- A worker meets it ---------------------------------------------- */

START_TEST(s46_a_worker_meets_it)
{
    enum { MANY = 10 };
    late l;
    owned o[MANY], in_time = {.runs = 0};
    ac_future *f[MANY], *done = NULL, *last = NULL;
    ac_iter *iter = NULL;

    late_init(&l, AC_POLL);
    for (int i = 0; i < MANY; i++)
        f[i] = late_submit(&l, &o[i]);
    ck_assert_int_eq(ac_as_completed(f, MANY, &iter), AC_OK);
    ck_assert_int_eq(ac_submit(l.pool, NULL, owned_run, &in_time, &last),
                     AC_OK);
    support_hold_release(&l.hold);
    /* Nothing else is asked about any of them. */
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
        ck_assert_ptr_eq(done, f[i]);
        ac_future_unref(done);
    }
    ac_iter_destroy(iter);
    ck_assert_int_eq(ac_future_get(last, AC_FOREVER, NULL), AC_OK);
    ck_assert_int_eq(in_time.runs, 1);
    for (int i = 0; i < MANY; i++)
        check_expired(f[i], &o[i]);
    ac_future_unref(last);
    late_end(&l);
}
END_TEST

START_TEST(s46_an_idle_worker_does_not_run_it)
{
    enum { MANY = 100 };
    ac_pool *pool = support_pool(2);
    ac_task_attr *attr = owned_attr();
    owned o[MANY] = {{.runs = 0}};
    uint64_t stats[AC_STATS];

    ck_assert_int_eq(ac_task_attr_set_start_by(attr, ac_now()), AC_OK);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(ac_submit(pool, attr, owned_run, &o[i], NULL), AC_OK);
        ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
        ck_assert_int_eq(ac_pool_stats(pool, stats, AC_STATS), AC_OK);
        ck_assert_uint_eq(stats[AC_STAT_EXPIRED], (uint64_t)i + 1);
    }
    ck_assert_uint_eq(stats[AC_STAT_COMPLETED], 0);
    ac_task_attr_destroy(attr);
    support_pool_end(pool);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(o[i].runs, 0);
        ck_assert_int_eq(o[i].freed_as_arg, 1);
    }
}
END_TEST

/* ---- There is no timer ---------------------------------------------- */

START_TEST(s46_an_iterator_delivers_it_when_it_was_met)
{
    late l;
    owned o[2];
    ac_iter *iter = NULL;
    ac_future *f[2], *done = NULL;

    late_init(&l, AC_POLL);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    for (int i = 0; i < 2; i++) {
        o[i] = (owned){.runs = 0};
        ck_assert_int_eq(ac_iter_submit(iter, l.pool, l.attr, owned_run, &o[i],
                                        AC_POLL, &f[i]),
                         AC_OK);
    }
    ck_assert_int_eq(ac_future_wait(f[1], AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
    ck_assert_ptr_eq(done, f[1]);
    ac_future_unref(done);
    /* To cancel is to meet. */
    ck_assert_int_eq(ac_iter_cancel(iter), AC_OK);
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
    ck_assert_ptr_eq(done, f[0]);
    ac_future_unref(done);
    ac_iter_destroy(iter);
    for (int i = 0; i < 2; i++)
        check_expired(f[i], &o[i]);
    late_end(&l);
}
END_TEST

/* ---- In time -------------------------------------------------------- */

START_TEST(s46_far_ahead_it_runs)
{
    const ac_deadline ahead[] = {support_far(), INT64_MAX - 1, AC_FOREVER};
    late l;

    late_init(&l, AC_FOREVER);
    support_hold_release(&l.hold);
    for (int i = 0; i < 3; i++) {
        owned o;
        void *result = NULL;
        ck_assert_int_eq(ac_task_attr_set_start_by(l.attr, ahead[i]), AC_OK);
        ac_future *f = late_submit(&l, &o);
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result), AC_OK);
        ck_assert_ptr_eq(result, &o);
        ck_assert_int_eq(o.runs, 1);
        ac_future_unref(f);
        ck_assert_int_eq(ac_pool_wait_idle(l.pool, AC_FOREVER), AC_OK);
        ck_assert_int_eq(o.freed_as_result, 1);
        ck_assert_int_eq(o.freed_as_arg, 0);
    }
    late_end(&l);
}
END_TEST

START_TEST(s46_queued_in_time_it_is_as_any_other)
{
    late l;
    owned o[2];
    size_t which = 99;

    late_init(&l, support_far());
    ac_future *f = late_submit(&l, &o[0]);
    ck_assert_int_eq(ac_future_status(f), AC_EAGAIN);
    ck_assert_int_eq(ac_future_wait(f, ac_now()), AC_ETIMEDOUT);
    ck_assert_int_eq(ac_future_wait(f, ac_deadline_in_ms(5)), AC_ETIMEDOUT);
    ck_assert_int_eq(ac_wait(&f, 1, AC_FIRST, AC_POLL, &which), AC_ETIMEDOUT);
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    ck_assert_int_eq(ac_future_status(f), AC_ECANCELED);
    ac_future_unref(f);
    ck_assert_int_eq(o[0].freed_as_arg, 1);
    f = late_submit(&l, &o[1]);
    support_hold_release(&l.hold);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f);
    late_end(&l);
    ck_assert_int_eq(o[0].runs, 0);
    ck_assert_int_eq(o[1].runs, 1);
}
END_TEST

/* Until it is past its time; only the start was to be before. */
static int
overrun(void *arg, void **result)
{
    const ac_deadline *start_by = arg;

    *result = arg;
    while (ac_now() <= *start_by)
        continue;
    return ac_cancel_requested();
}

START_TEST(s46_one_that_runs_does_not_expire)
{
    int status = AC_EEXPIRED;

    /* On a slow machine it is too late at first. */
    for (int64_t ms = 5; status == AC_EEXPIRED; ms *= 2) {
        ac_pool *pool = support_pool(1);
        ac_task_attr *attr = NULL;
        ac_future *f = NULL;
        ac_deadline start_by = ac_deadline_in_ms(ms);
        ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
        ck_assert_int_eq(ac_task_attr_set_start_by(attr, start_by), AC_OK);
        ck_assert_int_eq(ac_submit(pool, attr, overrun, &start_by, &f), AC_OK);
        ck_assert_int_eq(ac_future_wait(f, AC_FOREVER), AC_OK);
        status = ac_future_status(f);
        ac_future_unref(f);
        ac_task_attr_destroy(attr);
        support_pool_end(pool);
    }
    ck_assert_int_eq(status, AC_OK);
}
END_TEST

/* ---- The end of the pool -------------------------------------------- */

START_TEST(s46_s48_late_ones_at_the_end_of_the_pool)
{
    for (int how = AC_DRAIN; how <= AC_CANCEL; how++) {
        late l;
        owned o;
        size_t left = 99;
        late_init(&l, AC_POLL);
        ac_future *f = late_submit(&l, &o);
        ck_assert_int_eq(
            ac_pool_shutdown(l.pool, (ac_shutdown)how, AC_POLL, &left),
            AC_ETIMEDOUT);
        ck_assert_uint_eq(left, how == AC_DRAIN ? 2 : 1);
        support_hold_release(&l.hold);
        ck_assert_int_eq(
            ac_pool_shutdown(l.pool, (ac_shutdown)how, AC_FOREVER, &left),
            AC_OK);
        ck_assert_uint_eq(left, 0);
        if (how == AC_CANCEL)
            ck_assert_int_eq(ac_future_status(f), AC_ECANCELED);
        else
            ck_assert_int_eq(ac_future_status(f), AC_EEXPIRED);
        ac_future_unref(f);
        late_end(&l);
        ck_assert_int_eq(o.runs, 0);
        ck_assert_int_eq(o.freed_as_arg, 1);
    }
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("start by");
    TCase *tcase = support_tcase("too late");

    tcase_add_test(tcase, s46_each_call_about_it_meets_it);
    tcase_add_test(tcase, s3_s46_met_by_a_poll);
    tcase_add_test(tcase, s46_a_worker_meets_it);
    tcase_add_test(tcase, s46_an_idle_worker_does_not_run_it);
    tcase_add_test(tcase, s46_an_iterator_delivers_it_when_it_was_met);
    tcase_add_test(tcase, s46_s48_late_ones_at_the_end_of_the_pool);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("in time");
    tcase_add_test(tcase, s46_far_ahead_it_runs);
    tcase_add_test(tcase, s46_queued_in_time_it_is_as_any_other);
    tcase_add_test(tcase, s46_one_that_runs_does_not_expire);
    suite_add_tcase(suite, tcase);
    return suite;
}
