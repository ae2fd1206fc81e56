/*
 * Waits for what is to be started by some time: they wake when that has
 * passed, although every worker is stuck and there is no timer.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "owned.h"

enum { SOON_MS = 20 };

/* A pool whose only worker is stuck, and one task that expires soon. */
typedef struct stuck {
    ac_pool *pool;
    support_hold hold;
    ac_deadline start_by;
    owned o;
    ac_future *f;
} stuck;

static ac_future *
submit_by(stuck *s, ac_deadline start_by, owned *o)
{
    ac_task_attr *attr = owned_attr();
    ac_future *f = NULL;

    *o = (owned){.runs = 0};
    ck_assert_int_eq(ac_task_attr_set_start_by(attr, start_by), AC_OK);
    ck_assert_int_eq(ac_submit(s->pool, attr, owned_run, o, &f), AC_OK);
    ac_task_attr_destroy(attr);
    return f;
}

static void
stuck_init(stuck *s)
{
    s->pool = support_pool(1);
    support_hold_worker(&s->hold, s->pool);
    s->start_by = ac_deadline_in_ms(SOON_MS);
    s->f = submit_by(s, s->start_by, &s->o);
}

/* It has expired, and not before its time. */
static void
stuck_end(stuck *s)
{
    ck_assert_int_ge(ac_now(), s->start_by);
    ck_assert_int_eq(ac_future_status(s->f), AC_EEXPIRED);
    ac_future_unref(s->f);
    ck_assert_int_eq(s->o.freed_as_arg, 1);
    ck_assert_int_eq(s->o.freed_as_result, 0);
    ck_assert_int_eq(s->o.runs, 0);
    support_hold_end(&s->hold);
    support_pool_end(s->pool);
}

/* ---- One ------------------------------------------------------------ */

START_TEST(s46_a_wait_for_one_wakes)
{
    enum { WAIT, GET, TAKE, CALLS };

    for (int call = 0; call < 2 * CALLS; call++) {
        stuck s;
        called c;
        void *result = &s;
        const ac_deadline deadline = call < CALLS ? AC_FOREVER : support_far();
        stuck_init(&s);
        called_when_done(&c, s.f);
        if (call % CALLS == WAIT)
            ck_assert_int_eq(ac_future_wait(s.f, deadline), AC_OK);
        else if (call % CALLS == GET)
            ck_assert_int_eq(ac_future_get(s.f, deadline, &result),
                             AC_EEXPIRED);
        else
            ck_assert_int_eq(ac_future_take(s.f, deadline, &result),
                             AC_EEXPIRED);
        ck_assert_ptr_eq(result, &s);
        ck_assert_int_eq(c.times, 1);
        ck_assert_int_eq(c.status, AC_EEXPIRED);
        ck_assert(pthread_equal(c.thread, pthread_self()));
        stuck_end(&s);
    }
}
END_TEST

static void
wait_too(void *arg)
{
    SUPPORT_CHECK_INT(ac_future_wait(arg, AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(ac_future_status(arg), AC_EEXPIRED);
}

/* It ends once, and all who wait for it learn of that. */
START_TEST(s46_many_waits_for_one_wake)
{
    enum { MANY = 6 };
    stuck s;
    called c;
    support_thread threads[MANY];

    stuck_init(&s);
    called_when_done(&c, s.f);
    for (int i = 0; i < MANY; i++)
        support_thread_start(&threads[i], wait_too, s.f);
    for (int i = 0; i < MANY; i++)
        support_thread_join(&threads[i]);
    ck_assert_int_eq(c.times, 1);
    stuck_end(&s);
}
END_TEST

/* The deadline of the wait is the earlier one: it has not expired by then. */
START_TEST(s4_s46_a_wait_that_is_over_before)
{
    stuck s;
    owned o;

    stuck_init(&s);
    ac_future *f = submit_by(&s, support_far(), &o);
    ck_assert_int_eq(ac_future_wait(f, ac_deadline_in_ms(1)), AC_ETIMEDOUT);
    ck_assert_int_eq(ac_future_status(f), AC_EAGAIN);
    ck_assert_int_eq(ac_future_wait(s.f, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    ac_future_unref(f);
    stuck_end(&s);
}
END_TEST

/* ---- Sets ----------------------------------------------------------- */

START_TEST(s46_a_wait_for_a_set_wakes)
{
    const size_t expected[] = {3, 2, 2};

    for (int mode = AC_ALL; mode <= AC_FIRST_ERROR; mode++) {
        stuck s;
        owned o[2];
        size_t which = 99;
        stuck_init(&s);
        ac_future *set[3] = {submit_by(&s, support_far(), &o[0]),
                             submit_by(&s, AC_FOREVER, &o[1]), s.f};
        if (mode == AC_ALL) {
            ck_assert_int_eq(ac_future_cancel(set[0]), AC_OK);
            ck_assert_int_eq(ac_future_cancel(set[1]), AC_OK);
        }
        ck_assert_int_eq(
            ac_wait(set, 3, (ac_wait_mode)mode, AC_FOREVER, &which), AC_OK);
        ck_assert_uint_eq(which, expected[mode]);
        for (int i = 0; i < 2; i++) {
            (void)ac_future_cancel(set[i]);
            ac_future_unref(set[i]);
            ck_assert_int_eq(o[i].freed_as_arg, 1);
        }
        stuck_end(&s);
    }
}
END_TEST

/* One after the other, in any order in the array. */
START_TEST(s46_all_of_a_large_set_expire)
{
    enum { MANY = 40 };
    stuck s;
    owned o[MANY];
    ac_future *set[MANY + 1];
    size_t which = 99;

    stuck_init(&s);
    for (int i = 0; i < MANY; i++)
        set[i] = submit_by(&s, s.start_by + (i * 7 % MANY) * 200000, &o[i]);
    set[MANY] = s.f;
    ck_assert_int_eq(ac_wait(set, MANY + 1, AC_ALL, support_far(), &which),
                     AC_OK);
    ck_assert_uint_eq(which, MANY + 1);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(ac_future_status(set[i]), AC_EEXPIRED);
        ac_future_unref(set[i]);
        ck_assert_int_eq(o[i].freed_as_arg, 1);
        ck_assert_int_eq(o[i].runs, 0);
    }
    stuck_end(&s);
}
END_TEST

/* A set of which nothing expires in time still times out, not earlier. */
START_TEST(s6_s46_a_set_that_times_out)
{
    stuck s;
    size_t which = 99;

    stuck_init(&s);
    ac_future *set[2] = {s.hold.future, s.f};
    const ac_deadline deadline = s.start_by + (int64_t)5 * 1000 * 1000;
    ck_assert_int_eq(ac_wait(set, 2, AC_ALL, deadline, &which), AC_ETIMEDOUT);
    ck_assert_uint_eq(which, 2);
    ck_assert_int_ge(ac_now(), deadline);
    stuck_end(&s);
}
END_TEST

/* ---- Inside a task -------------------------------------------------- */

typedef struct parent {
    ac_pool *pool;
    ac_task_attr *attr;
    owned kids[3];
} parent;

/* The only worker waits for kids of its own: the late one is not run in place
 * of it, the others are. */
static int
parent_task(void *arg, void **result)
{
    parent *p = arg;
    ac_future *f[3] = {NULL, NULL, NULL};
    const ac_deadline by[3] = {support_far(), AC_POLL, AC_FOREVER};

    (void)result;
    for (int i = 0; i < 3; i++) {
        SUPPORT_CHECK_INT(ac_task_attr_set_start_by(p->attr, by[i]), AC_OK);
        SUPPORT_CHECK_INT(
            ac_submit(p->pool, p->attr, owned_run, &p->kids[i], &f[i]), AC_OK);
    }
    SUPPORT_CHECK_INT(ac_wait(f, 3, AC_ALL, AC_FOREVER, NULL), AC_OK);
    for (int i = 0; i < 3; i++) {
        SUPPORT_CHECK_INT(ac_future_status(f[i]), i == 1 ? AC_EEXPIRED : AC_OK);
        SUPPORT_CHECK_INT(p->kids[i].runs, i != 1);
        ac_future_unref(f[i]);
        SUPPORT_CHECK_INT(p->kids[i].freed_as_arg, i == 1);
        SUPPORT_CHECK_INT(p->kids[i].freed_as_result, i != 1);
    }
    return 0;
}

/* The same through an iterator, which would run its members in place. */
static int
parent_next(void *arg, void **result)
{
    parent *p = arg;
    ac_iter *iter = NULL;
    ac_future *done = NULL;

    (void)result;
    SUPPORT_CHECK_INT(ac_iter_open(&iter), AC_OK);
    for (int i = 0; i < 2; i++) {
        SUPPORT_CHECK_INT(ac_task_attr_set_start_by(
                              p->attr, i == 0 ? AC_POLL : support_far()),
                          AC_OK);
        SUPPORT_CHECK_INT(ac_iter_submit(iter, p->pool, p->attr, owned_run,
                                         &p->kids[i], AC_POLL, NULL),
                          AC_OK);
    }
    for (int i = 0; i < 2; i++) {
        SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
        SUPPORT_CHECK(ac_future_arg(done) == &p->kids[i]);
        SUPPORT_CHECK_INT(ac_future_status(done), i == 0 ? AC_EEXPIRED : AC_OK);
        ac_future_unref(done);
        SUPPORT_CHECK_INT(p->kids[i].freed_as_arg, i == 0);
    }
    ac_iter_destroy(iter);
    return 0;
}

/* With a deadline nobody helps; and it expires under the parent's eyes. */
static int
parent_patient(void *arg, void **result)
{
    parent *p = arg;
    ac_future *f = NULL;

    (void)result;
    SUPPORT_CHECK_INT(
        ac_task_attr_set_start_by(p->attr, ac_deadline_in_ms(SOON_MS)), AC_OK);
    SUPPORT_CHECK_INT(ac_submit(p->pool, p->attr, owned_run, &p->kids[0], &f),
                      AC_OK);
    SUPPORT_CHECK_INT(ac_future_get(f, support_far(), NULL), AC_EEXPIRED);
    ac_future_unref(f);
    SUPPORT_CHECK_INT(p->kids[0].freed_as_arg, 1);
    return 0;
}

/* On the only worker; how often did each kid run then? */
static void
check_parent(ac_task_fn *fn, int first, int second, int third)
{
    parent p = {.pool = support_pool(1), .attr = owned_attr()};
    ac_future *f = support_submit(p.pool, fn, &p);

    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f);
    ac_task_attr_destroy(p.attr);
    support_pool_end(p.pool);
    ck_assert_int_eq(p.kids[0].runs, first);
    ck_assert_int_eq(p.kids[1].runs, second);
    ck_assert_int_eq(p.kids[2].runs, third);
}

START_TEST(s39_s46_a_late_one_does_not_run_in_place)
{
    check_parent(parent_task, 1, 0, 1);
    check_parent(parent_next, 0, 1, 0);
}
END_TEST

START_TEST(s39_s46_it_expires_while_its_worker_waits)
{
    check_parent(parent_patient, 0, 0, 0);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("waits and start by");
    TCase *tcase = support_tcase("waits");

    tcase_add_test(tcase, s46_a_wait_for_one_wakes);
    tcase_add_test(tcase, s46_many_waits_for_one_wake);
    tcase_add_test(tcase, s4_s46_a_wait_that_is_over_before);
    tcase_add_test(tcase, s46_a_wait_for_a_set_wakes);
    tcase_add_test(tcase, s46_all_of_a_large_set_expire);
    tcase_add_test(tcase, s6_s46_a_set_that_times_out);
    tcase_add_test(tcase, s39_s46_a_late_one_does_not_run_in_place);
    tcase_add_test(tcase, s39_s46_it_expires_while_its_worker_waits);
    suite_add_tcase(suite, tcase);
    return suite;
}
