/*
 * The last reference against completion: two threads drop theirs while the
 * task is queued, running, ending; whoever is last releases it, once.
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

static void
rival(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        for (int i = 0; i < BATCH; i++) {
            stress_dawdle(&dice);
            if (stress_dice_roll(&dice, 4) == 0)
                (void)ac_future_cancel(s->futures[i]);
            ac_future_unref(s->futures[i]);
        }
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

    stress_rally_init(&s.rally, 2);
    STRESS_MUST(ac_pool_create(2, NULL, &pool) == AC_OK);
    stress_crew_start(&crew, 1, rival, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        ac_future *mine[BATCH];
        for (int i = 0; i < BATCH; i++) {
            STRESS_MUST(stress_submit(pool, NULL, &mine[i]) == AC_OK);
            s.futures[i] = ac_future_ref(mine[i]);
        }
        stress_rally_meet(&s.rally);
        for (int i = BATCH - 1; i >= 0; i--) {
            stress_dawdle(&dice);
            (void)ac_future_get(mine[i], AC_POLL, NULL);
            ac_future_unref(mine[i]);
        }
        /* And one that nobody refers to at all. */
        STRESS_MUST(stress_submit(pool, NULL, NULL) == AC_OK);
        stress_rally_meet(&s.rally);
    }
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
