/*
 * The bound of a pool's queue: how exact it is, what is said when the queue is
 * full, and what makes room.  (Who stands in line, and
 * what the clock does: test_line.c; who never waits: test_room.c.)
 *
 * SPDX-License-Identifier: MIT
 */
#include "submitter.h"

/* ---- Exact ---------------------------------------------------------- */

START_TEST(s45_as_many_as_the_capacity_and_not_one_more)
{
    const size_t capacities[] = {1, 2, 7};
    const size_t capacity = capacities[_i];
    full_pool full;
    ac_future *f = (ac_future *)&full;

    full_pool_init(&full, capacity, 0);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_QUEUED), capacity);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            ac_submit(full.pool, NULL, support_count, &full.ran, &f),
            AC_EAGAIN);
    ck_assert_ptr_eq(f, &full);
    /* The one that runs does not count; one canceled makes room for one. */
    full_pool_cancel(&full, capacity - 1);
    ck_assert_int_eq(ac_submit(full.pool, NULL, support_count, &full.ran, NULL),
                     AC_OK);
    ck_assert_int_eq(ac_submit(full.pool, NULL, support_count, &full.ran, NULL),
                     AC_EAGAIN);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_QUEUED), capacity);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_QUEUED_MAX), capacity);
    ck_assert_uint_eq(full_pool_end(&full), capacity);
}
END_TEST

START_TEST(without_a_capacity_there_is_always_room)
{
    ac_pool *pool = bounded_pool(1, 0);
    support_hold hold;

    support_hold_worker(&hold, pool);
    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, support_nothing, NULL, NULL),
                         AC_OK);
    ck_assert_uint_eq(stat_of(pool, AC_STAT_QUEUED_MAX), 10000);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

typedef struct crowd {
    ac_pool *pool;
    support_barrier start;
    support_counter accepted;
    support_counter ran;
} crowd;

enum { CROWD = 4, EACH = 200 };

static void
push_in(void *arg)
{
    crowd *c = arg;

    support_barrier_wait(&c->start);
    for (int i = 0; i < EACH; i++) {
        const int rc = ac_submit(c->pool, NULL, support_count, &c->ran, NULL);
        SUPPORT_CHECK(rc == AC_OK || rc == AC_EAGAIN);
        if (rc == AC_OK)
            support_counter_add(&c->accepted);
    }
}

START_TEST(s45_the_bound_is_exact_also_when_many_push)
{
    enum { CAPACITY = 50 };
    crowd c = {.pool = bounded_pool(1, CAPACITY)};
    support_thread threads[CROWD];
    support_hold hold;

    support_hold_worker(&hold, c.pool);
    support_barrier_init(&c.start, CROWD);
    support_counter_init(&c.accepted);
    support_counter_init(&c.ran);
    for (int i = 0; i < CROWD; i++)
        support_thread_start(&threads[i], push_in, &c);
    for (int i = 0; i < CROWD; i++)
        support_thread_join(&threads[i]);
    ck_assert_uint_eq(support_counter_get(&c.accepted), CAPACITY);
    ck_assert_uint_eq(stat_of(c.pool, AC_STAT_QUEUED_MAX), CAPACITY);
    ck_assert_uint_eq(stat_of(c.pool, AC_STAT_REJECTED),
                      CROWD * EACH - CAPACITY);
    support_hold_end(&hold);
    support_pool_end(c.pool);
    ck_assert_uint_eq(support_counter_get(&c.ran), CAPACITY);
    support_barrier_destroy(&c.start);
    support_counter_destroy(&c.accepted);
    support_counter_destroy(&c.ran);
}
END_TEST

/* ---- What is said --------------------------------------------------- */

START_TEST(s43_s44_a_deadline_past_is_a_poll_and_nothing_is_touched)
{
    const ac_deadline past[] = {AC_POLL, 1, -1, INT64_MIN, ac_now()};
    ac_task_attr *attr = NULL;
    ac_iter *iter = NULL;
    support_counter freed;
    full_pool full;

    support_counter_init(&freed);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, count_freed), AC_OK);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    full_pool_init(&full, 2, 0);
    for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++) {
        ac_future *f = (ac_future *)&full;
        ck_assert_int_eq(ac_submit_until(full.pool, attr, support_count, &freed,
                                         past[i], &f),
                         AC_ETIMEDOUT);
        ck_assert_int_eq(ac_iter_submit(iter, full.pool, attr, support_count,
                                        &freed, past[i], &f),
                         AC_ETIMEDOUT);
        ck_assert_int_eq(ac_iter_submit(iter, full.pool, attr, support_count,
                                        &freed, past[i], NULL),
                         AC_ETIMEDOUT);
        ck_assert_ptr_eq(f, &full);
        ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    }
    ck_assert_uint_eq(full_pool_end(&full), 2);
    ac_iter_destroy(iter);
    ac_task_attr_destroy(attr);
    ck_assert_uint_eq(support_counter_get(&freed), 0);
    support_counter_destroy(&freed);
}
END_TEST

START_TEST(s6_s44_it_waits_until_the_deadline_and_never_less)
{
    full_pool full;
    ac_iter *iter = NULL;
    void *args[1] = {NULL};

    full_pool_init(&full, 1, 0);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    for (int i = 0; i < 5; i++) {
        ac_deadline by = ac_deadline_in_ms(3);
        ck_assert_int_eq(
            ac_submit_until(full.pool, NULL, support_nothing, NULL, by, NULL),
            AC_ETIMEDOUT);
        ck_assert_int_ge(ac_now(), by);
        by = ac_deadline_in_ms(3);
        ck_assert_int_eq(
            ac_submit_many(full.pool, NULL, support_nothing, args, 1, by, NULL),
            AC_ETIMEDOUT);
        ck_assert_int_ge(ac_now(), by);
        by = ac_deadline_in_ms(3);
        ck_assert_int_eq(ac_iter_submit(iter, full.pool, NULL, support_nothing,
                                        NULL, by, NULL),
                         AC_ETIMEDOUT);
        ck_assert_int_ge(ac_now(), by);
    }
    ac_iter_destroy(iter);
    ck_assert_uint_eq(full_pool_end(&full), 1);
}
END_TEST

/* ---- What makes room ------------------------------------------------ */

START_TEST(s44_a_worker_that_takes_one_makes_room)
{
    submitter s = {.room_by = support_far()};
    full_pool full;

    full_pool_init(&full, 1, 0);
    submitter_start(&s, full.pool, 1);
    support_hold_release(&full.hold);
    submitter_end(&s, AC_OK);
    ck_assert_uint_eq(full_pool_end(&full), 1);
}
END_TEST

/* It is seen canceled by one who was told, through a wait, an iterator or a
 * callback; by then there is room, whatever the workers do. */
START_TEST(s26_who_learns_of_a_cancel_can_submit)
{
    ac_iter *iter = NULL;
    ac_future *done = NULL;
    full_pool full;

    full_pool_init(&full, 3, 0);
    ck_assert_int_eq(ac_as_completed(full.queued, 3, &iter), AC_OK);
    for (size_t i = 0; i < 3; i++) {
        full_pool_cancel(&full, 2 - i);
        ck_assert_int_eq(ac_iter_next(iter, AC_POLL, &done), AC_OK);
        ck_assert_ptr_eq(done, full.queued[2 - i]);
        ck_assert_int_eq(
            ac_submit(full.pool, NULL, support_count, &full.ran, NULL), AC_OK);
        ck_assert_int_eq(
            ac_submit(full.pool, NULL, support_count, &full.ran, NULL),
            AC_EAGAIN);
        ac_future_unref(done);
    }
    ac_iter_destroy(iter);
    ck_assert_uint_eq(full_pool_end(&full), 3);
}
END_TEST

typedef struct relay {
    ac_pool *pool;
    ac_iter *iter;
} relay;

/* Whatever comes out was canceled: its room is taken anew. */
static void
resubmit(void *arg)
{
    relay *r = arg;
    ac_future *done = NULL;

    while (ac_iter_next(r->iter, AC_FOREVER, &done) == AC_OK) {
        SUPPORT_CHECK_INT(ac_future_status(done), AC_ECANCELED);
        ac_future_unref(done);
        SUPPORT_CHECK_INT(ac_iter_submit(r->iter, r->pool, NULL,
                                         support_nothing, NULL, AC_POLL, NULL),
                          AC_OK);
    }
}

START_TEST(s26_also_if_another_thread_cancels)
{
    enum { CAPACITY = 4 };
    const int rounds = support_instrumented() ? 200 : 1000;
    relay r = {.pool = bounded_pool(1, CAPACITY)};
    support_thread consumer;
    support_hold hold;

    support_hold_worker(&hold, r.pool);
    ck_assert_int_eq(ac_iter_open(&r.iter), AC_OK);
    for (int i = 0; i < CAPACITY; i++)
        ck_assert_int_eq(ac_iter_submit(r.iter, r.pool, NULL, support_nothing,
                                        NULL, AC_POLL, NULL),
                         AC_OK);
    support_thread_start(&consumer, resubmit, &r);
    for (int i = 0; i < rounds; i++)
        ck_assert_int_eq(ac_iter_cancel(r.iter), AC_OK);
    /* Nothing completes from here on: the last that was canceled came out. */
    while (stat_of(r.pool, AC_STAT_QUEUED) != CAPACITY)
        sched_yield();
    ck_assert_int_eq(ac_iter_abandon(r.iter), AC_OK);
    support_thread_join(&consumer);
    ck_assert_uint_eq(stat_of(r.pool, AC_STAT_REJECTED), 0);
    ck_assert_uint_eq(stat_of(r.pool, AC_STAT_QUEUED_MAX), CAPACITY);
    ac_iter_destroy(r.iter);
    support_hold_end(&hold);
    support_pool_end(r.pool);
}
END_TEST

/* ---- Suite ---------------------------------------------------------- */

Suite *
test_suite(void)
{
    Suite *suite = suite_create("capacity");
    TCase *tcase = support_tcase("exact");

    tcase_add_loop_test(tcase, s45_as_many_as_the_capacity_and_not_one_more, 0,
                        3);
    tcase_add_test(tcase, without_a_capacity_there_is_always_room);
    tcase_add_test(tcase, s45_the_bound_is_exact_also_when_many_push);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("what is said");
    tcase_add_test(tcase,
                   s43_s44_a_deadline_past_is_a_poll_and_nothing_is_touched);
    tcase_add_test(tcase, s6_s44_it_waits_until_the_deadline_and_never_less);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("what makes room");
    tcase_add_test(tcase, s44_a_worker_that_takes_one_makes_room);
    tcase_add_test(tcase, s26_who_learns_of_a_cancel_can_submit);
    tcase_add_test(tcase, s26_also_if_another_thread_cancels);
    suite_add_tcase(suite, tcase);
    return suite;
}
