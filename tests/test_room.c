/*
 * Room in a pool's queue, for those who are special: a worker never waits for
 * its own pool, and a member-to-be of an iterator has its place there before
 * it has one in the queue.
 *
 * SPDX-License-Identifier: MIT
 */
#include "submitter.h"

#include "puller.h"

/* ---- A worker never waits for its own pool (S42) -------------------- */

typedef struct inside {
    ac_pool *pool;
    ac_iter *iter;
    ac_deadline room_by;
} inside;

/* Each call that may wait, first with room for it, then without. */
static void
ask(const inside *in)
{
    ac_future *f = NULL;
    void *args[1] = {NULL};
    int expected = AC_OK;

    for (int i = 0; i < 2; i++) {
        SUPPORT_CHECK_INT(ac_submit_until(in->pool, NULL, support_nothing, NULL,
                                          in->room_by, NULL),
                          expected);
        SUPPORT_CHECK_INT(ac_submit_many(in->pool, NULL, support_nothing, args,
                                         1, in->room_by, &f),
                          expected);
        SUPPORT_CHECK_INT(ac_iter_submit(in->iter, in->pool, NULL,
                                         support_nothing, NULL, in->room_by,
                                         NULL),
                          expected);
        while (ac_submit(in->pool, NULL, support_nothing, NULL, NULL) == AC_OK)
            continue;
        expected = AC_EAGAIN;
    }
    ac_future_unref(f);
    SUPPORT_CHECK_INT(ac_iter_remaining(in->iter), 1);
}

static int
ask_task(void *arg, void **result)
{
    (void)result;
    ask(arg);
    return 0;
}

static void
ask_callback(ac_future *future, void *arg)
{
    (void)future;
    ask(arg);
}

/* Runs the asking one in place. */
static int
ask_nested(void *arg, void **result)
{
    const inside *in = arg;
    ac_future *f = NULL;

    (void)result;
    SUPPORT_CHECK_INT(ac_submit(in->pool, NULL, ask_task, arg, &f), AC_OK);
    SUPPORT_CHECK_INT(ac_future_wait(f, AC_FOREVER), AC_OK);
    ac_future_unref(f);
    return 0;
}

START_TEST(s42_a_worker_is_told_to_come_again_and_never_waits)
{
    const ac_deadline room_by[] = {AC_FOREVER, support_far(), AC_POLL, -1};
    inside in = {.pool = bounded_pool(1, 4), .room_by = room_by[_i % 4]};
    ac_task_fn *const fns[] = {ask_task, ask_nested, support_nothing};
    support_hold hold;

    ck_assert_int_eq(ac_iter_open(&in.iter), AC_OK);
    support_hold_worker(&hold, in.pool);
    ac_future *f = support_submit(in.pool, fns[_i / 4], &in);
    if (_i / 4 == 2)
        ck_assert_int_eq(ac_future_on_done(f, ask_callback, &in), AC_OK);
    support_hold_end(&hold);
    /* Also of the callbacks, and of what these submit. */
    ck_assert_int_eq(ac_pool_wait_idle(in.pool, AC_FOREVER), AC_OK);
    ck_assert_int_eq(ac_future_status(f), AC_OK);
    ac_future_unref(f);
    support_pool_end(in.pool);
    ac_iter_destroy(in.iter);
}
END_TEST

static int
wait_inside(void *arg, void **result)
{
    (void)result;
    submitter_main(arg);
    return 0;
}

START_TEST(s42_but_a_worker_of_another_pool_waits)
{
    ac_pool *other = support_pool(1);
    full_pool full;

    full_pool_init(&full, 1, 0);
    submitter s = {.pool = full.pool, .rc = -1};
    ac_future *f = support_submit(other, wait_inside, &s);
    await_line(full.pool, 1);
    full_pool_cancel(&full, 0);
    ck_assert_int_eq(ac_future_wait(f, AC_FOREVER), AC_OK);
    ck_assert_int_eq(s.rc, AC_OK);
    ac_future_unref(s.futures[0]);
    ac_future_unref(f);
    support_pool_end(other);
    ck_assert_uint_eq(full_pool_end(&full), 0);
}
END_TEST

/* ---- An iterator's place is reserved first -------------------------- */

START_TEST(s45_the_place_is_given_back_and_who_waits_for_it_told)
{
    submitter s = {.n = 0};
    full_pool full;
    puller p;

    full_pool_init(&full, 1, 0);
    ck_assert_int_eq(ac_iter_open(&s.iter), AC_OK);
    submitter_start(&s, full.pool, 1);
    ck_assert_uint_eq(ac_iter_remaining(s.iter), 1);
    ck_assert_int_eq(ac_iter_close(s.iter), AC_OK);
    /* It waits for what then does not come: it is done. */
    puller_next(&p, s.iter);
    ck_assert_int_eq(ac_pool_shutdown(full.pool, AC_DRAIN, AC_POLL, NULL),
                     AC_ETIMEDOUT);
    submitter_end(&s, AC_ESHUTDOWN);
    ck_assert_int_eq(puller_end(&p), AC_DONE);
    ck_assert_uint_eq(ac_iter_remaining(s.iter), 0);
    ac_iter_destroy(s.iter);
    ck_assert_uint_eq(full_pool_end(&full), 1);
}
END_TEST

START_TEST(s45_closed_while_it_waits_it_is_still_delivered)
{
    submitter s = {.fn = support_echo, .arg = &s};
    ac_future *done = NULL;
    ac_future *f = NULL;
    full_pool full;

    full_pool_init(&full, 1, 0);
    ck_assert_int_eq(ac_iter_open(&s.iter), AC_OK);
    submitter_start(&s, full.pool, 1);
    ck_assert_int_eq(ac_iter_close(s.iter), AC_OK);
    /* What comes too late is told so, and not first made to wait. */
    ck_assert_int_eq(ac_iter_submit(s.iter, full.pool, NULL, support_nothing,
                                    NULL, AC_FOREVER, &f),
                     AC_ECLOSED);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_REJECTED), 0);
    support_hold_release(&full.hold);
    ck_assert_int_eq(ac_iter_next(s.iter, AC_FOREVER, &done), AC_OK);
    ck_assert_ptr_eq(ac_future_arg(done), &s);
    ac_future_unref(done);
    ck_assert_int_eq(ac_iter_next(s.iter, AC_FOREVER, &done), AC_DONE);
    submitter_end(&s, AC_OK);
    ac_iter_destroy(s.iter);
    ck_assert_uint_eq(full_pool_end(&full), 1);
}
END_TEST

/* The task is accepted all the same (0), or refused (1). */
START_TEST(s45_abandoned_while_it_waits_it_is_not_delivered)
{
    submitter s = {.room_by = support_far()};
    ac_future *done = NULL;
    full_pool full;

    full_pool_init(&full, 1, 0);
    s.fn = support_count;
    s.arg = &full.ran;
    ck_assert_int_eq(ac_iter_open(&s.iter), AC_OK);
    submitter_start(&s, full.pool, 1);
    ck_assert_int_eq(ac_iter_abandon(s.iter), AC_OK);
    ck_assert_int_eq(ac_iter_next(s.iter, AC_FOREVER, &done), AC_DONE);
    if (_i == 1)
        ck_assert_int_eq(ac_pool_shutdown(full.pool, AC_DRAIN, AC_POLL, NULL),
                         AC_ETIMEDOUT);
    support_hold_release(&full.hold);
    submitter_end(&s, _i == 0 ? AC_OK : AC_ESHUTDOWN);
    ck_assert_uint_eq(full_pool_end(&full), _i == 0 ? 2 : 1);
    ck_assert_int_eq(ac_iter_next(s.iter, AC_POLL, &done), AC_DONE);
    ac_iter_destroy(s.iter);
}
END_TEST

/* ---- Suite ---------------------------------------------------------- */

Suite *
test_suite(void)
{
    Suite *suite = suite_create("room");
    TCase *tcase = support_tcase("inside");
    tcase_add_loop_test(
        tcase, s42_a_worker_is_told_to_come_again_and_never_waits, 0, 12);
    tcase_add_test(tcase, s42_but_a_worker_of_another_pool_waits);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("iterator");
    tcase_add_test(tcase,
                   s45_the_place_is_given_back_and_who_waits_for_it_told);
    tcase_add_test(tcase, s45_closed_while_it_waits_it_is_still_delivered);
    tcase_add_loop_test(tcase, s45_abandoned_while_it_waits_it_is_not_delivered,
                        0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
