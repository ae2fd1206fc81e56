/*
 * Destroy against completion: iterators, waits and their registrations go
 * while the futures they stand on complete or are canceled.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { BATCH = 4 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_future *futures[BATCH];
} shared;

/* Registers with the same futures in its own way, and lets go at once. */
static void
rival(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);
    ac_iter *iter;

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        STRESS_MUST(ac_as_completed(s->futures, BATCH, &iter) == AC_OK);
        stress_dawdle(&dice);
        if (stress_dice_roll(&dice, 4) == 0)
            STRESS_MUST(ac_iter_cancel(iter) == AC_OK);
        ac_iter_destroy(iter);
        int rc = ac_wait(s->futures, BATCH, AC_ALL, ac_now(), NULL);
        STRESS_MUST(rc == AC_OK || rc == AC_ETIMEDOUT);
        stress_rally_meet(&s->rally);
    }
}

/* Through an open iterator, destroyed with some ready, some not. */
static void
one_round(shared *s, ac_pool *pool, stress_dice *dice)
{
    ac_iter *iter;
    ac_future *future;

    STRESS_MUST(ac_iter_open(&iter) == AC_OK);
    for (int i = 0; i < BATCH; i++)
        STRESS_MUST(stress_submit(pool, iter, &s->futures[i]) == AC_OK);
    STRESS_MUST(ac_iter_add(iter, s->futures[0]) == AC_OK);
    stress_rally_meet(&s->rally);
    stress_dawdle(dice);
    if (ac_iter_next(iter, AC_POLL, &future) == AC_OK)
        ac_future_unref(future);
    ac_iter_destroy(iter);
    stress_rally_meet(&s->rally);
    for (int i = 0; i < BATCH; i++)
        ac_future_unref(s->futures[i]);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_dice dice = stress_dice_make(99);
    stress_crew crew;
    ac_pool *pool;

    stress_rally_init(&s.rally, 2);
    STRESS_MUST(ac_pool_create(2, NULL, &pool) == AC_OK);
    stress_crew_start(&crew, 1, rival, &s);
    for (size_t round = 0; round < s.rounds; round++)
        one_round(&s, pool, &dice);
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
