/*
 * fork() seen from outside of tasks: in the child every function says that
 * what it inherited is dead, at once, whatever other threads held when the
 * process forked; what the child makes itself works; the parent notices
 * nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <stdlib.h>

#include "cache.h"
#include "child.h"
#include "heritage.h"
#include "iter.h"
#include "pool.h"

CHILD_TSAN_OPTIONS("die_after_fork=0")

/* ---- Every function ------------------------------------------------- */

static void
see_that_all_is_dead(void *arg)
{
    heritage *h = arg;

    heritage_pool_is_dead(h);
    heritage_futures_are_dead(h);
    heritage_promise_is_dead(h);
    heritage_iters_are_dead(h);
    heritage_let_go(h);
}

START_TEST(s56_every_function_says_that_it_is_dead)
{
    heritage h;

    heritage_make(&h);
    ck_assert_int_eq(child_run(see_that_all_is_dead, &h), 0);
    heritage_end(&h);
}
END_TEST

/* ---- Whatever was locked -------------------------------------------- */

static void
lock_stripes(struct aci_cache *cache)
{
    for (size_t i = 0; i < cache->n_stripes; i++)
        aci_lock(&cache->stripes[i].mu);
}

static void
unlock_stripes(struct aci_cache *cache)
{
    for (size_t i = 0; i < cache->n_stripes; i++)
        aci_unlock(&cache->stripes[i].mu);
}

START_TEST(s56_at_once_even_if_every_lock_was_held)
{
    heritage h;

    heritage_make(&h);
    lock_stripes(h.pool->cache);
    lock_stripes(h.promised->cache);
    aci_lock(&h.open->mu);
    aci_lock(&h.set->mu);
    aci_lock(&h.pool->mu);
    const pid_t pid = child_start(see_that_all_is_dead, &h);
    aci_unlock(&h.pool->mu);
    aci_unlock(&h.set->mu);
    aci_unlock(&h.open->mu);
    unlock_stripes(h.promised->cache);
    unlock_stripes(h.pool->cache);
    ck_assert_int_eq(child_end(pid), 0);
    heritage_end(&h);
}
END_TEST

/* ---- While others are at it ----------------------------------------- */

typedef struct hammer {
    heritage *h;
    atomic_bool stop;
} hammer;

static void
hammer_pool(void *arg)
{
    hammer *m = arg;

    while (!atomic_load(&m->stop)) {
        ac_future *future;
        SUPPORT_CHECK_INT(
            ac_submit(m->h->pool, NULL, support_nothing, NULL, &future), AC_OK);
        ac_future_status(future);
        SUPPORT_CHECK_INT(ac_future_cancel(future), AC_OK);
        ac_future_unref(future);
        SUPPORT_CHECK_INT(ac_pool_wait_idle(m->h->pool, AC_POLL), AC_ETIMEDOUT);
    }
}

static void
hammer_iters(void *arg)
{
    hammer *m = arg;

    while (!atomic_load(&m->stop)) {
        ac_iter *iter;
        ac_future *future;
        SUPPORT_CHECK_INT(ac_iter_open(&iter), AC_OK);
        SUPPORT_CHECK_INT(ac_iter_add(iter, m->h->queued), AC_OK);
        SUPPORT_CHECK_INT(ac_iter_add(iter, m->h->promised), AC_OK);
        SUPPORT_CHECK_INT(ac_iter_next(iter, AC_POLL, &future), AC_ETIMEDOUT);
        SUPPORT_CHECK_INT(ac_iter_next(m->h->set, AC_POLL, &future),
                          AC_ETIMEDOUT);
        ac_iter_remaining(m->h->open);
        ac_iter_destroy(iter);
    }
}

static void
hammer_makers(void *arg)
{
    hammer *m = arg;

    while (!atomic_load(&m->stop)) {
        ac_pool *pool;
        ac_promise *promise;
        ac_future *future;
        SUPPORT_CHECK_INT(ac_pool_create(1, NULL, &pool), AC_OK);
        SUPPORT_CHECK_INT(ac_promise_create(NULL, NULL, &promise, &future),
                          AC_OK);
        SUPPORT_CHECK_INT(ac_promise_resolve(promise, NULL), AC_OK);
        ac_promise_destroy(promise);
        ac_future_unref(future);
        SUPPORT_CHECK_INT(ac_pool_destroy(pool), AC_OK);
    }
}

/* Other threads may hold locks of the C library and of a sanitizer too; glibc
 * takes care of its own. */
static void
see_and_make(void *arg)
{
    see_that_all_is_dead(arg);
    if (!support_instrumented())
        heritage_of_ones_own();
}

START_TEST(s56_at_once_while_others_are_at_it)
{
    static void (*const fns[])(void *) = {hammer_pool, hammer_iters,
                                          hammer_makers};
    support_thread threads[3];
    heritage h;
    hammer m = {.h = &h};

    heritage_make(&h);
    for (int i = 0; i < 3; i++)
        support_thread_start(&threads[i], fns[i], &m);
    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(child_run(see_and_make, &h), 0);
    atomic_store(&m.stop, true);
    for (int i = 0; i < 3; i++)
        support_thread_join(&threads[i]);
    heritage_end(&h);
}
END_TEST

/* Several threads fork at the same time. */
static void
fork_some(void *arg)
{
    for (int i = 0; i < 5; i++)
        SUPPORT_CHECK_INT(child_run(see_that_all_is_dead, arg), 0);
}

START_TEST(s56_several_threads_may_fork)
{
    support_thread threads[3];
    heritage h;

    heritage_make(&h);
    for (int i = 0; i < 3; i++)
        support_thread_start(&threads[i], fork_some, &h);
    for (int i = 0; i < 3; i++)
        support_thread_join(&threads[i]);
    heritage_end(&h);
}
END_TEST

/* ---- What the child makes ------------------------------------------- */

static void
make_ones_own(void *arg)
{
    heritage *h = arg;

    for (int i = 0; i < 3; i++)
        heritage_of_ones_own();
    heritage_pool_is_dead(h);
    CHILD_MUST(support_thread_count() <= 1 || support_instrumented());
}

START_TEST(s56_what_the_child_makes_works)
{
    heritage h;

    heritage_make(&h);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(child_run(make_ones_own, &h), 0);
    heritage_end(&h);
}
END_TEST

static void
exit_cleanly(void *arg)
{
    make_ones_own(arg);
    exit(0);
}

START_TEST(s56_the_child_exits_cleanly)
{
    static heritage h;

    heritage_make(&h);
    ck_assert_int_eq(child_run(exit_cleanly, &h), 0);
    heritage_end(&h);
}
END_TEST

/* An iterator of the child's over futures of its parent's, and so on: one dead
 * hand in a call is enough, and nothing is left registered. */
static void
mix(void *arg)
{
    heritage *h = arg;
    ac_pool *pool = NULL;
    ac_iter *iter = NULL;
    ac_future *own = NULL;

    CHILD_MUST(ac_pool_create(1, NULL, &pool) == AC_OK);
    CHILD_MUST(ac_iter_open(&iter) == AC_OK);
    CHILD_MUST(ac_submit(pool, NULL, support_nothing, NULL, &own) == AC_OK);
    heritage_mixed_is_dead(h, pool, iter, own);
    CHILD_MUST(ac_iter_remaining(iter) == 0);
    CHILD_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    CHILD_MUST(ac_future_status(own) == AC_OK);
    ac_future_unref(own);
    ac_iter_destroy(iter);
    CHILD_MUST(ac_pool_destroy(pool) == AC_OK);
}

START_TEST(s56_one_dead_hand_is_enough)
{
    heritage h;

    heritage_make(&h);
    ck_assert_int_eq(child_run(mix, &h), 0);
    heritage_end(&h);
}
END_TEST

/* ---- Generations ---------------------------------------------------- */

typedef struct generations {
    heritage *grandparents;
    heritage *parents;
} generations;

static void
grandchild(void *arg)
{
    generations *g = arg;

    see_that_all_is_dead(g->grandparents);
    see_that_all_is_dead(g->parents);
    heritage_of_ones_own();
}

static void
child(void *arg)
{
    heritage own;
    generations g = {arg, &own};

    heritage_make(&own);
    CHILD_MUST(child_run(grandchild, &g) == 0);
    heritage_pool_is_dead(g.grandparents);
    heritage_end(&own);
}

START_TEST(s56_a_grandchild_has_two_dead_generations)
{
    heritage h;

    heritage_make(&h);
    ck_assert_int_eq(child_run(child, &h), 0);
    heritage_end(&h);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("fork");
    TCase *tcase = support_tcase("inherited");

    if (CHILD_NO_THREADS) {
        puts("skipped: gcc's ThreadSanitizer ends a child with threads");
        exit(77);
    }
    tcase_add_test(tcase, s56_every_function_says_that_it_is_dead);
    tcase_add_test(tcase, s56_at_once_even_if_every_lock_was_held);
    tcase_add_test(tcase, s56_at_once_while_others_are_at_it);
    tcase_add_test(tcase, s56_several_threads_may_fork);
    tcase_add_test(tcase, s56_one_dead_hand_is_enough);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("own");
    tcase_add_test(tcase, s56_what_the_child_makes_works);
    tcase_add_test(tcase, s56_the_child_exits_cleanly);
    tcase_add_test(tcase, s56_a_grandchild_has_two_dead_generations);
    suite_add_tcase(suite, tcase);
    return suite;
}
