/*
 * A task that is run in place ends its thread: that ends every task on the
 * thread, however each of them waits for the next.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "quit.h"

enum way { BY_WAIT, BY_GET, BY_TAKE, BY_SET, BY_FIRST, BY_NEXT, BY_MANY, WAYS };

enum { DEPTH = 4 };

/* One tower of tasks; each level waits for the one above it. */
typedef struct tower {
    ac_pool *pool;
    enum way way;
    ac_future *levels[DEPTH]; /* references; [0] is the outermost */
    ac_iter *iters[DEPTH];    /* of the level that waits */
    support_counter cleaned;  /* levels whose cleanup handler ran */
    support_counter resumed;
} tower;

typedef struct level {
    tower *tower;
    int number;
} level;

static void
make_iter(tower *t, int waits, int closed)
{
    ac_future *above = t->levels[waits + 1];

    if (closed) {
        SUPPORT_CHECK_INT(ac_as_completed(&above, 1, &t->iters[waits]), AC_OK);
        return;
    }
    SUPPORT_CHECK_INT(ac_iter_open(&t->iters[waits]), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_add(t->iters[waits], above), AC_OK);
}

/* Never returns. */
static void
wait_above(tower *t, int waits)
{
    ac_future *const above = t->levels[waits + 1];
    ac_future *both[] = {above, above};
    void *result;
    size_t n;

    switch (t->way) {
    case BY_WAIT:
        ac_future_wait(above, AC_FOREVER);
        break;
    case BY_GET:
        ac_future_get(above, AC_FOREVER, &result);
        break;
    case BY_TAKE:
        ac_future_take(above, AC_FOREVER, &result);
        break;
    case BY_SET:
        ac_wait(both, 2, AC_ALL, AC_FOREVER, NULL);
        break;
    case BY_FIRST:
        ac_wait(both, 2, AC_FIRST, AC_FOREVER, NULL);
        break;
    case BY_NEXT:
        make_iter(t, waits, 1);
        ac_iter_next(t->iters[waits], AC_FOREVER, both);
        break;
    default:
        make_iter(t, waits, 0);
        ac_iter_next_many(t->iters[waits], both, 1, 2, AC_FOREVER, &n);
    }
    support_counter_add(&t->resumed);
}

/* The innermost goes first. */
static void
clean(void *arg)
{
    const level *l = arg;
    tower *t = l->tower;

    SUPPORT_CHECK_INT(support_counter_add(&t->cleaned), DEPTH - l->number);
    SUPPORT_CHECK_INT(ac_future_status(t->levels[l->number]), AC_EAGAIN);
    if (l->number + 1 < DEPTH)
        SUPPORT_CHECK_INT(ac_future_status(t->levels[l->number + 1]),
                          AC_EABORTED);
}

static int
climb(void *arg, void **result)
{
    level l = *(level *)arg;
    tower *t = l.tower;
    level above = {t, l.number + 1};

    *result = &t->levels[l.number];
    pthread_cleanup_push(clean, &l);
    if (above.number == DEPTH)
        pthread_exit(NULL);
    SUPPORT_CHECK_INT(
        ac_submit(t->pool, NULL, climb, &above, &t->levels[above.number]),
        AC_OK);
    wait_above(t, l.number);
    pthread_cleanup_pop(0);
    return 0;
}

static void
check_iter(ac_iter *iter, ac_future *member)
{
    ac_future *future = NULL;

    if (iter == NULL)
        return;
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &future), AC_OK);
    ck_assert_ptr_eq(future, member);
    ac_future_unref(future);
    ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    ac_iter_destroy(iter);
}

static void
check_tower(tower *t)
{
    void *result;

    for (int i = 0; i < DEPTH; i++) {
        ck_assert_int_eq(ac_future_get(t->levels[i], AC_FOREVER, &result),
                         AC_EABORTED);
        ck_assert_ptr_eq(result, &t->levels[i]);
    }
    for (int i = 0; i < DEPTH; i++) {
        if (i + 1 < DEPTH)
            check_iter(t->iters[i], t->levels[i + 1]);
        ac_future_unref(t->levels[i]);
    }
    ck_assert_uint_eq(support_counter_get(&t->cleaned), DEPTH);
    ck_assert_uint_eq(support_counter_get(&t->resumed), 0);
}

/* The submitter waits until the outermost can see its own future. */
static void
end_tower(ac_pool *pool, enum way way)
{
    tower t = {.pool = pool, .way = way};
    level bottom = {&t, 0};
    support_hold hold;
    uint64_t before[AC_STATS];
    uint64_t after[AC_STATS];

    support_counter_init(&t.cleaned);
    support_counter_init(&t.resumed);
    ck_assert_int_eq(ac_pool_stats(pool, before, AC_STATS), AC_OK);
    support_hold_worker(&hold, pool);
    t.levels[0] = support_submit(pool, climb, &bottom);
    support_hold_end(&hold);
    ck_assert_int_eq(ac_future_wait(t.levels[0], AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    check_tower(&t);
    ck_assert_int_eq(ac_pool_stats(pool, after, AC_STATS), AC_OK);
    ck_assert_uint_eq(after[AC_STAT_ABORTED] - before[AC_STAT_ABORTED], DEPTH);
    ck_assert_uint_eq(after[AC_STAT_BUSY], 0);
    support_counter_destroy(&t.cleaned);
    support_counter_destroy(&t.resumed);
}

START_TEST(s39_s55_all_tasks_on_the_thread_are_aborted)
{
    ac_pool *pool = support_pool(1);

    end_tower(pool, (enum way)_i);
    end_tower(pool, (enum way)_i);
    support_pool_end(pool);
}
END_TEST

/* ---- Those elsewhere are not ---------------------------------------- */

static int
wait_elsewhere(void *arg, void **result)
{
    ac_future *inner = NULL;
    int rc = 0;

    (void)result;
    SUPPORT_CHECK_INT(ac_submit(arg, NULL, quit_task, arg, &inner), AC_OK);
    SUPPORT_CHECK_INT(ac_future_get(inner, AC_FOREVER, NULL), AC_EABORTED);
    ac_future_unref(inner);
    return rc;
}

START_TEST(s55_one_that_waits_on_another_thread_goes_on)
{
    ac_pool *pool = support_pool(1);
    ac_pool *other = support_pool(1);
    ac_future *f = support_submit(pool, wait_elsewhere, other);

    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(f);
    support_pool_end(other);
    support_pool_end(pool);
}
END_TEST

/* One that runs in place ends well, and the one below ends the thread. */
static int
wait_then_quit(void *arg, void **result)
{
    ac_future *inner = NULL;

    SUPPORT_CHECK_INT(ac_submit(arg, NULL, support_echo, arg, &inner), AC_OK);
    SUPPORT_CHECK_INT(ac_future_get(inner, AC_FOREVER, NULL), AC_OK);
    ac_future_unref(inner);
    return quit_task(arg, result);
}

START_TEST(s55_one_that_has_returned_is_not_aborted)
{
    ac_pool *pool = support_pool(1);
    uint64_t stats[AC_STATS];
    ac_future *f = support_submit(pool, wait_then_quit, pool);

    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_EABORTED);
    ac_future_unref(f);
    ck_assert_int_eq(ac_pool_wait_idle(pool, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_pool_stats(pool, stats, AC_STATS), AC_OK);
    ck_assert_uint_eq(stats[AC_STAT_COMPLETED], 1);
    ck_assert_uint_eq(stats[AC_STAT_ABORTED], 1);
    support_pool_end(pool);
}
END_TEST

/* A consumer on another thread waits in the iterator in which the task below
 * waited: it is not forgotten when that one goes. */
typedef struct shared {
    ac_pool *pool;
    ac_iter *iter;
    ac_future *done;
} shared;

static void
consume(void *arg)
{
    shared *s = arg;

    SUPPORT_CHECK_INT(ac_iter_next(s->iter, AC_FOREVER, &s->done), AC_OK);
}

static int
wait_in_shared(void *arg, void **result)
{
    shared *s = arg;
    ac_future *future;

    (void)result;
    SUPPORT_CHECK_INT(
        ac_iter_submit(s->iter, s->pool, NULL, quit_task, s, AC_POLL, NULL),
        AC_OK);
    ac_iter_next(s->iter, AC_FOREVER, &future);
    return 0;
}

START_TEST(s21_s55_another_consumer_gets_what_ended_it)
{
    ac_pool *pool = support_pool(1);
    shared s = {.pool = pool};
    support_thread consumer;

    ck_assert_int_eq(ac_iter_open(&s.iter), AC_OK);
    support_thread_start(&consumer, consume, &s);
    support_thread_await_sleep(&consumer);
    ac_future *f = support_submit(pool, wait_in_shared, &s);
    ck_assert_int_eq(ac_future_get(f, AC_FOREVER, NULL), AC_EABORTED);
    support_thread_join(&consumer);
    ck_assert_int_eq(ac_future_status(s.done), AC_EABORTED);
    ac_future_unref(s.done);
    ac_future_unref(f);
    ac_iter_destroy(s.iter);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("abort in place");
    TCase *tcase = support_tcase("place");

    tcase_add_loop_test(tcase, s39_s55_all_tasks_on_the_thread_are_aborted, 0,
                        WAYS);
    tcase_add_test(tcase, s55_one_that_waits_on_another_thread_goes_on);
    tcase_add_test(tcase, s55_one_that_has_returned_is_not_aborted);
    tcase_add_test(tcase, s21_s55_another_consumer_gets_what_ended_it);
    suite_add_tcase(suite, tcase);
    return suite;
}
