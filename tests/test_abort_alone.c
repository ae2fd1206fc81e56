/*
 * A task ends its thread, and the system has no other thread to give: then the
 * old thread goes on, as often as it takes.
 *
 * Linked with --wrap=pthread_create where the linker has that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "quit.h"

/* ---- No threads ----------------------------------------------------- */

typedef void *thread_fn(void *arg);

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          thread_fn *fn, void *arg) __attribute__((weak));
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          thread_fn *fn, void *arg);

static atomic_int refusal; /* what pthread_create() says; 0: it works */
static atomic_int refused; /* how often */

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                      thread_fn *fn, void *arg)
{
    const int rc = atomic_load(&refusal);

    if (rc == 0)
        return __real_pthread_create(thread, attr, fn, arg);
    atomic_fetch_add(&refused, 1);
    return rc;
}

static void
setup(void)
{
    atomic_store(&refusal, 0);
    atomic_store(&refused, 0);
}

/* ---- Tasks ---------------------------------------------------------- */

static int
leave_thread(void *arg, void **result)
{
    (void)arg;
    *result = malloc(sizeof(pthread_t));
    if (*result != NULL)
        *(pthread_t *)*result = pthread_self();
    return 0;
}

static pthread_t
take_thread(ac_future *f, int status)
{
    void *result = NULL;

    ck_assert_int_eq(ac_future_take(f, AC_FOREVER, &result), status);
    ck_assert_ptr_nonnull(result);
    const pthread_t thread = *(pthread_t *)result;
    free(result);
    ac_future_unref(f);
    return thread;
}

static int
leave_thread_and_quit(void *arg, void **result)
{
    leave_thread(arg, result);
    pthread_exit(NULL);
}

static pthread_t
thread_of(ac_pool *pool)
{
    return take_thread(support_submit(pool, leave_thread, NULL), AC_OK);
}

static void
quit_in(ac_pool *pool)
{
    take_thread(support_submit(pool, leave_thread_and_quit, NULL), AC_EABORTED);
    /* By then it has asked for another thread. */
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
}

/* ---- Tests ---------------------------------------------------------- */

START_TEST(s55_without_another_thread_the_old_one_goes_on)
{
    static const int errors[] = {EAGAIN, ENOMEM, EPERM, EINVAL};
    ac_pool *pool = support_pool(1);
    const pthread_t old = thread_of(pool);

    atomic_store(&refusal, errors[_i]);
    for (int i = 0; i < 5; i++) {
        quit_in(pool);
        ck_assert(pthread_equal(thread_of(pool), old));
        quit_in(pool);
        ck_assert_int_eq(atomic_load(&refused), 2 * i + 2);
    }
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    support_pool_end(pool);
}
END_TEST

/* Once there are threads again, the next to go is replaced. */
START_TEST(s55_it_is_replaced_when_there_are_threads_again)
{
    const size_t before = support_thread_count();
    ac_pool *pool = support_pool(1);
    const pthread_t old = thread_of(pool);

    for (int i = 0; i < 3; i++) {
        atomic_store(&refusal, EAGAIN);
        quit_in(pool);
        quit_in(pool);
        atomic_store(&refusal, 0);
        quit_in(pool);
        ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
        const pthread_t now = thread_of(pool);
        ck_assert(i > 0 || !pthread_equal(now, old));
        quit_in(pool);
    }
    support_await_threads(before + 2);
    support_pool_end(pool);
}
END_TEST

START_TEST(s55_all_workers_may_be_in_that_state)
{
    ac_pool *pool = support_pool(3);
    support_hold holds[3];
    ac_future *f[30];

    atomic_store(&refusal, EAGAIN);
    for (int i = 0; i < 30; i++)
        f[i] = support_submit(pool, leave_thread_and_quit, NULL);
    for (int i = 0; i < 30; i++)
        take_thread(f[i], AC_EABORTED);
    for (int i = 0; i < 3; i++)
        support_hold_worker(&holds[i], pool);
    for (int i = 0; i < 3; i++)
        support_hold_end(&holds[i]);
    support_pool_end(pool);
}
END_TEST

/* Not even a small stack is used up by that. */
START_TEST(s55_it_may_go_on_ten_thousand_times)
{
    const int rounds = support_instrumented() ? 300 : 10000;
    ac_pool_attr *attr = NULL;
    ac_pool *pool = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_stack_size(attr, (size_t)1 << 18), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &pool), AC_OK);
    ac_pool_attr_destroy(attr);
    atomic_store(&refusal, EAGAIN);
    for (int i = 0; i < rounds; i++)
        quit_in(pool);
    support_pool_end(pool);
}
END_TEST

static int
nest_and_quit(void *arg, void **result)
{
    ac_future *inner = NULL;

    *result = arg;
    SUPPORT_CHECK_INT(ac_submit(arg, NULL, quit_task, arg, &inner), AC_OK);
    pthread_cleanup_push((void (*)(void *))ac_future_unref, inner);
    ac_future_wait(inner, AC_FOREVER);
    SUPPORT_FAIL("reached");
    pthread_cleanup_pop(0);
    return 0;
}

START_TEST(s39_s55_so_do_tasks_that_run_in_place)
{
    ac_pool *pool = support_pool(1);
    const pthread_t old = thread_of(pool);

    atomic_store(&refusal, EAGAIN);
    for (int i = 0; i < 5; i++) {
        ac_future *f = support_submit(pool, nest_and_quit, pool);
        ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_EABORTED);
        ac_future_unref(f);
        ck_assert(pthread_equal(thread_of(pool), old));
    }
    support_pool_end(pool);
}
END_TEST

START_TEST(s48_s55_draining_goes_on)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    ac_future *f[10];
    size_t left = 99;

    support_hold_worker(&hold, pool);
    for (int i = 0; i < 10; i++)
        f[i] = support_submit(pool, i % 3 ? quit_task : support_nothing, pool);
    atomic_store(&refusal, EAGAIN);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 11);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, &left),
                     AC_OK);
    ck_assert_uint_eq(left, 0);
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(ac_future_status(f[i]), i % 3 ? AC_EABORTED : AC_OK);
        ac_future_unref(f[i]);
    }
    support_pool_end(pool);
}
END_TEST

/* ---- Hooks ---------------------------------------------------------- */

typedef struct hooked {
    atomic_int starts;
    atomic_int stops;
} hooked;

static int
start_hook(size_t worker, void *arg)
{
    hooked *h = arg;

    SUPPORT_CHECK_INT(worker, 0);
    SUPPORT_CHECK_INT(atomic_load(&h->stops), atomic_load(&h->starts));
    return atomic_fetch_add(&h->starts, 1);
}

static void
stop_hook(size_t worker, void *arg)
{
    hooked *h = arg;

    SUPPORT_CHECK_INT(worker, 0);
    SUPPORT_CHECK_INT(atomic_fetch_add(&h->stops, 1) + 1,
                      atomic_load(&h->starts));
}

START_TEST(s54_s55_it_stops_and_starts_all_the_same)
{
    ac_pool_attr *attr = NULL;
    ac_pool *pool = NULL;
    hooked h = {0};

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_hooks(attr, start_hook, stop_hook, &h),
                     AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &pool), AC_OK);
    ac_pool_attr_destroy(attr);
    for (int i = 0; i < 4; i++) {
        atomic_store(&refusal, i % 2 ? 0 : EAGAIN);
        quit_in(pool);
        thread_of(pool);
        ck_assert_int_eq(atomic_load(&h.starts), i + 2);
        ck_assert_int_eq(atomic_load(&h.stops), i + 1);
    }
    support_pool_end(pool);
    ck_assert_int_eq(atomic_load(&h.stops), 5);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("abort alone");
    TCase *tcase = support_tcase("alone");

    if (__real_pthread_create == NULL) {
        puts("skipped: the linker cannot wrap pthread_create()");
        exit(77);
    }
    tcase_add_checked_fixture(tcase, setup, setup);
    tcase_add_loop_test(tcase, s55_without_another_thread_the_old_one_goes_on,
                        0, 4);
    tcase_add_test(tcase, s55_it_is_replaced_when_there_are_threads_again);
    tcase_add_test(tcase, s55_all_workers_may_be_in_that_state);
    tcase_add_test(tcase, s55_it_may_go_on_ten_thousand_times);
    tcase_add_test(tcase, s39_s55_so_do_tasks_that_run_in_place);
    tcase_add_test(tcase, s48_s55_draining_goes_on);
    tcase_add_test(tcase, s54_s55_it_stops_and_starts_all_the_same);
    suite_add_tcase(suite, tcase);
    return suite;
}
