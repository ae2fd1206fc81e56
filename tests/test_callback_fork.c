/*
 * Promises and done callbacks in a child made by fork(): what came with it is
 * dead, what it makes itself works.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "owned.h"

/* In a child: its exit status is the number of the check that failed. */
#define CHILD_CHECK(number, condition) \
    do { \
        if (!(condition)) \
            _exit(number); \
    } while (0)

static void
check_child(pid_t child)
{
    int status = 0;

    SUPPORT_CHECK(child > 0);
    SUPPORT_CHECK_INT(waitpid(child, &status, 0), child);
    SUPPORT_CHECK(WIFEXITED(status));
    SUPPORT_CHECK_INT(WEXITSTATUS(status), 0);
}

/* ---- What came with it ---------------------------------------------- */

static void
never(ac_future *future, void *arg)
{
    (void)future;
    (void)arg;
    _exit(99);
}

static void
use_inherited(pledge *p)
{
    const pledge before = *p;

    CHILD_CHECK(1, ac_promise_resolve(p->promise, NULL) == AC_EFORKED);
    CHILD_CHECK(2, ac_promise_fail(p->promise, 1, NULL) == AC_EFORKED);
    CHILD_CHECK(3, ac_future_on_done(p->future, never, p) == AC_EFORKED);
    CHILD_CHECK(4, ac_future_cancel(p->future) == AC_EFORKED);
    CHILD_CHECK(5, ac_future_status(p->future) == AC_EFORKED);
    CHILD_CHECK(6, ac_future_arg(p->future) == NULL);
    ac_promise_destroy(p->promise);
    ac_future_unref(p->future);
    CHILD_CHECK(7, p->arg.freed_as_arg == before.arg.freed_as_arg);
    CHILD_CHECK(8, p->result.freed_as_result == before.result.freed_as_result);
}

/* Each with a callback of its own: unresolved, and resolved. */
START_TEST(s56_an_inherited_promise_is_dead)
{
    pledge p[2];
    called c;

    pledge_init(&p[0]);
    pledge_init(&p[1]);
    ck_assert_int_eq(ac_promise_resolve(p[1].promise, &p[1].result), AC_OK);
    called_when_done(&c, p[0].future);
    pid_t child = fork();
    if (child == 0) {
        use_inherited(&p[0]);
        use_inherited(&p[1]);
        _exit(c.times == 0 ? 0 : 98);
    }
    check_child(child);
    /* Here nothing has changed. */
    ck_assert_int_eq(ac_promise_resolve(p[0].promise, &p[0].result), AC_OK);
    ck_assert_int_eq(c.times, 1);
    pledge_end(&p[0], 0, 1);
    pledge_end(&p[1], 0, 1);
}
END_TEST

/* ---- What it makes -------------------------------------------------- */

/* By a worker, and by who cancels, at a time. */
static void
count_call(ac_future *future, void *arg)
{
    (void)future;
    atomic_fetch_add((atomic_int *)arg, 1);
}

static void
live_on(void)
{
    atomic_int calls = 0;
    ac_promise *promise = NULL;
    ac_future *f = NULL;
    ac_pool *pool = NULL;

    CHILD_CHECK(10, ac_promise_create(NULL, NULL, &promise, &f) == AC_OK);
    CHILD_CHECK(11, ac_future_on_done(f, count_call, &calls) == AC_OK);
    CHILD_CHECK(12, ac_promise_resolve(promise, NULL) == AC_OK);
    CHILD_CHECK(13, calls == 1);
    ac_promise_destroy(promise);
    CHILD_CHECK(14, ac_future_on_done(f, count_call, &calls) == AC_OK);
    CHILD_CHECK(15, calls == 2);
    ac_future_unref(f);
    CHILD_CHECK(16, ac_pool_create(1, NULL, &pool) == AC_OK);
    for (int i = 0; i < 10; i++) { /* most of these are canceled */
        CHILD_CHECK(17,
                    ac_submit(pool, NULL, support_nothing, NULL, &f) == AC_OK);
        CHILD_CHECK(18, ac_future_on_done(f, count_call, &calls) == AC_OK);
        (void)ac_future_cancel(f);
        ac_future_unref(f);
    }
    CHILD_CHECK(19, ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    CHILD_CHECK(20, calls == 12);
    CHILD_CHECK(21, ac_pool_destroy(pool) == AC_OK);
}

START_TEST(s56_a_child_has_promises_and_callbacks)
{
    pid_t child = fork();

    if (child == 0) {
        live_on();
        _exit(0);
    }
    check_child(child);
}
END_TEST

static void
fork_in_it(ac_future *future, void *arg)
{
    (void)future;
    atomic_fetch_add((atomic_int *)arg, 1);
    pid_t child = fork();
    if (child == 0) {
        live_on();
        _exit(0); /* it must not return */
    }
    check_child(child);
}

/* Those behind it are called in the parent, and in the parent only. */
START_TEST(s37_s56_a_child_of_a_callback_has_callbacks)
{
    atomic_int calls = 0;
    pledge p;

    pledge_init(&p);
    ck_assert_int_eq(ac_future_on_done(p.future, fork_in_it, &calls), AC_OK);
    ck_assert_int_eq(ac_future_on_done(p.future, count_call, &calls), AC_OK);
    ck_assert_int_eq(ac_promise_resolve(p.promise, NULL), AC_OK);
    ck_assert_int_eq(atomic_load(&calls), 2);
    pledge_end(&p, 0, 0);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("callbacks and fork");
    TCase *tcase = support_tcase("fork");

    tcase_add_test(tcase, s56_an_inherited_promise_is_dead);
    tcase_add_test(tcase, s56_a_child_has_promises_and_callbacks);
    tcase_add_test(tcase, s37_s56_a_child_of_a_callback_has_callbacks);
    suite_add_tcase(suite, tcase);
    return suite;
}
