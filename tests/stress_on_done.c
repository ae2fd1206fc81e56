/*
 * Registering against completion: two threads register callbacks while the
 * tasks run, end and are canceled.  Each is called once, with a future that is
 * done, and no later than the pool is idle.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

#include <sched.h>
#include <stdbool.h>

enum { BATCH = 4, RIVALS = 2, EACH = 2 };

/* Plain on purpose, as a token is: being called orders it. */
typedef struct call {
    int times;
    int status;
} call;

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_future *futures[BATCH];
    call calls[RIVALS][BATCH][EACH]; /* a round's */
} shared;

static atomic_bool may_end; /* the round's tasks */

/* It ends while the rivals are at it. */
static int
stay(void *arg, void **result)
{
    stress_run(arg, result);
    while (!atomic_load(&may_end))
        sched_yield();
    return 0;
}

static void
note(ac_future *future, void *arg)
{
    call *c = arg;

    c->times++;
    c->status = ac_future_status(future);
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
            for (int k = 0; k < EACH; k++)
                STRESS_MUST(ac_future_on_done(s->futures[i], note,
                                              &s->calls[who][i][k]) == AC_OK);
            if (stress_dice_roll(&dice, 8) == 0)
                (void)ac_future_cancel(s->futures[i]);
        }
        stress_rally_meet(&s->rally);
    }
}

static void
look(const shared *s, int i)
{
    int status = ac_future_status(s->futures[i]);

    STRESS_MUST(status == AC_OK || status == AC_ECANCELED);
    for (unsigned who = 0; who < RIVALS; who++) {
        for (int k = 0; k < EACH; k++) {
            const call *c = &s->calls[who][i][k];
            STRESS_MUST(c->times == 1);
            STRESS_MUST(c->status == status);
        }
    }
    ac_future_unref(s->futures[i]);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_dice dice = stress_dice_make(99);
    stress_crew crew;
    ac_pool *pool;

    stress_rally_init(&s.rally, RIVALS + 1);
    STRESS_MUST(ac_pool_create(2, NULL, &pool) == AC_OK);
    stress_crew_start(&crew, RIVALS, rival, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        atomic_store(&may_end, false);
        for (int i = 0; i < BATCH; i++)
            for (unsigned who = 0; who < RIVALS; who++)
                for (int k = 0; k < EACH; k++)
                    s.calls[who][i][k] = (call){0, 0};
        for (int i = 0; i < BATCH; i++)
            STRESS_MUST(stress_submit_fn(pool, NULL, stay, &s.futures[i]) ==
                        AC_OK);
        stress_rally_meet(&s.rally);
        stress_dawdle(&dice);
        atomic_store(&may_end, true);
        stress_rally_meet(&s.rally);
        STRESS_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
        for (int i = 0; i < BATCH; i++)
            look(&s, i);
    }
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
