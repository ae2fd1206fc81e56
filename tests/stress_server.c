/*
 * Everything at once, as in a server: four producers submit, add, cancel, ask
 * to be told, drop what they have and end it all, by closing, by abandoning or
 * by a shutdown; four consumers take, one by one or many, with deadlines that
 * pass and others that don't.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { PRODUCERS = 4, CONSUMERS = 4, ACTIONS = 6, MAX = 4 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_pool *pool;
    ac_iter *iter;
    atomic_uint called;  /* callbacks */
    atomic_uint to_call; /* registered */
    atomic_uint stopped; /* the pool is, in this round */
} shared;

static int
is_refusal(int rc)
{
    return rc == AC_ECLOSED || rc == AC_ESHUTDOWN;
}

/* What one may do to a future that others hold too. */
static void
use(shared *s, ac_future *future, stress_dice *dice)
{
    switch (stress_dice_roll(dice, 4)) {
    case 0:
        ac_future_cancel(future);
        break;
    case 1:
        atomic_fetch_add_explicit(&s->to_call, 1, memory_order_relaxed);
        STRESS_MUST(ac_future_on_done(future, stress_count_done, &s->called) ==
                    AC_OK);
        break;
    case 2:
        ac_future_wait(future, ac_deadline_in_ns(stress_dice_roll(dice, 9000)));
        break;
    default:
        break;
    }
    ac_future_unref(future);
}

static void
submit(shared *s, stress_dice *dice)
{
    ac_future *future;
    int both = stress_dice_roll(dice, 2) == 0;
    int rc = stress_submit(s->pool, both ? s->iter : NULL, &future);

    STRESS_MUST(rc == AC_OK || is_refusal(rc));
    if (rc != AC_OK)
        return;
    if (!both) {
        rc = ac_iter_add(s->iter, future);
        STRESS_MUST(rc == AC_OK || rc == AC_ECLOSED);
    }
    use(s, future, dice);
}

/* One of the producers ends the round, each time in another way. */
static void
end(shared *s, stress_dice *dice)
{
    switch (stress_dice_roll(dice, 6)) {
    case 0:
        STRESS_MUST(ac_iter_abandon(s->iter) == AC_OK);
        break;
    case 1:
        atomic_store(&s->stopped, 1);
        ac_pool_shutdown(s->pool,
                         stress_dice_roll(dice, 2) ? AC_DRAIN : AC_CANCEL,
                         AC_POLL, NULL);
        break;
    case 2:
        STRESS_MUST(ac_iter_cancel(s->iter) == AC_OK);
        break;
    default:
        break;
    }
    STRESS_MUST(ac_iter_close(s->iter) == AC_OK);
}

static void
produce(shared *s, unsigned who, size_t round, stress_dice *dice)
{
    for (int i = 0; i < ACTIONS; i++) {
        submit(s, dice);
        stress_dawdle(dice);
    }
    if (round % PRODUCERS == who)
        end(s, dice);
}

static void
consume(shared *s, stress_dice *dice)
{
    ac_future *got[MAX];
    int rc;

    do {
        ac_deadline deadline = AC_FOREVER;
        size_t n = 1;
        if (stress_dice_roll(dice, 3) == 0)
            deadline = ac_deadline_in_ns(stress_dice_roll(dice, 40000));
        if (stress_dice_roll(dice, 2))
            rc = ac_iter_next(s->iter, deadline, &got[0]);
        else
            rc = ac_iter_next_many(s->iter, got, 1 + stress_dice_roll(dice, 2),
                                   MAX, deadline, &n);
        for (size_t i = 0; rc == AC_OK && i < n; i++)
            stress_deliver(got[i]);
    } while (rc == AC_OK || rc == AC_ETIMEDOUT);
    STRESS_MUST(rc == AC_DONE);
}

static void
take_part(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        if (who < PRODUCERS)
            produce(s, who, round, &dice);
        else
            consume(s, &dice);
        stress_rally_meet(&s->rally);
    }
}

/* A stopped pool goes with its round. */
static void
renew(shared *s)
{
    if (atomic_load(&s->stopped) == 0)
        return;
    STRESS_MUST(ac_pool_destroy(s->pool) == AC_OK);
    STRESS_MUST(ac_pool_create(2, NULL, &s->pool) == AC_OK);
    atomic_store(&s->stopped, 0);
}

int
main(int argc, char **argv)
{
    static shared s;
    stress_crew crew;

    s.rounds = stress_begin(argc, argv);
    stress_rally_init(&s.rally, PRODUCERS + CONSUMERS + 1);
    STRESS_MUST(ac_pool_create(2, NULL, &s.pool) == AC_OK);
    stress_crew_start(&crew, PRODUCERS + CONSUMERS, take_part, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        STRESS_MUST(ac_iter_open(&s.iter) == AC_OK);
        stress_rally_meet(&s.rally);
        stress_rally_meet(&s.rally);
        ac_iter_destroy(s.iter);
        renew(&s);
    }
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
    STRESS_MUST(atomic_load(&s.called) == atomic_load(&s.to_call));
    return stress_end();
}
