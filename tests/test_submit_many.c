/*
 * Many at once: all or nothing, in their order and with nobody in between, and
 * what is said when there is no room for all.
 *
 * SPDX-License-Identifier: MIT
 */
#include "submitter.h"

#include <string.h>

enum { MANY = 5 };

/* ---- All ------------------------------------------------------------ */

/* Where the tasks of a pool of one worker leave their numbers. */
typedef struct book {
    size_t n;
    int numbers[512];
} book;

typedef struct line {
    book *book;
    int number;
} line;

static int
write_line(void *arg, void **result)
{
    const line *l = arg;

    l->book->numbers[l->book->n++] = l->number;
    *result = arg;
    return 0;
}

START_TEST(each_gets_its_argument_and_they_start_in_order)
{
    ac_pool *pool = support_pool(1);
    ac_future *futures[MANY] = {NULL};
    book all = {.n = 0};
    line lines[MANY];
    void *args[MANY];
    void *result = NULL;

    for (int i = 0; i < MANY; i++) {
        lines[i] = (line){&all, i};
        args[i] = &lines[i];
    }
    ck_assert_int_eq(
        ac_submit_many(pool, NULL, write_line, args, MANY, AC_POLL, futures),
        AC_OK);
    memset(args, 0, sizeof(args)); /* they were copied */
    for (int i = 0; i < MANY; i++) {
        ck_assert_ptr_eq(ac_future_arg(futures[i]), &lines[i]);
        ck_assert_int_eq(ac_future_get(futures[i], AC_FOREVER, &result), AC_OK);
        ck_assert_ptr_eq(result, &lines[i]);
        ac_future_unref(futures[i]);
        ck_assert_int_eq(all.numbers[i], i);
    }
    support_pool_end(pool);
    ck_assert_uint_eq(all.n, MANY);
}
END_TEST

START_TEST(nobody_needs_to_ask_for_the_futures)
{
    support_counter ran;
    support_counter_init(&ran);
    ac_pool *pool = support_pool(2);
    void *args[MANY] = {&ran, &ran, &ran, &ran, &ran};

    ck_assert_int_eq(
        ac_submit_many(pool, NULL, support_count, args, MANY, AC_FOREVER, NULL),
        AC_OK);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&ran), MANY);
    support_counter_destroy(&ran);
}
END_TEST

typedef struct writer {
    support_thread thread;
    support_barrier *start;
    ac_pool *pool;
    book *book;
    int who;
} writer;

enum { WRITERS = 3, BATCHES = 12, BATCH = 12 };

static void
write_batches(void *arg)
{
    const writer *w = arg;
    line lines[BATCH];
    void *args[BATCH];
    ac_future *futures[BATCH];

    for (int i = 0; i < BATCH; i++) {
        lines[i] = (line){w->book, w->who * BATCH + i};
        args[i] = &lines[i];
    }
    support_barrier_wait(w->start);
    for (int b = 0; b < BATCHES; b++) {
        SUPPORT_CHECK_INT(ac_submit_many(w->pool, NULL, write_line, args, BATCH,
                                         AC_FOREVER, futures),
                          AC_OK);
        for (int i = 0; i < BATCH; i++) {
            SUPPORT_CHECK_INT(ac_future_wait(futures[i], AC_FOREVER), AC_OK);
            ac_future_unref(futures[i]);
        }
    }
}

/* With a capacity that makes them wait for each other (1), or none (0). */
START_TEST(no_other_gets_between_them)
{
    ac_pool *pool = bounded_pool(1, _i == 1 ? BATCH + BATCH / 2 : 0);
    writer writers[WRITERS];
    support_barrier start;
    static book all;

    all.n = 0;
    support_barrier_init(&start, WRITERS);
    for (int i = 0; i < WRITERS; i++) {
        writers[i] =
            (writer){.start = &start, .pool = pool, .book = &all, .who = i};
        support_thread_start(&writers[i].thread, write_batches, &writers[i]);
    }
    for (int i = 0; i < WRITERS; i++)
        support_thread_join(&writers[i].thread);
    support_pool_end(pool);
    ck_assert_uint_eq(all.n, WRITERS * BATCHES * BATCH);
    for (size_t i = 0; i < all.n; i++) {
        ck_assert_int_eq(all.numbers[i] % BATCH, (int)(i % BATCH));
        ck_assert_int_eq(all.numbers[i] / BATCH,
                         all.numbers[i - i % BATCH] / BATCH);
    }
    support_barrier_destroy(&start);
}
END_TEST

/* ---- Nothing -------------------------------------------------------- */

typedef struct refusal {
    ac_task_attr *attr; /* counts what it frees */
    support_counter count;
    void *args[MANY];
    ac_future *futures[MANY];
} refusal;

static void
refusal_init(refusal *r)
{
    support_counter_init(&r->count);
    ck_assert_int_eq(ac_task_attr_create(&r->attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(r->attr, count_freed), AC_OK);
    for (int i = 0; i < MANY; i++) {
        r->args[i] = &r->count;
        r->futures[i] = (ac_future *)r;
    }
}

/* Nothing ran, nothing was freed, nothing was written. */
static void
refusal_end(refusal *r)
{
    for (int i = 0; i < MANY; i++) {
        ck_assert_ptr_eq(r->args[i], &r->count);
        ck_assert_ptr_eq(r->futures[i], r);
    }
    ck_assert_uint_eq(support_counter_get(&r->count), 0);
    support_counter_destroy(&r->count);
    ac_task_attr_destroy(r->attr);
}

static int
refuse(refusal *r, ac_pool *pool, size_t n, ac_deadline room_by)
{
    return ac_submit_many(pool, r->attr, support_count, r->args, n, room_by,
                          r->futures);
}

START_TEST(s43_no_room_for_the_last_one_is_no_room_for_any)
{
    const ac_deadline past[] = {AC_POLL, 1, -1, INT64_MIN};
    full_pool full;
    refusal r;

    refusal_init(&r);
    full_pool_init(&full, MANY, MANY - 1);
    for (size_t i = 0; i < sizeof(past) / sizeof(past[0]); i++)
        ck_assert_int_eq(refuse(&r, full.pool, MANY, past[i]), AC_ETIMEDOUT);
    ck_assert_int_eq(refuse(&r, full.pool, MANY, ac_deadline_in_ms(2)),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_QUEUED), 1);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_QUEUED_MAX), 1);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_SUBMITTED), 2);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_REJECTED), 5 * MANY);
    /* For one less there is. */
    void *args[MANY] = {NULL};
    ck_assert_int_eq(ac_submit_many(full.pool, NULL, support_nothing, args,
                                    MANY - 1, AC_POLL, NULL),
                     AC_OK);
    ck_assert_uint_eq(full_pool_end(&full), 1);
    refusal_end(&r);
}
END_TEST

START_TEST(s43_s48_nothing_of_it_is_in_when_the_pool_has_stopped)
{
    ac_pool *pool = bounded_pool(1, MANY);
    refusal r;

    refusal_init(&r);
    ck_assert_int_eq(ac_pool_shutdown(pool, _i == 0 ? AC_DRAIN : AC_CANCEL,
                                      AC_FOREVER, NULL),
                     AC_OK);
    ck_assert_int_eq(refuse(&r, pool, MANY, AC_FOREVER), AC_ESHUTDOWN);
    ck_assert_int_eq(refuse(&r, pool, MANY, AC_POLL), AC_ESHUTDOWN);
    ck_assert_uint_eq(stat_of(pool, AC_STAT_REJECTED), 2 * MANY);
    support_pool_end(pool);
    refusal_end(&r);
}
END_TEST

START_TEST(s45_more_than_the_capacity_is_a_mistake_and_as_many_is_not)
{
    ac_pool *pool = bounded_pool(1, MANY - 1);
    void *args[MANY] = {NULL};
    support_hold hold;
    refusal r;

    refusal_init(&r);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(refuse(&r, pool, MANY, AC_FOREVER), AC_EINVAL);
    ck_assert_int_eq(refuse(&r, pool, MANY, AC_POLL), AC_EINVAL);
    ck_assert_int_eq(refuse(&r, pool, SIZE_MAX, AC_POLL), AC_EINVAL);
    ck_assert_int_eq(ac_submit_many(pool, NULL, support_nothing, args, MANY - 1,
                                    AC_POLL, NULL),
                     AC_OK);
    ck_assert_int_eq(refuse(&r, pool, 1, AC_POLL), AC_ETIMEDOUT);
    /* A mistake is nothing that the pool refused. */
    ck_assert_uint_eq(stat_of(pool, AC_STAT_REJECTED), 1);
    ck_assert_uint_eq(stat_of(pool, AC_STAT_QUEUED_MAX), MANY - 1);
    support_hold_end(&hold);
    support_pool_end(pool);
    refusal_end(&r);
}
END_TEST

START_TEST(what_is_wrong_with_the_arguments_is_said)
{
    ac_pool *pool = support_pool(1);
    refusal r;

    refusal_init(&r);
    ck_assert_int_eq(refuse(&r, NULL, MANY, AC_FOREVER), AC_EINVAL);
    ck_assert_int_eq(
        ac_submit_many(pool, r.attr, NULL, r.args, MANY, AC_FOREVER, r.futures),
        AC_EINVAL);
    ck_assert_int_eq(ac_submit_many(pool, r.attr, support_count, NULL, MANY,
                                    AC_FOREVER, r.futures),
                     AC_EINVAL);
    /* More than any memory holds. */
    ck_assert_int_eq(refuse(&r, pool, SIZE_MAX, AC_FOREVER), AC_ENOMEM);
    ck_assert_int_eq(refuse(&r, pool, SIZE_MAX / 64, AC_FOREVER), AC_ENOMEM);
    ck_assert_uint_eq(stat_of(pool, AC_STAT_SUBMITTED), 0);
    support_pool_end(pool);
    refusal_end(&r);
}
END_TEST

START_TEST(none_at_all_is_fine_also_in_a_full_pool_or_a_stopped_one)
{
    full_pool full;
    refusal r;

    refusal_init(&r);
    full_pool_init(&full, 1, 0);
    ck_assert_int_eq(refuse(&r, full.pool, 0, AC_POLL), AC_OK);
    ck_assert_int_eq(refuse(&r, full.pool, 0, AC_FOREVER), AC_OK);
    ck_assert_int_eq(
        ac_submit_many(full.pool, NULL, support_count, NULL, 0, AC_POLL, NULL),
        AC_OK);
    ck_assert_int_eq(ac_pool_shutdown(full.pool, AC_DRAIN, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    ck_assert_int_eq(refuse(&r, full.pool, 0, AC_FOREVER), AC_OK);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_SUBMITTED), 2);
    ck_assert_uint_eq(full_pool_end(&full), 1);
    refusal_end(&r);
}
END_TEST

/* ---- Afterwards each is on its own ---------------------------------- */

START_TEST(s26_one_of_them_canceled_makes_room_for_one)
{
    ac_future *futures[MANY];
    ac_pool *pool = bounded_pool(1, MANY);
    support_hold hold;
    refusal r;

    refusal_init(&r);
    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_submit_many(pool, r.attr, support_nothing, r.args, MANY,
                                    AC_POLL, futures),
                     AC_OK);
    ck_assert_int_eq(ac_future_cancel(futures[2]), AC_OK);
    ck_assert_uint_eq(support_counter_get(&r.count), 0);
    ac_future_unref(futures[2]);
    ck_assert_uint_eq(support_counter_get(&r.count), 1);
    ck_assert_int_eq(ac_submit(pool, NULL, support_nothing, NULL, NULL), AC_OK);
    ck_assert_int_eq(ac_submit(pool, NULL, support_nothing, NULL, NULL),
                     AC_EAGAIN);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    for (int i = 0; i < MANY; i++) {
        if (i == 2)
            continue;
        ck_assert_int_eq(ac_future_status(futures[i]), AC_ECANCELED);
        ac_future_unref(futures[i]);
    }
    support_hold_end(&hold);
    support_pool_end(pool);
    ck_assert_uint_eq(support_counter_get(&r.count), MANY);
    support_counter_destroy(&r.count);
    ac_task_attr_destroy(r.attr);
}
END_TEST

START_TEST(they_come_out_of_an_iterator_as_any_others)
{
    ac_pool *pool = support_pool(2);
    void *args[MANY] = {NULL};
    ac_future *futures[MANY];
    ac_iter *iter = NULL;
    ac_future *done = NULL;

    ck_assert_int_eq(ac_submit_many(pool, NULL, support_nothing, args, MANY,
                                    AC_POLL, futures),
                     AC_OK);
    ck_assert_int_eq(ac_as_completed(futures, MANY, &iter), AC_OK);
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &done), AC_OK);
        ac_future_unref(done);
    }
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &done), AC_DONE);
    ac_iter_destroy(iter);
    for (int i = 0; i < MANY; i++)
        ac_future_unref(futures[i]);
    support_pool_end(pool);
}
END_TEST

/* ---- Suite ---------------------------------------------------------- */

Suite *
test_suite(void)
{
    Suite *suite = suite_create("submit_many");
    TCase *tcase = support_tcase("all");

    tcase_add_test(tcase, each_gets_its_argument_and_they_start_in_order);
    tcase_add_test(tcase, nobody_needs_to_ask_for_the_futures);
    tcase_add_loop_test(tcase, no_other_gets_between_them, 0, 2);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("nothing");
    tcase_add_test(tcase, s43_no_room_for_the_last_one_is_no_room_for_any);
    tcase_add_loop_test(
        tcase, s43_s48_nothing_of_it_is_in_when_the_pool_has_stopped, 0, 2);
    tcase_add_test(tcase,
                   s45_more_than_the_capacity_is_a_mistake_and_as_many_is_not);
    tcase_add_test(tcase, what_is_wrong_with_the_arguments_is_said);
    tcase_add_test(tcase,
                   none_at_all_is_fine_also_in_a_full_pool_or_a_stopped_one);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("afterwards");
    tcase_add_test(tcase, s26_one_of_them_canceled_makes_room_for_one);
    tcase_add_test(tcase, they_come_out_of_an_iterator_as_any_others);
    suite_add_tcase(suite, tcase);
    return suite;
}
