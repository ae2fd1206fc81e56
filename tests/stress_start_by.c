/*
 * Start against the last moment to start: workers take tasks that are about
 * to be too late, while others ask about them, wait for them, cancel them, and
 * submit to the same full queue.  Each ran, expired or was canceled: one of
 * these.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { BATCH = 8, RIVALS = 3 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_pool *pool;
    ac_future *futures[BATCH];
    int said[BATCH];         /* what cancel said, or -1 */
    int called[BATCH];       /* by whoever ends it */
    atomic_size_t extra_ran; /* of those that fill the queue */
} shared;

static int
brief(void *arg, void **result)
{
    for (volatile int i = 0; i < 200; i++)
        continue;
    stress_run(arg, result);
    return 0;
}

static int
fill(void *arg, void **result)
{
    shared *s = arg;

    (void)result;
    atomic_fetch_add_explicit(&s->extra_ran, 1, memory_order_relaxed);
    return 0;
}

static void
note(ac_future *future, void *arg)
{
    STRESS_MUST(ac_future_status(future) != AC_EAGAIN);
    ++*(int *)arg;
}

/* Finds the queue full, mostly. */
static size_t
fill_up(shared *s)
{
    size_t accepted = 0;

    for (int i = 0; i < BATCH; i++) {
        int rc = ac_submit_until(s->pool, NULL, fill, s,
                                 i % 2 == 0 ? AC_POLL : AC_FOREVER, NULL);
        STRESS_MUST(rc == AC_OK || (rc == AC_ETIMEDOUT && i % 2 == 0));
        accepted += rc == AC_OK;
    }
    return accepted;
}

static void
rival(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);
    size_t accepted = 0;

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        stress_dawdle(&dice);
        if (who == 0)
            accepted += fill_up(s);
        for (int i = 0; who > 0 && i < BATCH; i++) {
            int k = who == 1 ? i : BATCH - 1 - i;
            if (who == 2 && stress_dice_roll(&dice, 3) == 0)
                s->said[k] = ac_future_cancel(s->futures[k]);
            else if (stress_dice_roll(&dice, 2) == 0)
                (void)ac_future_status(s->futures[k]);
            else
                STRESS_MUST(ac_future_wait(s->futures[k], AC_FOREVER) == AC_OK);
        }
        stress_rally_meet(&s->rally);
    }
    STRESS_MUST(ac_pool_wait_idle(s->pool, AC_FOREVER) == AC_OK);
    STRESS_MUST(who != 0 || accepted == atomic_load(&s->extra_ran));
}

static void
look(const shared *s, int i)
{
    ac_future *future = s->futures[i];
    const stress_token *token = ac_future_arg(future);
    int status = ac_future_status(future), said = s->said[i];

    STRESS_MUST(status == AC_OK || status == AC_EEXPIRED ||
                status == AC_ECANCELED);
    STRESS_MUST(token->ran == (status == AC_OK));
    STRESS_MUST(said == -1 ? status != AC_ECANCELED
                           : (said == AC_OK) == (status == AC_ECANCELED));
    STRESS_MUST(said != AC_EBUSY || status == AC_OK);
    STRESS_MUST(s->called[i] == 1);
    ac_future_unref(future);
}

static void
one_round(shared *s, stress_dice *dice)
{
    for (int i = 0; i < BATCH; i++) {
        /* Some microseconds, about as long as the queue takes. */
        int64_t ns = stress_dice_roll(dice, 4) == 0
                         ? 0
                         : (int64_t)stress_dice_roll(dice, 40000);
        s->said[i] = -1;
        s->called[i] = 0;
        STRESS_MUST(stress_submit_by(s->pool, ac_deadline_in_ns(ns), brief,
                                     &s->futures[i]) == AC_OK);
        STRESS_MUST(ac_future_on_done(s->futures[i], note, &s->called[i]) ==
                    AC_OK);
    }
    stress_rally_meet(&s->rally);
    stress_rally_meet(&s->rally);
    STRESS_MUST(ac_pool_wait_idle(s->pool, AC_FOREVER) == AC_OK);
    for (int i = 0; i < BATCH; i++)
        look(s, i);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_dice dice = stress_dice_make(99);
    ac_pool_attr *attr;
    stress_crew crew;

    stress_rally_init(&s.rally, RIVALS + 1);
    STRESS_MUST(ac_pool_attr_create(&attr) == AC_OK);
    STRESS_MUST(ac_pool_attr_set_capacity(attr, BATCH) == AC_OK);
    STRESS_MUST(ac_pool_create(2, attr, &s.pool) == AC_OK);
    ac_pool_attr_destroy(attr);
    stress_crew_start(&crew, RIVALS, rival, &s);
    for (size_t round = 0; round < s.rounds; round++)
        one_round(&s, &dice);
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
    return stress_end();
}
