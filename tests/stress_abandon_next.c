/*
 * Abandon against next and against completion: consumers get what was ready
 * and then the end; what was let go of completes elsewhere, unharmed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { CONSUMERS = 3, BATCH = 6 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_iter *iter;
} shared;

static void
consumer(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);
    ac_future *got[BATCH];
    size_t n;
    int rc;

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        stress_dawdle(&dice);
        do {
            rc =
                ac_iter_next_many(s->iter, got, who + 1, BATCH, AC_FOREVER, &n);
            for (size_t i = 0; rc == AC_OK && i < n; i++)
                stress_deliver(got[i]);
        } while (rc == AC_OK);
        STRESS_MUST(rc == AC_DONE);
        stress_rally_meet(&s->rally);
    }
}

/* Some through the iterator, some that are kept too: these must be well. */
static void
one_round(shared *s, ac_pool *pool, stress_dice *dice)
{
    ac_future *kept[BATCH];

    STRESS_MUST(ac_iter_open(&s->iter) == AC_OK);
    stress_rally_meet(&s->rally);
    for (int i = 0; i < BATCH; i++) {
        kept[i] = NULL;
        STRESS_MUST(stress_submit(pool, s->iter, i % 2 ? &kept[i] : NULL) ==
                    AC_OK);
    }
    stress_dawdle(dice);
    STRESS_MUST(ac_iter_abandon(s->iter) == AC_OK);
    stress_rally_meet(&s->rally);
    STRESS_MUST(ac_iter_remaining(s->iter) == 0);
    STRESS_MUST(stress_delivered() <= stress_submitted());
    ac_iter_destroy(s->iter); /* some of its futures may be running yet */
    for (int i = 1; i < BATCH; i += 2) {
        STRESS_MUST(ac_future_get(kept[i], AC_FOREVER, NULL) == AC_OK);
        ac_future_unref(kept[i]);
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
    for (size_t round = 0; round < s.rounds; round++)
        one_round(&s, pool, &dice);
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
