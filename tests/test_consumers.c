/*
 * Many threads on one iterator: each completion goes to exactly one of them,
 * adds come from anywhere while they wait, and at the end all of them wake.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <stdlib.h>

#include "puller.h"

enum { PRODUCERS = 4, CONSUMERS = 4, EACH = 250, ALL = PRODUCERS * EACH };

/* What one delivery is told apart by: the task's argument. */
typedef struct parcel {
    struct crowd *crowd;
    int arrived; /* plain: written by the one consumer that got it */
} parcel;

typedef struct crowd {
    ac_pool *pool;
    ac_iter *iter;
    parcel parcels[ALL];
    support_counter delivered;
    support_thread producers[PRODUCERS];
    support_thread consumers[CONSUMERS];
} crowd;

typedef struct member {
    crowd *crowd;
    size_t who;
    size_t got;
} member;

static crowd *
crowd_new(void)
{
    crowd *c = calloc(1, sizeof(*c));

    ck_assert_ptr_nonnull(c);
    c->pool = support_pool(2);
    ck_assert_int_eq(ac_iter_open(&c->iter), AC_OK);
    support_counter_init(&c->delivered);
    return c;
}

static void
crowd_end(crowd *c)
{
    ac_iter_destroy(c->iter);
    support_pool_end(c->pool);
    support_counter_destroy(&c->delivered);
    for (size_t i = 0; i < ALL; i++)
        ck_assert_int_eq(c->parcels[i].arrived, 1);
    free(c);
}

static void
arrive(member *m, ac_future *future)
{
    parcel *p = ac_future_arg(future);

    p->arrived++;
    m->got++;
    ac_future_unref(future);
    support_counter_add(&m->crowd->delivered);
}

/* Each uses another call, and another deadline. */
static void
consume(void *arg)
{
    member *m = arg;
    ac_iter *iter = m->crowd->iter;
    ac_future *got[3];
    size_t n = 0;
    int rc;

    do {
        ac_deadline deadline =
            m->who == 1 ? ac_deadline_in_ns(50000) : AC_FOREVER;
        if (m->who < 2) {
            rc = ac_iter_next(iter, deadline, &got[0]);
            n = 1;
        } else {
            rc = ac_iter_next_many(iter, got, m->who - 1, 3, deadline, &n);
        }
        for (size_t i = 0; rc == AC_OK && i < n; i++)
            arrive(m, got[i]);
    } while (rc == AC_OK || (rc == AC_ETIMEDOUT && m->who == 1));
    SUPPORT_CHECK_INT(rc, AC_DONE);
}

/* Half of them submits through the iterator, half of them adds futures, some
 * of which are done by then. */
static void
produce(void *arg)
{
    member *m = arg;
    crowd *c = m->crowd;

    for (size_t i = 0; i < EACH; i++) {
        parcel *p = &c->parcels[m->who * EACH + i];
        ac_future *future = NULL;

        if (m->who % 2 == 0) {
            SUPPORT_CHECK_INT(ac_iter_submit(c->iter, c->pool, NULL,
                                             support_nothing, p, AC_FOREVER,
                                             NULL),
                              AC_OK);
            continue;
        }
        SUPPORT_CHECK_INT(ac_submit(c->pool, NULL, support_nothing, p, &future),
                          AC_OK);
        if (i % 3 == 0)
            SUPPORT_CHECK_INT(ac_future_wait(future, AC_FOREVER), AC_OK);
        SUPPORT_CHECK_INT(ac_iter_add(c->iter, future), AC_OK);
        ac_future_unref(future);
    }
}

START_TEST(s21_s22_adds_from_many_reach_exactly_one_of_many)
{
    crowd *c = crowd_new();
    member producers[PRODUCERS];
    member consumers[CONSUMERS];
    size_t got = 0;

    for (size_t i = 0; i < CONSUMERS; i++) {
        consumers[i] = (member){c, i, 0};
        support_thread_start(&c->consumers[i], consume, &consumers[i]);
    }
    for (size_t i = 0; i < PRODUCERS; i++) {
        producers[i] = (member){c, i, 0};
        support_thread_start(&c->producers[i], produce, &producers[i]);
    }
    for (size_t i = 0; i < PRODUCERS; i++)
        support_thread_join(&c->producers[i]);
    support_counter_wait(&c->delivered, ALL); /* before it is closed */
    ck_assert_uint_eq(ac_iter_remaining(c->iter), 0);
    ck_assert_int_eq(ac_iter_close(c->iter), AC_OK);
    for (size_t i = 0; i < CONSUMERS; i++) {
        support_thread_join(&c->consumers[i]);
        got += consumers[i].got;
    }
    ck_assert_uint_eq(got, ALL);
    crowd_end(c);
}
END_TEST

START_TEST(s21_each_of_those_who_wait_gets_one)
{
    enum { N = 6 };
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    support_hold hold;
    ac_future *futures[N];
    puller pullers[N];
    int seen[N] = {0};

    support_hold_worker(&hold, pool);
    for (int i = 0; i < N; i++)
        futures[i] = support_submit(pool, support_nothing, NULL);
    ck_assert_int_eq(ac_as_completed(futures, N, &iter), AC_OK);
    for (int i = 0; i < N; i++)
        puller_next(&pullers[i], iter);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(ac_future_cancel(futures[i]), AC_OK);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(puller_end(&pullers[i]), AC_OK);
        for (int k = 0; k < N; k++)
            seen[k] += pullers[i].futures[0] == futures[k];
        puller_drop(&pullers[i]);
    }
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(seen[i], 1);
        ac_future_unref(futures[i]);
    }
    ac_iter_destroy(iter);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

START_TEST(s21_the_last_delivery_wakes_all_the_others)
{
    enum { N = 5 };
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    support_hold hold;
    puller pullers[N];
    int ok = 0;
    int done = 0;

    support_hold_worker(&hold, pool);
    ck_assert_int_eq(ac_as_completed(&hold.future, 1, &iter), AC_OK);
    for (int i = 0; i < N; i++)
        puller_next(&pullers[i], iter);
    support_hold_release(&hold);
    for (int i = 0; i < N; i++) {
        int rc = puller_end(&pullers[i]);
        ok += rc == AC_OK;
        done += rc == AC_DONE;
        puller_drop(&pullers[i]);
    }
    ck_assert_int_eq(ok, 1);
    ck_assert_int_eq(done, N - 1);

    support_hold_end(&hold);
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

START_TEST(s4_s21_one_who_gives_up_takes_nothing_along)
{
    enum { N = 200 };
    ac_pool *pool = support_pool(1);
    ac_iter *iter = NULL;
    puller patient;

    /* A short deadline meets a completion, again and again: whoever of the
     * two gets it, it is not lost. */
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    for (int i = 0; i < N; i++) {
        ac_future *future = NULL;
        int rc;

        puller_next(&patient, iter);
        ck_assert_int_eq(ac_iter_submit(iter, pool, NULL, support_nothing, NULL,
                                        AC_POLL, NULL),
                         AC_OK);
        rc = ac_iter_next(iter, ac_deadline_in_ns(i * 500), &future);
        if (rc == AC_OK) {
            ac_future_unref(future);
            ck_assert_int_eq(ac_iter_submit(iter, pool, NULL, support_nothing,
                                            NULL, AC_POLL, NULL),
                             AC_OK);
        } else {
            ck_assert_int_eq(rc, AC_ETIMEDOUT);
        }
        ck_assert_int_eq(puller_end(&patient), AC_OK);
        puller_drop(&patient);
        ck_assert_uint_eq(ac_iter_remaining(iter), 0);
    }
    ac_iter_destroy(iter);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("consumers");
    TCase *tcase = support_tcase("consumers");

    tcase_add_test(tcase, s21_s22_adds_from_many_reach_exactly_one_of_many);
    tcase_add_test(tcase, s21_each_of_those_who_wait_gets_one);
    tcase_add_test(tcase, s21_the_last_delivery_wakes_all_the_others);
    tcase_add_test(tcase, s4_s21_one_who_gives_up_takes_nothing_along);
    suite_add_tcase(suite, tcase);
    return suite;
}
