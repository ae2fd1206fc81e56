/*
 * Waiting for room against cancel and shutdown: four producers push into a
 * queue that is too small, four consumers take what comes out and cancel the
 * rest, and the pool is stopped under them all.  Everyone comes back, the bound
 * holds, and each task ran or was canceled.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { PRODUCERS = 4, CONSUMERS = 4, EACH = 16, CAPACITY = 3 };

typedef struct shared {
    size_t rounds;
    stress_rally all;      /* and the main thread */
    stress_rally produced; /* the producers and the main thread */
    ac_pool *pool;
    ac_iter *iter;
} shared;

static ac_deadline
some_deadline(stress_dice *dice)
{
    switch (stress_dice_roll(dice, 4)) {
    case 0:
        return AC_POLL;
    case 1:
        return ac_deadline_in_ns(stress_dice_roll(dice, 50000));
    default:
        return AC_FOREVER;
    }
}

/* One that is in nobody's iterator may be canceled by who submitted it. */
static int
submit(shared *s, stress_dice *dice)
{
    stress_token *token = stress_token_make(sizeof(*token));
    ac_deadline room_by = some_deadline(dice);
    ac_future *future = NULL;
    int rc;

    if (stress_dice_roll(dice, 4) > 0)
        rc = ac_iter_submit(s->iter, s->pool, stress_attr(), stress_brief,
                            token, room_by, NULL);
    else
        rc = ac_submit_until(s->pool, stress_attr(), stress_brief, token,
                             room_by, &future);
    stress_token_said(token, rc);
    STRESS_MUST(rc == AC_OK || rc == AC_ESHUTDOWN ||
                (rc == AC_ETIMEDOUT && room_by != AC_FOREVER));
    if (future != NULL && stress_dice_roll(dice, 2) == 0)
        ac_future_cancel(future);
    ac_future_unref(future);
    return rc;
}

static void
produce(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->all);
        for (int i = 0; i < EACH; i++)
            if (submit(s, &dice) == AC_ESHUTDOWN)
                break;
        stress_rally_meet(&s->produced);
        stress_rally_meet(&s->all);
    }
}

static void
consume(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 100);
    ac_future *future;
    int rc;

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->all);
        while ((rc = ac_iter_next(s->iter, AC_FOREVER, &future)) == AC_OK) {
            stress_deliver(future);
            if (stress_dice_roll(&dice, 8) == 0)
                STRESS_MUST(ac_iter_cancel(s->iter) == AC_OK);
        }
        STRESS_MUST(rc == AC_DONE);
        stress_rally_meet(&s->all);
    }
}

/* Early, late, or when all has been submitted. */
static void
stop(shared *s, stress_dice *dice)
{
    ac_shutdown how = stress_dice_roll(dice, 2) == 0 ? AC_DRAIN : AC_CANCEL;
    size_t left = 99;

    for (uint32_t n = stress_dice_roll(dice, 30); n > 0; n--)
        stress_dawdle(dice);
    if (stress_dice_roll(dice, 4) == 0) {
        stress_rally_meet(&s->produced);
        STRESS_MUST(ac_pool_shutdown(s->pool, how, AC_FOREVER, &left) == AC_OK);
    } else {
        STRESS_MUST(ac_pool_shutdown(s->pool, how, AC_FOREVER, &left) == AC_OK);
        stress_rally_meet(&s->produced);
    }
    STRESS_MUST(left == 0);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_dice dice = stress_dice_make(99);
    stress_crew producers, consumers;
    ac_pool_attr *attr;

    s.rounds = (s.rounds + 9) / 10; /* each makes a pool */
    STRESS_MUST(ac_pool_attr_create(&attr) == AC_OK);
    STRESS_MUST(ac_pool_attr_set_capacity(attr, CAPACITY) == AC_OK);
    stress_rally_init(&s.all, PRODUCERS + CONSUMERS + 1);
    stress_rally_init(&s.produced, PRODUCERS + 1);
    stress_crew_start(&producers, PRODUCERS, produce, &s);
    stress_crew_start(&consumers, CONSUMERS, consume, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        STRESS_MUST(ac_pool_create(1 + round % 2, attr, &s.pool) == AC_OK);
        STRESS_MUST(ac_iter_open(&s.iter) == AC_OK);
        stress_rally_meet(&s.all);
        stop(&s, &dice);
        STRESS_MUST(ac_iter_close(s.iter) == AC_OK);
        stress_rally_meet(&s.all);
        stress_check_stats(s.pool, CAPACITY);
        ac_iter_destroy(s.iter);
        STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
    }
    stress_crew_join(&producers);
    stress_crew_join(&consumers);
    ac_pool_attr_destroy(attr);
    return stress_end();
}
