/*
 * Shutdown against submit: every task that was accepted runs, or is canceled
 * where that was asked for; none is lost, and none is accepted afterwards.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { SUBMITTERS = 3, TOO_MANY = 2000 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_pool *pool;
    ac_iter *iter;
} shared;

static void
submitter(void *arg, unsigned who)
{
    shared *s = arg;
    ac_iter *iter;
    int rc;

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        iter = who == 0 ? s->iter : NULL;
        for (int i = 0; i < TOO_MANY; i++) {
            rc = stress_submit(s->pool, iter, NULL);
            if (rc != AC_OK)
                break;
        }
        STRESS_MUST(rc == AC_OK || rc == AC_ESHUTDOWN);
        stress_rally_meet(&s->rally);
    }
}

/* Stops in one of three ways; says how far it got. */
static void
stop(ac_pool *pool, stress_dice *dice)
{
    size_t left = 99;
    int rc;

    switch (stress_dice_roll(dice, 3)) {
    case 0:
        STRESS_MUST(ac_pool_shutdown(pool, AC_DRAIN, AC_FOREVER, &left) ==
                    AC_OK);
        break;
    case 1:
        STRESS_MUST(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, &left) ==
                    AC_OK);
        break;
    default:
        rc = ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left);
        STRESS_MUST(rc == AC_OK || (rc == AC_ETIMEDOUT && left > 0));
        STRESS_MUST(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, &left) ==
                    AC_OK);
    }
    STRESS_MUST(left == 0);
    STRESS_MUST(stress_submit(pool, NULL, NULL) == AC_ESHUTDOWN);
}

/* What the iterator was promised comes out, however it ended. */
static void
collect(ac_iter *iter)
{
    ac_future *future;
    int rc;

    STRESS_MUST(ac_iter_close(iter) == AC_OK);
    while ((rc = ac_iter_next(iter, AC_POLL, &future)) == AC_OK)
        stress_deliver(future);
    STRESS_MUST(rc == AC_DONE);
    ac_iter_destroy(iter);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_dice dice = stress_dice_make(99);
    stress_crew crew;

    s.rounds = (s.rounds + 9) / 10; /* each makes a pool */
    stress_rally_init(&s.rally, SUBMITTERS + 1);
    stress_crew_start(&crew, SUBMITTERS, submitter, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        STRESS_MUST(ac_pool_create(1 + round % 3, NULL, &s.pool) == AC_OK);
        STRESS_MUST(ac_iter_open(&s.iter) == AC_OK);
        stress_rally_meet(&s.rally);
        stress_dawdle(&dice);
        stop(s.pool, &dice);
        stress_rally_meet(&s.rally);
        collect(s.iter);
        STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
    }
    stress_crew_join(&crew);
    return stress_end();
}
