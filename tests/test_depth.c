/*
 * Tasks inside tasks inside tasks: waits for oneself, how deep it goes, and
 * recursion that finishes on a pool of any size.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

/* ---- Oneself -------------------------------------------------------- */

typedef struct stage {
    ac_pool *pool;
    ac_future *outer; /* the task's own future */
    support_gate known;
    int ran;
} stage;

static void
stage_run(stage *s, ac_task_fn *fn)
{
    s->pool = support_pool(1);
    s->ran = 0;
    support_gate_init(&s->known);
    s->outer = support_submit(s->pool, fn, s);
    support_gate_open(&s->known);
    ck_assert_int_eq(ac_future_wait(s->outer, AC_FOREVER), AC_OK);
    support_pool_end(s->pool);
    ac_future_unref(s->outer);
    support_gate_destroy(&s->known);
}

/* Every wait for that one future, with that deadline, is refused. */
static void
check_refused(ac_future *self, ac_deadline deadline)
{
    ac_iter *iter = NULL;
    ac_future *done = NULL;
    void *result = &iter;
    size_t n = 99;

    SUPPORT_CHECK_INT(ac_future_wait(self, deadline), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_future_get(self, deadline, &result), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_future_take(self, deadline, &result), AC_EDEADLK);
    SUPPORT_CHECK(result == &iter);
    for (int mode = AC_ALL; mode <= AC_FIRST_ERROR; mode++)
        SUPPORT_CHECK_INT(ac_wait(&self, 1, (ac_wait_mode)mode, deadline, &n),
                          AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_as_completed(&self, 1, &iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, deadline, &done), AC_EDEADLK);
    SUPPORT_CHECK_INT(ac_iter_next_many(iter, &done, 1, 1, deadline, &n),
                      AC_EDEADLK);
    SUPPORT_CHECK(done == NULL);
    SUPPORT_CHECK_INT(n, 99);
    SUPPORT_CHECK_INT(ac_iter_remaining(iter), 1);
    ac_iter_destroy(iter);
}

static void
check_refused_always(ac_future *self)
{
    check_refused(self, AC_FOREVER);
    check_refused(self, AC_POLL);
    check_refused(self, INT64_MIN);
    check_refused(self, support_far());
    check_refused(self, ac_now());
}

static int
wait_for_self(void *arg, void **result)
{
    stage *s = arg;

    (void)result;
    support_gate_wait(&s->known);
    check_refused_always(s->outer);
    SUPPORT_CHECK_INT(ac_future_status(s->outer), AC_EAGAIN);
    return 0;
}

START_TEST(s39_a_wait_for_oneself_is_refused_whatever_the_deadline)
{
    stage s;

    stage_run(&s, wait_for_self);
}
END_TEST

static int
wait_for_ancestor(void *arg, void **result)
{
    stage *s = arg;

    (void)result;
    s->ran++;
    check_refused_always(s->outer);
    return 0;
}

static int
wait_for_child(void *arg, void **result)
{
    stage *s = arg;
    ac_future *child = NULL;

    (void)result;
    SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, wait_for_ancestor, s, &child),
                      AC_OK);
    SUPPORT_CHECK_INT(ac_future_get(child, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(child);
    SUPPORT_CHECK_INT(s->ran, 1);
    return 0;
}

static int
call_wait_for_child(void *arg, void **result)
{
    stage *s = arg;

    support_gate_wait(&s->known);
    return wait_for_child(arg, result);
}

START_TEST(s39_a_task_that_waits_for_us_counts_as_oneself)
{
    stage s;

    stage_run(&s, call_wait_for_child);
}
END_TEST

static int
count_here(void *arg, void **result)
{
    stage *s = arg;

    (void)result;
    s->ran++;
    return 0;
}

/* Oneself among others: refused only when nothing else can end the wait. */
static int
wait_for_self_and_another(void *arg, void **result)
{
    stage *s = arg;
    ac_future *both[2] = {NULL, NULL};
    ac_future *done = NULL;
    ac_iter *iter = NULL;
    size_t which = 99;

    (void)result;
    support_gate_wait(&s->known);
    both[0] = s->outer;
    SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, count_here, s, &both[1]), AC_OK);
    SUPPORT_CHECK_INT(ac_wait(both, 2, AC_FIRST, AC_FOREVER, &which), AC_OK);
    SUPPORT_CHECK_INT(which, 1);
    SUPPORT_CHECK_INT(ac_wait(both, 2, AC_ALL, AC_FOREVER, &which), AC_EDEADLK);
    ac_future_unref(both[1]);
    SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, count_here, s, &both[1]), AC_OK);
    SUPPORT_CHECK_INT(ac_as_completed(both, 2, &iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
    SUPPORT_CHECK(done == both[1]);
    ac_future_unref(done);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &done), AC_EDEADLK);
    ac_iter_destroy(iter);
    ac_future_unref(both[1]);
    SUPPORT_CHECK_INT(s->ran, 2);
    return 0;
}

START_TEST(s39_oneself_among_others_is_no_obstacle)
{
    stage s;

    stage_run(&s, wait_for_self_and_another);
}
END_TEST

/* An open iterator may still be given something else. */
static int
poll_open_with_self(void *arg, void **result)
{
    stage *s = arg;
    ac_iter *iter = NULL;
    ac_future *done = NULL;

    (void)result;
    support_gate_wait(&s->known);
    SUPPORT_CHECK_INT(ac_iter_open(&iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_add(iter, s->outer), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_POLL, &done), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_iter_close(iter), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &done), AC_EDEADLK);
    ac_iter_destroy(iter);
    return 0;
}

START_TEST(s39_an_open_iterator_with_oneself_is_not_refused)
{
    stage s;

    stage_run(&s, poll_open_with_self);
}
END_TEST

/* ---- Depth ---------------------------------------------------------- */

enum { CHAIN = 100000, LINKS = AC_MAX_NESTING + 8 };

static ac_pool *chain_pool;
static support_counter chain_counter;
static ac_future *links[LINKS]; /* a reference each; before the count */
static int chain_ran;           /* the only worker's */
static long chain_tid;          /* before the count */

/* Each submits the next one, and waits for it. */
static int
chain_task(void *arg, void **result)
{
    const int k = chain_ran++;
    ac_future *next = NULL;

    (void)arg;
    (void)result;
    if (k + 1 >= CHAIN)
        return 0;
    SUPPORT_CHECK_INT(ac_submit(chain_pool, NULL, chain_task, NULL, &next),
                      AC_OK);
    chain_tid = support_tid();
    if (k < LINKS)
        links[k] = ac_future_ref(next);
    support_counter_add(&chain_counter);
    SUPPORT_CHECK_INT(ac_future_wait(next, AC_FOREVER), AC_OK);
    ac_future_unref(next);
    return 0;
}

START_TEST(s39_a_chain_of_waits_blocks_before_it_overflows)
{
    chain_pool = support_pool(1);
    support_counter_init(&chain_counter);
    ac_future *first = support_submit(chain_pool, chain_task, NULL);

    /* The first one is not in place, so that one more may run. */
    support_counter_wait(&chain_counter, AC_MAX_NESTING + 1);
    support_tid_await_sleep(chain_tid);
    ck_assert_uint_eq(support_counter_get(&chain_counter), AC_MAX_NESTING + 1);
    ck_assert_int_eq(ac_future_status(links[AC_MAX_NESTING]), AC_EAGAIN);
    ck_assert_int_eq(ac_future_cancel(links[AC_MAX_NESTING]), AC_OK);
    ck_assert_int_eq(ac_future_get(first, AC_FOREVER, NULL), AC_OK);
    ck_assert_int_eq(chain_ran, AC_MAX_NESTING + 1);
    for (int i = 0; i < AC_MAX_NESTING; i++)
        ck_assert_int_eq(ac_future_status(links[i]), AC_OK);
    for (int i = 0; i < LINKS; i++)
        ac_future_unref(links[i]);
    ac_future_unref(first);
    support_pool_end(chain_pool);
    support_counter_destroy(&chain_counter);
}
END_TEST

static int
wait_many_times(void *arg, void **result)
{
    stage *s = arg;

    (void)result;
    for (int i = 0; i < CHAIN / 10; i++) {
        ac_future *f = NULL;
        SUPPORT_CHECK_INT(ac_submit(s->pool, NULL, count_here, s, &f), AC_OK);
        SUPPORT_CHECK_INT(ac_future_wait(f, AC_FOREVER), AC_OK);
        ac_future_unref(f);
    }
    SUPPORT_CHECK_INT(s->ran, CHAIN / 10);
    return 0;
}

START_TEST(s39_depth_is_given_back_after_each_wait)
{
    stage s;

    stage_run(&s, wait_many_times);
}
END_TEST

/* ---- Recursion ------------------------------------------------------ */

typedef struct fib {
    ac_pool *pool;
    int n;
    int how;
} fib;

static void
fib_collect(const fib *job, ac_future *const both[2], intptr_t *sum)
{
    void *value = NULL;
    ac_iter *iter = NULL;

    if (job->how != 1) {
        if (job->how == 2)
            SUPPORT_CHECK_INT(ac_wait(both, 2, AC_ALL, AC_FOREVER, NULL),
                              AC_OK);
        for (int i = 0; i < 2; i++) {
            SUPPORT_CHECK_INT(ac_future_get(both[i], AC_FOREVER, &value),
                              AC_OK);
            *sum += (intptr_t)value;
        }
        return;
    }
    SUPPORT_CHECK_INT(ac_as_completed(both, 2, &iter), AC_OK);
    for (int i = 0; i < 2; i++) {
        ac_future *done = NULL;
        SUPPORT_CHECK_INT(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
        SUPPORT_CHECK_INT(ac_future_get(done, AC_POLL, &value), AC_OK);
        *sum += (intptr_t)value;
        ac_future_unref(done);
    }
    ac_iter_destroy(iter);
}

static int
fib_task(void *arg, void **result)
{
    const fib *job = arg;
    ac_future *both[2] = {NULL, NULL};
    fib less[2] = {*job, *job};
    intptr_t sum = 0;

    if (job->n < 2) {
        *result = (void *)(intptr_t)job->n;
        return 0;
    }
    for (int i = 0; i < 2; i++) {
        less[i].n = job->n - 1 - i;
        SUPPORT_CHECK_INT(
            ac_submit(job->pool, NULL, fib_task, &less[i], &both[i]), AC_OK);
    }
    fib_collect(job, both, &sum);
    for (int i = 0; i < 2; i++)
        ac_future_unref(both[i]);
    *result = (void *)sum;
    return 0;
}

START_TEST(s39_recursion_finishes_on_a_pool_of_any_size)
{
    const size_t workers[] = {1, 2, 8};
    fib job = {support_pool(workers[_i % 3]), 20, _i / 3};
    void *value = NULL;
    intptr_t expected = 6765;

    if (support_instrumented()) {
        job.n = 14;
        expected = 377;
    }
    ac_future *f = support_submit(job.pool, fib_task, &job);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, &value), AC_OK);
    ck_assert_int_eq((intptr_t)value, expected);
    ac_future_unref(f);
    support_pool_end(job.pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("depth");
    TCase *tcase = support_tcase("oneself");

    tcase_add_test(tcase,
                   s39_a_wait_for_oneself_is_refused_whatever_the_deadline);
    tcase_add_test(tcase, s39_a_task_that_waits_for_us_counts_as_oneself);
    tcase_add_test(tcase, s39_oneself_among_others_is_no_obstacle);
    tcase_add_test(tcase, s39_an_open_iterator_with_oneself_is_not_refused);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("depth");
    tcase_add_test(tcase, s39_a_chain_of_waits_blocks_before_it_overflows);
    tcase_add_test(tcase, s39_depth_is_given_back_after_each_wait);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("recursion");
    tcase_add_loop_test(tcase, s39_recursion_finishes_on_a_pool_of_any_size, 0,
                        9);
    suite_add_tcase(suite, tcase);
    return suite;
}
