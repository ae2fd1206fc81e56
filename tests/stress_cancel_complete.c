/*
 * Cancel against completion: a task is asked to stop while it is ending.  It
 * ends canceled if it says so and not otherwise, and its result is there
 * either way.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

#include <sched.h>

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_future *future;
    int said;
} shared;

static atomic_uint started;

/* Runs for a moment; stops early if it is asked to. */
static int
work(void *arg, void **result)
{
    static _Thread_local stress_dice dice;
    int stop = 0;

    atomic_fetch_add(&started, 1);
    for (uint32_t i = stress_dice_roll(&dice, 30); i > 0 && !stop; i--) {
        stress_dawdle(&dice);
        stop = ac_cancel_requested();
    }
    stress_run(arg, result);
    return stop ? AC_TASK_CANCELED : 0;
}

static void
canceler(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        /* Mostly while it runs, sometimes before. */
        if (stress_dice_roll(&dice, 8) > 0)
            while (atomic_load(&started) <= round)
                sched_yield();
        for (uint32_t i = stress_dice_roll(&dice, 10); i > 0; i--)
            stress_dawdle(&dice);
        s->said = ac_future_cancel(s->future);
        stress_rally_meet(&s->rally);
    }
}

static void
look(const shared *s, int waited)
{
    const stress_token *token = ac_future_arg(s->future);
    int status = ac_future_status(s->future);
    void *result = NULL;

    STRESS_MUST(waited == AC_OK);
    STRESS_MUST(status == AC_OK || status == AC_ECANCELED);
    if (status == AC_OK)
        STRESS_MUST(s->said == AC_EBUSY || s->said == AC_EALREADY);
    if (s->said == AC_EALREADY)
        STRESS_MUST(status == AC_OK);
    STRESS_MUST(ac_future_get(s->future, AC_POLL, &result) == status);
    STRESS_MUST(result == (token->ran ? token : NULL));
    STRESS_MUST(token->ran || s->said == AC_OK);
    if (!token->ran)
        atomic_fetch_add(&started, 1); /* one for each round */
    ac_future_unref(s->future);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_crew crew;
    ac_pool *pool;

    stress_rally_init(&s.rally, 2);
    STRESS_MUST(ac_pool_create(2, NULL, &pool) == AC_OK);
    stress_crew_start(&crew, 1, canceler, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        STRESS_MUST(stress_submit_fn(pool, NULL, work, &s.future) == AC_OK);
        stress_rally_meet(&s.rally);
        int waited = ac_future_wait(s.future, AC_FOREVER);
        stress_rally_meet(&s.rally);
        look(&s, waited);
    }
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
