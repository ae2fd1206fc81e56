/*
 * Promises: how each way to end one ends its future, once; and who releases
 * what on each of these ways.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <limits.h>

#include "owned.h"

/* ---- Resolved once -------------------------------------------------- */

static void
check_pending(ac_future *f)
{
    owned elsewhere;
    void *result = &elsewhere;

    ck_assert_int_eq(ac_future_status(f), AC_EAGAIN);
    ck_assert_int_eq(ac_future_error(f), 0);
    ck_assert_int_eq(ac_future_wait(f, AC_POLL), AC_ETIMEDOUT);
    ck_assert_int_eq(ac_future_get(f, INT64_MIN, &result), AC_ETIMEDOUT);
    ck_assert_int_eq(ac_future_take(f, AC_POLL, &result), AC_ETIMEDOUT);
    ck_assert_ptr_eq(result, &elsewhere);
}

/* Whoever holds it may look at it as often as he likes. */
static void
check_done(ac_future *f, int status, int error, void *expected)
{
    for (int i = 0; i < 3; i++) {
        void *result = &result;
        ck_assert_int_eq(ac_future_status(f), status);
        ck_assert_int_eq(ac_future_error(f), error);
        ck_assert_int_eq(ac_future_wait(f, AC_POLL), AC_OK);
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), status);
        ck_assert_int_eq(ac_future_get(f, AC_POLL, &result), status);
        ck_assert_ptr_eq(result, expected);
    }
}

/* The same for one that was not set: the output is left alone. */
static void
check_unset(ac_future *f, int status)
{
    owned elsewhere;
    void *result = &elsewhere;

    ck_assert_int_eq(ac_future_status(f), status);
    ck_assert_int_eq(ac_future_error(f), 0);
    ck_assert_int_eq(ac_future_wait(f, AC_POLL), AC_OK);
    for (int i = 0; i < 2; i++) { /* nothing to take: each repeats it */
        ck_assert_int_eq(ac_future_get(f, AC_POLL, &result), status);
        ck_assert_int_eq(ac_future_take(f, AC_FOREVER, &result), status);
    }
    ck_assert_ptr_eq(result, &elsewhere);
}

/* Neither call takes what it is given. */
static void
check_too_late(pledge *p)
{
    owned late = {.runs = 0};

    ck_assert_int_eq(ac_promise_resolve(p->promise, &late), AC_EALREADY);
    ck_assert_int_eq(ac_promise_resolve(p->promise, NULL), AC_EALREADY);
    ck_assert_int_eq(ac_promise_fail(p->promise, 3, &late), AC_EALREADY);
    ck_assert_int_eq(ac_promise_fail(p->promise, AC_TASK_CANCELED, &late),
                     AC_EALREADY);
    ck_assert_int_eq(ac_promise_fail(p->promise, 0, &late), AC_EINVAL);
    ck_assert_int_eq(late.freed_as_result + late.freed_as_arg, 0);
}

START_TEST(s30_a_resolved_one_is_ok)
{
    pledge p;

    pledge_init(&p);
    check_pending(p.future);
    ck_assert_ptr_eq(ac_future_arg(p.future), &p.arg);
    ck_assert_int_eq(ac_promise_resolve(p.promise, &p.result), AC_OK);
    check_done(p.future, AC_OK, 0, &p.result);
    check_too_late(&p);
    ck_assert_int_eq(ac_future_cancel(p.future), AC_EALREADY);
    check_done(p.future, AC_OK, 0, &p.result);
    pledge_end(&p, 0, 1);
}
END_TEST

START_TEST(s30_a_failed_one_has_its_error)
{
    const int errors[] = {1, 7, -1, 33, INT_MAX, INT_MIN + 1};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        pledge p;
        pledge_init(&p);
        ck_assert_int_eq(ac_promise_fail(p.promise, errors[i], &p.result),
                         AC_OK);
        check_done(p.future, AC_EFAILED, errors[i], &p.result);
        check_too_late(&p);
        check_done(p.future, AC_EFAILED, errors[i], &p.result);
        ck_assert_int_eq(ac_future_cancel(p.future), AC_EALREADY);
        pledge_end(&p, 0, 1);
    }
}
END_TEST

START_TEST(s30_zero_is_no_error)
{
    pledge p;

    pledge_init(&p);
    ck_assert_int_eq(ac_promise_fail(p.promise, 0, &p.result), AC_EINVAL);
    ck_assert_int_eq(ac_promise_fail(p.promise, 0, NULL), AC_EINVAL);
    check_pending(p.future);
    ck_assert_int_eq(p.result.freed_as_result, 0);
    ck_assert_int_eq(ac_promise_resolve(p.promise, &p.result), AC_OK);
    check_done(p.future, AC_OK, 0, &p.result);
    pledge_end(&p, 0, 1);
}
END_TEST

START_TEST(s30_one_that_stopped_when_asked_is_canceled)
{
    pledge p;

    pledge_init(&p);
    ck_assert_int_eq(ac_promise_fail(p.promise, AC_TASK_CANCELED, &p.result),
                     AC_OK);
    check_done(p.future, AC_ECANCELED, 0, &p.result);
    ck_assert_int_eq(ac_future_cancel(p.future), AC_OK); /* it is already */
    check_too_late(&p);
    check_done(p.future, AC_ECANCELED, 0, &p.result);
    pledge_end(&p, 0, 1); /* it counts as run */
}
END_TEST

START_TEST(s30_after_a_cancel_a_result_comes_too_late)
{
    pledge p;

    pledge_init(&p);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ac_future_cancel(p.future), AC_OK);
        check_unset(p.future, AC_ECANCELED);
        check_too_late(&p);
    }
    check_unset(p.future, AC_ECANCELED);
    ck_assert_ptr_eq(ac_future_arg(p.future), &p.arg);
    ck_assert_int_eq(p.arg.freed_as_arg, 0); /* while somebody holds it */
    pledge_end(&p, 1, 0);
}
END_TEST

/* A promise never starts, so it can't start too late. */
START_TEST(s46_only_the_destructors_of_the_attr_count)
{
    ac_task_attr *attr = owned_attr();
    ac_promise *promise = NULL;
    ac_future *f = NULL;
    owned o = {.runs = 0};

    ck_assert_int_eq(ac_task_attr_set_start_by(attr, AC_POLL), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_priority(attr, AC_PRIORITY_HIGH), AC_OK);
    ck_assert_int_eq(ac_promise_create(attr, NULL, &promise, &f), AC_OK);
    ac_task_attr_destroy(attr);
    ck_assert_ptr_null(ac_future_arg(f));
    check_pending(f);
    ck_assert_int_eq(ac_promise_resolve(promise, &o), AC_OK);
    check_done(f, AC_OK, 0, &o);
    ac_promise_destroy(promise);
    ac_future_unref(f);
    ck_assert_int_eq(o.freed_as_result, 1);
}
END_TEST

START_TEST(without_an_attr_nothing_is_released)
{
    ac_promise *promise = NULL;
    ac_future *f = NULL;
    char here[2] = "x"; /* what nobody may free */

    ck_assert_int_eq(ac_promise_create(NULL, here, &promise, &f), AC_OK);
    ck_assert_int_eq(ac_promise_resolve(promise, here), AC_OK);
    check_done(f, AC_OK, 0, here);
    ac_promise_destroy(promise);
    ac_future_unref(f);
    ck_assert_int_eq(ac_promise_create(NULL, here, &promise, &f), AC_OK);
    ac_promise_destroy(promise);
    ac_future_unref(f);
    ck_assert_str_eq(here, "x");
}
END_TEST

/* ---- Broken --------------------------------------------------------- */

START_TEST(s36_destroyed_unresolved_it_is_broken)
{
    pledge p;

    pledge_init(&p);
    ac_promise_destroy(p.promise);
    p.promise = NULL;
    check_unset(p.future, AC_EBROKEN);
    ck_assert_int_eq(ac_future_cancel(p.future), AC_EALREADY);
    check_unset(p.future, AC_EBROKEN);
    ck_assert_ptr_eq(ac_future_arg(p.future), &p.arg);
    ck_assert_int_eq(p.arg.freed_as_arg, 0);
    pledge_end(&p, 1, 0);
}
END_TEST

START_TEST(s36_destroyed_after_its_end_it_changes_nothing)
{
    pledge p[3];

    for (int i = 0; i < 3; i++)
        pledge_init(&p[i]);
    ck_assert_int_eq(ac_promise_resolve(p[0].promise, &p[0].result), AC_OK);
    ck_assert_int_eq(ac_promise_fail(p[1].promise, 5, &p[1].result), AC_OK);
    ck_assert_int_eq(ac_future_cancel(p[2].future), AC_OK);
    for (int i = 0; i < 3; i++) {
        ac_promise_destroy(p[i].promise);
        p[i].promise = NULL;
    }
    check_done(p[0].future, AC_OK, 0, &p[0].result);
    check_done(p[1].future, AC_EFAILED, 5, &p[1].result);
    check_unset(p[2].future, AC_ECANCELED);
    pledge_end(&p[0], 0, 1);
    pledge_end(&p[1], 0, 1);
    pledge_end(&p[2], 1, 0);
}
END_TEST

/* ---- Results -------------------------------------------------------- */

static const int errors[] = {0, 4, AC_TASK_CANCELED};
static const int statuses[] = {AC_OK, AC_EFAILED, AC_ECANCELED};

static void
set(pledge *p, int error, void *result)
{
    ck_assert_int_eq(error == 0 ? ac_promise_resolve(p->promise, result)
                                : ac_promise_fail(p->promise, error, result),
                     AC_OK);
}

START_TEST(s31_nothing_is_a_result)
{
    for (int i = 0; i < 3; i++) {
        pledge p;
        void *result = &p;
        pledge_init(&p);
        set(&p, errors[i], NULL);
        check_done(p.future, statuses[i], i == 1 ? 4 : 0, NULL);
        ck_assert_int_eq(ac_future_take(p.future, AC_POLL, &result),
                         statuses[i]);
        ck_assert_ptr_null(result);
        ck_assert_int_eq(ac_future_take(p.future, AC_POLL, &result), AC_ENOENT);
        pledge_end(&p, 0, 0);
    }
}
END_TEST

START_TEST(s32_a_result_is_taken_once)
{
    for (int i = 0; i < 3; i++) {
        pledge p;
        void *result = NULL;
        pledge_init(&p);
        set(&p, errors[i], &p.result);
        ck_assert_int_eq(ac_future_take(p.future, AC_POLL, NULL), AC_EINVAL);
        ck_assert_int_eq(ac_future_take(p.future, AC_POLL, &result),
                         statuses[i]);
        ck_assert_ptr_eq(result, &p.result);
        result = &p;
        ck_assert_int_eq(ac_future_take(p.future, AC_POLL, &result), AC_ENOENT);
        ck_assert_int_eq(ac_future_get(p.future, AC_POLL, &result), AC_ENOENT);
        ck_assert_ptr_eq(result, &p);
        ck_assert_int_eq(ac_future_status(p.future), statuses[i]);
        check_too_late(&p);
        pledge_end(&p, 0, 0);
    }
}
END_TEST

/* ---- The last reference --------------------------------------------- */

enum { RESOLVE, FAIL, STOP, CANCEL, BREAK, ENDS }; /* as in errors[] */
enum { ENDS_FIRST, FUTURE_FIRST, KEPT, ORDERS };

static void
end_it(pledge *p, int end)
{
    if (end <= STOP)
        set(p, errors[end], &p->result);
    else if (end == CANCEL)
        ck_assert_int_eq(ac_future_cancel(p->future), AC_OK);
}

/* However it ends, and whoever holds it for the longest. */
static void
one_way(int end, int order)
{
    pledge p;
    ac_future *kept = NULL;
    const int ran = end <= STOP;

    pledge_init(&p);
    if (order == KEPT)
        kept = ac_future_ref(p.future);
    if (order == FUTURE_FIRST && end != CANCEL) {
        ac_future_unref(p.future);
        p.future = NULL;
    }
    end_it(&p, end);
    if (order != FUTURE_FIRST) {
        ac_promise_destroy(p.promise);
        p.promise = NULL;
    }
    ck_assert_int_eq(p.arg.freed_as_arg + p.result.freed_as_result, 0);
    if (kept == NULL) {
        pledge_end(&p, !ran, ran);
        return;
    }
    ac_future_unref(p.future);
    ck_assert_int_eq(p.arg.freed_as_arg + p.result.freed_as_result, 0);
    p.future = kept;
    pledge_end(&p, !ran, ran);
}

START_TEST(released_once_on_each_way)
{
    for (int end = 0; end < ENDS; end++)
        for (int order = 0; order < ORDERS; order++)
            one_way(end, order);
}
END_TEST

/* ---- What it makes visible ------------------------------------------ */

typedef struct message {
    ac_promise *promise;
    int text; /* plain: the promise alone orders it */
} message;

static void
send_message(void *arg)
{
    message *m = arg;

    m->text = 42;
    SUPPORT_CHECK_INT(ac_promise_resolve(m->promise, &m->text), AC_OK);
}

START_TEST(s35_what_came_before_the_resolve_is_seen)
{
    for (int i = 0; i < 100; i++) {
        message m = {.text = 0};
        ac_future *f = NULL;
        support_thread thread;
        void *result = NULL;
        ck_assert_int_eq(ac_promise_create(NULL, NULL, &m.promise, &f), AC_OK);
        support_thread_start(&thread, send_message, &m);
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &result), AC_OK);
        ck_assert_int_eq(*(int *)result, 42);
        support_thread_join(&thread);
        ac_promise_destroy(m.promise);
        ac_future_unref(f);
    }
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("promise");
    TCase *tcase = support_tcase("once");

    tcase_add_test(tcase, s30_a_resolved_one_is_ok);
    tcase_add_test(tcase, s30_a_failed_one_has_its_error);
    tcase_add_test(tcase, s30_zero_is_no_error);
    tcase_add_test(tcase, s30_one_that_stopped_when_asked_is_canceled);
    tcase_add_test(tcase, s30_after_a_cancel_a_result_comes_too_late);
    tcase_add_test(tcase, s46_only_the_destructors_of_the_attr_count);
    tcase_add_test(tcase, without_an_attr_nothing_is_released);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("the rest");
    tcase_add_test(tcase, s36_destroyed_unresolved_it_is_broken);
    tcase_add_test(tcase, s36_destroyed_after_its_end_it_changes_nothing);
    tcase_add_test(tcase, s31_nothing_is_a_result);
    tcase_add_test(tcase, s32_a_result_is_taken_once);
    tcase_add_test(tcase, released_once_on_each_way);
    tcase_add_test(tcase, s35_what_came_before_the_resolve_is_seen);
    suite_add_tcase(suite, tcase);
    return suite;
}
