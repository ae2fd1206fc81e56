/*
 * The end of a pool against calls on its futures: while one thread drains and
 * destroys the pool, others cancel its tasks, ask about them and wait for them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { BATCH = 3, RIVALS = 2 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_future *futures[BATCH];
} shared;

static int
leave(void *arg, void **result)
{
    stress_run(arg, result);
    return 0;
}

static void
rival(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        for (int i = 0; i < BATCH; i++) {
            stress_dawdle(&dice);
            if (who == 0)
                (void)ac_future_cancel(s->futures[i]);
            else
                (void)ac_future_status(s->futures[i]);
        }
        for (int i = 0; i < BATCH; i++)
            STRESS_MUST(ac_future_wait(s->futures[i], AC_FOREVER) == AC_OK);
        stress_rally_meet(&s->rally);
    }
}

/* Some of them are about to be too late. */
static void
one_round(shared *s, stress_dice *dice)
{
    ac_pool *pool;

    STRESS_MUST(ac_pool_create(1, NULL, &pool) == AC_OK);
    for (int i = 0; i < BATCH; i++) {
        ac_deadline start_by =
            i == 0 ? AC_FOREVER
                   : ac_deadline_in_ns((int64_t)stress_dice_roll(dice, 30000));
        STRESS_MUST(stress_submit_by(pool, start_by, leave, &s->futures[i]) ==
                    AC_OK);
    }
    stress_rally_meet(&s->rally);
    stress_dawdle(dice);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    for (int i = 0; i < BATCH; i++)
        STRESS_MUST(ac_future_status(s->futures[i]) != AC_EAGAIN);
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

    stress_rally_init(&s.rally, RIVALS + 1);
    stress_crew_start(&crew, RIVALS, rival, &s);
    for (size_t round = 0; round < s.rounds; round++)
        one_round(&s, &dice);
    stress_crew_join(&crew);
    return stress_end();
}
