/*
 * Cancel against start: two threads cancel a task that a worker is about to
 * take.  Exactly one side wins, and what cancel() said is what came of it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { BATCH = 8, CANCELERS = 2 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_future *futures[BATCH];
    int said[CANCELERS][BATCH]; /* each by its canceler, read after the rally */
} shared;

/* Takes a moment, so that those behind it are queued for a while. */
static int
brief(void *arg, void **result)
{
    for (volatile int i = 0; i < 300; i++)
        continue;
    stress_run(arg, result);
    return 0;
}

/* One from the front, one from the back. */
static void
canceler(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        stress_dawdle(&dice);
        for (int i = 0; i < BATCH; i++) {
            int k = who == 0 ? i : BATCH - 1 - i;
            s->said[who][k] = ac_future_cancel(s->futures[k]);
        }
        stress_rally_meet(&s->rally);
    }
}

static void
look(const shared *s, int i)
{
    ac_future *future = s->futures[i];
    const stress_token *token = ac_future_arg(future);

    STRESS_MUST(ac_future_wait(future, AC_FOREVER) == AC_OK);
    int status = ac_future_status(future);
    STRESS_MUST(status == AC_OK || status == AC_ECANCELED);
    STRESS_MUST(token->ran == (status == AC_OK));
    for (int who = 0; who < CANCELERS; who++) {
        int said = s->said[who][i];
        STRESS_MUST(said == AC_OK || said == AC_EBUSY || said == AC_EALREADY);
        STRESS_MUST((said == AC_OK) == (status == AC_ECANCELED));
    }
    ac_future_unref(future);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_crew crew;
    ac_pool *pool;

    stress_rally_init(&s.rally, CANCELERS + 1);
    STRESS_MUST(ac_pool_create(2, NULL, &pool) == AC_OK);
    stress_crew_start(&crew, CANCELERS, canceler, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        for (int i = 0; i < BATCH; i++)
            STRESS_MUST(stress_submit_fn(pool, NULL, brief, &s.futures[i]) ==
                        AC_OK);
        stress_rally_meet(&s.rally);
        stress_rally_meet(&s.rally);
        for (int i = 0; i < BATCH; i++)
            look(&s, i);
    }
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
