/*
 * Four producers and four consumers on one iterator: every delivery that was
 * asked for is made, to exactly one of them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { PRODUCERS = 4, CONSUMERS = 4 };

typedef struct shared {
    size_t rounds; /* for each producer */
    ac_pool *pool;
    ac_iter *iter;
} shared;

static void
producer(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);
    ac_future *future;

    for (size_t i = 0; i < s->rounds; i++) {
        uint32_t way = stress_dice_roll(&dice, 4);
        if (way == 0) {
            STRESS_MUST(stress_submit(s->pool, s->iter, NULL) == AC_OK);
            continue;
        }
        STRESS_MUST(stress_submit(s->pool, NULL, &future) == AC_OK);
        if (way == 1)
            (void)ac_future_cancel(future);
        if (way == 2) /* done by now, or canceled */
            STRESS_MUST(ac_future_wait(future, AC_FOREVER) == AC_OK);
        STRESS_MUST(ac_iter_add(s->iter, future) == AC_OK);
        ac_future_unref(future);
    }
}

static void
consumer(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 100);
    ac_future *future;
    int rc;

    do {
        ac_deadline deadline = AC_FOREVER;
        switch (stress_dice_roll(&dice, 8)) {
        case 0:
            deadline = AC_POLL;
            break;
        case 1:
            deadline =
                ac_deadline_in_ns((int64_t)stress_dice_roll(&dice, 100000));
            break;
        }
        rc = ac_iter_next(s->iter, deadline, &future);
        if (rc == AC_OK)
            stress_deliver(future);
        STRESS_MUST(rc != AC_ETIMEDOUT || deadline != AC_FOREVER);
    } while (rc == AC_OK || rc == AC_ETIMEDOUT);
    STRESS_MUST(rc == AC_DONE);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_crew producers;
    stress_crew consumers;

    STRESS_MUST(ac_pool_create(2, NULL, &s.pool) == AC_OK);
    STRESS_MUST(ac_iter_open(&s.iter) == AC_OK);
    stress_crew_start(&consumers, CONSUMERS, consumer, &s);
    stress_crew_start(&producers, PRODUCERS, producer, &s);
    stress_crew_join(&producers);
    STRESS_MUST(ac_iter_close(s.iter) == AC_OK);
    stress_crew_join(&consumers);
    STRESS_MUST(stress_submitted() == s.rounds * PRODUCERS);
    STRESS_MUST(stress_delivered() == stress_submitted());
    STRESS_MUST(ac_iter_remaining(s.iter) == 0);
    ac_iter_destroy(s.iter);
    STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
    return stress_end();
}
