/*
 * Figures of memory: what an outstanding future costs, and that waiting in
 * vain, again and again, leaves nothing behind.
 *
 * Resident memory is the system's measure and the sanitizers' memory is not
 * ours: under these the loops are short and the bounds are not looked at.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

enum { BYTES_PER_FUTURE = 128 };

/* Quicker than ck_assert(), which writes each success down. */
static void
expect(int rc, int code)
{
    if (rc != code)
        ck_assert_int_eq(rc, code);
}

static ac_iter *
open_iter(void)
{
    ac_iter *iter = NULL;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    return iter;
}

START_TEST(a_million_outstanding_take_128_bytes_each)
{
    const size_t n = support_instrumented() ? 20000 : 1000000;
    ac_pool *pool = support_pool(1);
    ac_iter *iter = open_iter();
    ac_future *future = NULL;
    support_hold hold;
    size_t before;
    size_t after;

    support_hold_worker(&hold, pool);
    before = support_resident_bytes();
    for (size_t i = 0; i < n; i++)
        expect(ac_iter_submit(iter, pool, NULL, support_nothing, NULL,
                              AC_FOREVER, NULL),
               AC_OK);
    after = support_resident_bytes();
    ck_assert_uint_eq(ac_iter_remaining(iter), n);
    if (before != 0 && !support_instrumented())
        ck_assert_msg(after < before + n * BYTES_PER_FUTURE,
                      "%zu bytes for each of %zu", (after - before) / n, n);

    support_hold_end(&hold);
    ck_assert_int_eq(ac_iter_close(iter), AC_OK);
    for (size_t i = 0; i < n; i++) {
        expect(ac_iter_next(iter, AC_FOREVER, &future), AC_OK);
        ac_future_unref(future);
    }
    ck_assert_int_eq(ac_iter_next(iter, AC_FOREVER, &future), AC_DONE);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

/* One wait in vain by each way there is. */
static void
wait_in_vain(ac_future *slow, ac_iter *longer)
{
    ac_future *pair[2] = {slow, slow};
    ac_future *future = NULL;
    ac_iter *iter = NULL;
    size_t which;

    expect(ac_wait(pair, 2, AC_FIRST, AC_POLL, &which), AC_ETIMEDOUT);
    expect(ac_wait(pair, 2, AC_ALL, ac_now(), &which), AC_ETIMEDOUT);
    expect(ac_future_wait(slow, ac_now() + 1), AC_ETIMEDOUT);
    expect(ac_as_completed(pair, 2, &iter), AC_OK);
    expect(ac_iter_next(iter, AC_POLL, &future), AC_ETIMEDOUT);
    ac_iter_destroy(iter);
    iter = open_iter();
    expect(ac_iter_add(iter, slow), AC_OK);
    expect(ac_iter_next(iter, ac_now() + 1, &future), AC_ETIMEDOUT);
    expect(ac_iter_abandon(iter), AC_OK);
    ac_iter_destroy(iter);
    expect(ac_iter_next(longer, ac_now(), &future), AC_ETIMEDOUT);
}

START_TEST(s18_waits_that_time_out_leave_no_memory_behind)
{
    enum { N = 10000, FEW = 1000, SLACK = 256 * 1024 };
    ac_pool *pool = support_pool(1);
    ac_iter *longer = NULL;
    support_hold hold;
    size_t before;
    size_t after;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_as_completed(&hold.future, 1, &longer), AC_OK);
    for (int i = 0; i < FEW; i++)
        wait_in_vain(hold.future, longer);
    before = support_resident_bytes();
    for (int i = 0; i < N; i++)
        wait_in_vain(hold.future, longer);
    after = support_resident_bytes();
    if (!support_instrumented())
        ck_assert_msg(after <= before + SLACK, "grew by %zu bytes",
                      after - before);
    ck_assert_uint_eq(ac_iter_remaining(longer), 1);

    support_hold_end(&hold);
    ac_iter_destroy(longer);
    support_pool_end(pool);
}
END_TEST

START_TEST(memory_in_use_does_not_grow_from_round_to_round)
{
    enum { ROUNDS = 50, EACH = 400, SLACK = 1024 * 1024 };
    ac_pool *pool = support_pool(2);
    ac_iter *iter = open_iter();
    ac_future *future = NULL;
    size_t before = 0;

    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < EACH; i++)
            expect(ac_iter_submit(iter, pool, NULL, support_nothing, NULL,
                                  AC_FOREVER, NULL),
                   AC_OK);
        for (int i = 0; i < EACH; i++) {
            expect(ac_iter_next(iter, AC_FOREVER, &future), AC_OK);
            ac_future_unref(future);
        }
        if (round == ROUNDS / 5)
            before = support_resident_bytes();
    }
    if (!support_instrumented())
        ck_assert_uint_le(support_resident_bytes(), before + SLACK);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = support_tcase("memory");

    tcase_add_test(tcase, a_million_outstanding_take_128_bytes_each);
    tcase_add_test(tcase, s18_waits_that_time_out_leave_no_memory_behind);
    tcase_add_test(tcase, memory_in_use_does_not_grow_from_round_to_round);
    suite_add_tcase(suite, tcase);
    return suite;
}
