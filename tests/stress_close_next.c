/*
 * Close against next: while completions come in and consumers wait, the
 * iterator is closed.  All that was added comes out, each one once, and all
 * consumers learn of the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { CONSUMERS = 3, BATCH = 5 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_iter *iter;
} shared;

/* Until the end; the last one uses next_many. */
static void
drain(ac_iter *iter, int many)
{
    ac_future *got[BATCH];
    size_t n = 1;
    int rc;

    for (;;) {
        if (many)
            rc = ac_iter_next_many(iter, got, 2, BATCH, AC_FOREVER, &n);
        else
            rc = ac_iter_next(iter, AC_FOREVER, &got[0]);
        if (rc != AC_OK)
            break;
        for (size_t i = 0; i < n; i++)
            stress_deliver(got[i]);
    }
    STRESS_MUST(rc == AC_DONE);
}

static void
consumer(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        stress_dawdle(&dice);
        drain(s->iter, who == CONSUMERS - 1);
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
        uint32_t n = stress_dice_roll(&dice, BATCH + 1);
        STRESS_MUST(ac_iter_open(&s.iter) == AC_OK);
        stress_rally_meet(&s.rally);
        for (uint32_t i = 0; i < n; i++) {
            STRESS_MUST(stress_submit(pool, s.iter, NULL) == AC_OK);
            stress_dawdle(&dice);
        }
        stress_dawdle(&dice);
        STRESS_MUST(ac_iter_close(s.iter) == AC_OK);
        STRESS_MUST(stress_submit(pool, s.iter, NULL) == AC_ECLOSED);
        stress_rally_meet(&s.rally);
        STRESS_MUST(ac_iter_remaining(s.iter) == 0);
        STRESS_MUST(stress_delivered() == stress_submitted());
        ac_iter_destroy(s.iter);
    }
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
