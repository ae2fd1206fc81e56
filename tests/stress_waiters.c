/*
 * Many threads wait for the same futures, each in its own way, some with
 * deadlines that pass at the very moment: all of them are told.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { WAITERS = 6, BATCH = 3 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_future *futures[BATCH];
} shared;

/* Whoever knows that it is done sees what the task wrote. */
static void
look(ac_future *future)
{
    const stress_token *token = ac_future_arg(future);
    int status = ac_future_status(future);

    STRESS_MUST(status == AC_OK || status == AC_ECANCELED);
    STRESS_MUST(token->ran == (status == AC_OK));
}

static void
wait_by_iter(shared *s)
{
    ac_iter *iter;
    ac_future *done;
    int n = 0;

    STRESS_MUST(ac_as_completed(s->futures, BATCH, &iter) == AC_OK);
    while (ac_iter_next(iter, AC_FOREVER, &done) == AC_OK) {
        n++;
        look(done);
        ac_future_unref(done);
    }
    STRESS_MUST(n == BATCH);
    ac_iter_destroy(iter);
}

/* Again and again with deadlines that are almost there. */
static void
wait_impatiently(shared *s, stress_dice *dice)
{
    ac_deadline deadline;
    size_t which;
    int rc;

    do {
        deadline = ac_deadline_in_ns((int64_t)stress_dice_roll(dice, 30000));
        rc = ac_wait(s->futures, BATCH, AC_ALL, deadline, &which);
        STRESS_MUST(rc == AC_OK || rc == AC_ETIMEDOUT);
        STRESS_MUST(which == BATCH);
        STRESS_MUST(rc == AC_OK || ac_now() >= deadline);
    } while (rc != AC_OK);
}

static void
waiter(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);
    size_t which;

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        switch (who) {
        case 0:
            wait_by_iter(s);
            break;
        case 1:
            wait_impatiently(s, &dice);
            break;
        case 2:
            STRESS_MUST(ac_wait(s->futures, BATCH, AC_FIRST, AC_FOREVER,
                                &which) == AC_OK);
            look(s->futures[which]);
            break;
        default:
            for (int i = 0; i < BATCH; i++) {
                STRESS_MUST(ac_future_wait(s->futures[i], AC_FOREVER) == AC_OK);
                look(s->futures[i]);
            }
        }
        stress_rally_meet(&s->rally);
    }
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_dice dice = stress_dice_make(99);
    stress_crew crew;
    ac_pool *pool;

    stress_rally_init(&s.rally, WAITERS + 1);
    STRESS_MUST(ac_pool_create(2, NULL, &pool) == AC_OK);
    stress_crew_start(&crew, WAITERS, waiter, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        for (int i = 0; i < BATCH; i++)
            STRESS_MUST(stress_submit(pool, NULL, &s.futures[i]) == AC_OK);
        stress_rally_meet(&s.rally);
        stress_dawdle(&dice);
        if (stress_dice_roll(&dice, 3) == 0)
            (void)ac_future_cancel(s.futures[BATCH - 1]);
        stress_rally_meet(&s.rally);
        for (int i = 0; i < BATCH; i++)
            ac_future_unref(s.futures[i]);
    }
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
