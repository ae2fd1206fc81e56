/*
 * Shutdown against shutdown: drains, cancels and waits for idleness by several
 * threads at once, with deadlines and without, all wait for the same end; each
 * task ends once and its callback is called once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { STOPPERS = 4, TASKS = 40 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_pool *pool;
    atomic_uint called;
    ac_future *futures[TASKS];
} shared;

/* Whoever is told that nothing is left can rely on it. */
static void
look(shared *s)
{
    for (int i = 0; i < TASKS; i++)
        STRESS_MUST(ac_future_status(s->futures[i]) != AC_EAGAIN);
    STRESS_MUST(atomic_load(&s->called) == TASKS);
}

static void
stop(shared *s, stress_dice *dice)
{
    const ac_shutdown how = stress_dice_roll(dice, 2) ? AC_DRAIN : AC_CANCEL;
    ac_deadline deadline = AC_FOREVER;
    size_t left = TASKS + 9;

    switch (stress_dice_roll(dice, 4)) {
    case 0:
        deadline = AC_POLL;
        break;
    case 1:
        deadline = ac_deadline_in_ns(stress_dice_roll(dice, 20000));
        break;
    case 2:
        STRESS_MUST(ac_pool_wait_idle(s->pool, AC_FOREVER) == AC_OK);
        look(s);
        return;
    default:
        break;
    }
    const int rc = ac_pool_shutdown(s->pool, how, deadline, &left);
    STRESS_MUST(rc == AC_OK || (rc == AC_ETIMEDOUT && deadline != AC_FOREVER));
    STRESS_MUST(rc == AC_OK ? left == 0 : left > 0 && left <= TASKS);
    if (rc == AC_OK)
        look(s);
}

static void
stopper(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who);

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        stress_dawdle(&dice);
        for (uint32_t i = stress_dice_roll(&dice, 3) + 1; i > 0; i--)
            stop(s, &dice);
        stress_rally_meet(&s->rally);
    }
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = (stress_begin(argc, argv) + 9) / 10};
    stress_crew crew;

    stress_rally_init(&s.rally, STOPPERS + 1);
    stress_crew_start(&crew, STOPPERS, stopper, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        STRESS_MUST(ac_pool_create(1 + round % 3, NULL, &s.pool) == AC_OK);
        atomic_store(&s.called, 0);
        for (int i = 0; i < TASKS; i++) {
            STRESS_MUST(stress_submit(s.pool, NULL, &s.futures[i]) == AC_OK);
            STRESS_MUST(ac_future_on_done(s.futures[i], stress_count_done,
                                          &s.called) == AC_OK);
        }
        stress_rally_meet(&s.rally);
        stress_rally_meet(&s.rally);
        STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
        look(&s);
        for (int i = 0; i < TASKS; i++)
            stress_deliver(s.futures[i]);
    }
    stress_crew_join(&crew);
    return stress_end();
}
