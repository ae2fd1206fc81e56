/*
 * Many at once against workers that take them away: batches of all sizes in a
 * queue that holds two at most.  Each batch gets in whole, in its turn; some
 * give up waiting; what they leave is room for others; nothing is lost.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { PRODUCERS = 4, CAPACITY = 8 };

typedef struct shared {
    size_t rounds;
    ac_pool *pool;
} shared;

/* How many got in: all, or none. */
static size_t
submit(shared *s, stress_dice *dice, ac_future *futures[])
{
    size_t n = stress_dice_roll(dice, CAPACITY + 1);
    ac_deadline room_by = AC_FOREVER;
    void *args[CAPACITY];
    int rc;

    if (stress_dice_roll(dice, 4) == 0)
        room_by = ac_deadline_in_ns(stress_dice_roll(dice, 100000));
    for (size_t i = 0; i < n; i++) {
        args[i] = stress_token_make(sizeof(stress_token));
        futures[i] = NULL;
    }
    rc = ac_submit_many(s->pool, stress_attr(), stress_brief, args, n, room_by,
                        futures);
    STRESS_MUST(rc == AC_OK || (rc == AC_ETIMEDOUT && room_by != AC_FOREVER));
    for (size_t i = 0; i < n; i++) {
        STRESS_MUST((futures[i] != NULL) == (rc == AC_OK));
        stress_token_said(args[i], rc);
    }
    return rc == AC_OK ? n : 0;
}

static void
collect(ac_future *futures[], size_t n)
{
    ac_future *done;
    ac_iter *iter;
    int rc;

    STRESS_MUST(ac_as_completed(futures, n, &iter) == AC_OK);
    while ((rc = ac_iter_next(iter, AC_FOREVER, &done)) == AC_OK)
        stress_deliver(done);
    STRESS_MUST(rc == AC_DONE);
    ac_iter_destroy(iter);
    for (size_t i = 0; i < n; i++)
        ac_future_unref(futures[i]);
}

static void
produce(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);
    ac_future *futures[CAPACITY];

    for (size_t round = 0; round < s->rounds; round++) {
        size_t n = submit(s, &dice, futures);
        /* Room from the middle, beside what the workers make. */
        for (size_t i = 0; i < n; i++)
            if (stress_dice_roll(&dice, 4) == 0)
                ac_future_cancel(futures[i]);
        collect(futures, n);
    }
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    ac_pool_attr *attr;
    stress_crew crew;

    STRESS_MUST(ac_pool_attr_create(&attr) == AC_OK);
    STRESS_MUST(ac_pool_attr_set_capacity(attr, CAPACITY) == AC_OK);
    STRESS_MUST(ac_pool_create(2, attr, &s.pool) == AC_OK);
    ac_pool_attr_destroy(attr);
    stress_crew_start(&crew, PRODUCERS, produce, &s);
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_wait_idle(s.pool, AC_FOREVER) == AC_OK);
    stress_check_stats(s.pool, CAPACITY);
    STRESS_MUST(stress_delivered() == stress_submitted());
    STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
    return stress_end();
}
