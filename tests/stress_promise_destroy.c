/*
 * The end of a promise against those who wait: threads wait for it each in
 * his own way, while its owner resolves it, breaks it, or does both at once
 * with a cancel.  Everyone wakes, and drops what he has at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { BATCH = 4, RIVALS = 4 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_future *futures[BATCH]; /* each rival has a reference */
    ac_iter *iter;             /* shared: each member is delivered once */
    atomic_size_t delivered;
} shared;

static void
check_end(ac_future *future)
{
    int status = ac_future_status(future);

    STRESS_MUST(status == AC_OK || status == AC_EBROKEN ||
                status == AC_ECANCELED);
}

static void
wait_for_each(shared *s)
{
    for (int i = 0; i < BATCH; i++) {
        STRESS_MUST(ac_future_wait(s->futures[i], AC_FOREVER) == AC_OK);
        check_end(s->futures[i]);
    }
}

static void
wait_for_set(shared *s)
{
    size_t which;

    STRESS_MUST(ac_wait(s->futures, BATCH, AC_FIRST, AC_FOREVER, &which) ==
                AC_OK);
    check_end(s->futures[which]);
    STRESS_MUST(ac_wait(s->futures, BATCH, AC_ALL, AC_FOREVER, NULL) == AC_OK);
}

static void
deliver(shared *s)
{
    ac_future *future;
    int rc;

    while ((rc = ac_iter_next(s->iter, AC_FOREVER, &future)) == AC_OK) {
        check_end(future);
        ac_future_unref(future);
        atomic_fetch_add(&s->delivered, 1);
    }
    STRESS_MUST(rc == AC_DONE);
}

static void
rival(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        stress_dawdle(&dice);
        if (who == 0)
            wait_for_each(s);
        else if (who == 1)
            wait_for_set(s);
        else
            deliver(s);
        for (int i = 0; i < BATCH; i++)
            ac_future_unref(s->futures[i]);
        stress_rally_meet(&s->rally);
    }
}

static void
end_it(shared *s, ac_promise *promise, int i, stress_dice *dice)
{
    uint32_t way = stress_dice_roll(dice, 3);

    stress_dawdle(dice);
    if (way == 0)
        STRESS_MUST(ac_promise_resolve(promise, NULL) == AC_OK);
    else if (way == 1)
        STRESS_MUST(ac_future_cancel(s->futures[i]) == AC_OK);
    ac_future_unref(s->futures[i]); /* the owner's own */
    ac_promise_destroy(promise);
}

static void
one_round(shared *s, stress_dice *dice)
{
    ac_promise *promises[BATCH];

    for (int i = 0; i < BATCH; i++) {
        STRESS_MUST(ac_promise_create(NULL, NULL, &promises[i],
                                      &s->futures[i]) == AC_OK);
        for (int who = 0; who < RIVALS; who++)
            ac_future_ref(s->futures[i]);
    }
    STRESS_MUST(ac_as_completed(s->futures, BATCH, &s->iter) == AC_OK);
    stress_rally_meet(&s->rally);
    for (int i = 0; i < BATCH; i++)
        end_it(s, promises[i], i, dice);
    stress_rally_meet(&s->rally);
    ac_iter_destroy(s->iter);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_dice dice = stress_dice_make(99);
    stress_crew crew;

    stress_rally_init(&s.rally, RIVALS + 1);
    stress_crew_start(&crew, RIVALS, rival, &s);
    for (size_t round = 0; round < s.rounds; round++)
        one_round(&s, &dice);
    stress_crew_join(&crew);
    STRESS_MUST(atomic_load(&s.delivered) == s.rounds * BATCH);
    return stress_end();
}
