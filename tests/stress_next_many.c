/*
 * next_many and next mixed, with deadlines that pass and others that don't:
 * nobody is forgotten when what he was woken for went to another.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { CONSUMERS = 4, MAX = 6 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_iter *iter;
} shared;

/* One call of either kind; returns its code. */
static int
take(ac_iter *iter, unsigned who, stress_dice *dice)
{
    ac_future *got[MAX];
    ac_deadline deadline = AC_FOREVER;
    size_t n = 0;
    size_t min = 1 + stress_dice_roll(dice, 4);
    size_t max = min + stress_dice_roll(dice, MAX - 4 + 1);
    int rc;

    if (who % 2 == 1 && stress_dice_roll(dice, 3) > 0)
        deadline = ac_deadline_in_ns((int64_t)stress_dice_roll(dice, 40000));
    if (who == 0) {
        rc = ac_iter_next(iter, deadline, &got[0]);
        n = 1;
    } else {
        rc = ac_iter_next_many(iter, got, min, max, deadline, &n);
        STRESS_MUST(rc != AC_OK || (n >= 1 && n <= max));
    }
    for (size_t i = 0; rc == AC_OK && i < n; i++)
        stress_deliver(got[i]);
    STRESS_MUST(rc != AC_ETIMEDOUT || deadline != AC_FOREVER);
    return rc;
}

static void
consumer(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);
    int rc;

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        do
            rc = take(s->iter, who, &dice);
        while (rc == AC_OK || rc == AC_ETIMEDOUT);
        STRESS_MUST(rc == AC_DONE);
        stress_rally_meet(&s->rally);
    }
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_dice dice = stress_dice_make(99);
    stress_crew crew;
    ac_pool *pool;

    stress_rally_init(&s.rally, CONSUMERS + 1);
    STRESS_MUST(ac_pool_create(2, NULL, &pool) == AC_OK);
    stress_crew_start(&crew, CONSUMERS, consumer, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        uint32_t n = stress_dice_roll(&dice, 12);
        STRESS_MUST(ac_iter_open(&s.iter) == AC_OK);
        stress_rally_meet(&s.rally);
        for (uint32_t i = 0; i < n; i++) {
            STRESS_MUST(stress_submit(pool, s.iter, NULL) == AC_OK);
            stress_dawdle(&dice);
        }
        STRESS_MUST(ac_iter_close(s.iter) == AC_OK);
        stress_rally_meet(&s.rally);
        STRESS_MUST(stress_delivered() == stress_submitted());
        ac_iter_destroy(s.iter);
    }
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
