/*
 * Resolve against fail against cancel: of three threads that end one promise,
 * one wins, and each call says what came of it.  A result that was not taken
 * is still its owner's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

#include <stdbool.h>
#include <stdlib.h>

enum { BATCH = 4, RIVALS = 3 };
enum { RESOLVE, FAIL, CANCEL }; /* who does what */

static atomic_size_t freed_args, freed_results;

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_promise *promises[BATCH];
    ac_future *futures[BATCH];
    int said[RIVALS][BATCH];
    int called[BATCH]; /* by whoever wins, read after the rally */
} shared;

static void
free_arg(void *object)
{
    (void)object;
    atomic_fetch_add_explicit(&freed_args, 1, memory_order_relaxed);
}

static void
free_result(void *object)
{
    free(object);
    atomic_fetch_add_explicit(&freed_results, 1, memory_order_relaxed);
}

static void
note(ac_future *future, void *arg)
{
    STRESS_MUST(ac_future_status(future) != AC_EAGAIN);
    ++*(int *)arg;
}

static int
end_it(shared *s, unsigned who, int i)
{
    int *result, rc;

    if (who == CANCEL)
        return ac_future_cancel(s->futures[i]);
    result = malloc(sizeof(*result));
    STRESS_MUST(result != NULL);
    *result = (int)who; /* plain: seen by whoever gets it */
    rc = who == RESOLVE ? ac_promise_resolve(s->promises[i], result)
                        : ac_promise_fail(s->promises[i], 7, result);
    if (rc != AC_OK)
        free(result);
    return rc;
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
            s->said[who][i] = end_it(s, who, i);
        }
        stress_rally_meet(&s->rally);
    }
}

/* The fourth one waits, and reads the result, meanwhile. */
static void
read_result(shared *s, int i)
{
    void *result = NULL;
    int status = ac_future_get(s->futures[i], AC_FOREVER, &result);

    STRESS_MUST(status == AC_OK || status == AC_EFAILED ||
                status == AC_ECANCELED);
    STRESS_MUST((result == NULL) == (status == AC_ECANCELED));
    if (result != NULL)
        STRESS_MUST(*(int *)result == (status == AC_OK ? RESOLVE : FAIL));
}

static void
look(shared *s, int i)
{
    static const int statuses[RIVALS] = {AC_OK, AC_EFAILED, AC_ECANCELED};
    int status = ac_future_status(s->futures[i]);
    int winners = 0;

    for (int who = 0; who < RIVALS; who++) {
        bool won = s->said[who][i] == AC_OK;
        winners += won;
        STRESS_MUST(won == (status == statuses[who]));
        STRESS_MUST(won || s->said[who][i] == AC_EALREADY);
    }
    STRESS_MUST(winners == 1);
    STRESS_MUST(s->called[i] == 1);
    STRESS_MUST(ac_future_error(s->futures[i]) ==
                (status == AC_EFAILED ? 7 : 0));
    ac_promise_destroy(s->promises[i]);
    ac_future_unref(s->futures[i]);
}

static void
make(shared *s, const ac_task_attr *attr, int i)
{
    s->called[i] = 0;
    STRESS_MUST(ac_promise_create(attr, s, &s->promises[i], &s->futures[i]) ==
                AC_OK);
    STRESS_MUST(ac_future_on_done(s->futures[i], note, &s->called[i]) == AC_OK);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    ac_task_attr *attr;
    stress_crew crew;

    STRESS_MUST(ac_task_attr_create(&attr) == AC_OK);
    STRESS_MUST(ac_task_attr_set_free_arg(attr, free_arg) == AC_OK);
    STRESS_MUST(ac_task_attr_set_free_result(attr, free_result) == AC_OK);
    stress_rally_init(&s.rally, RIVALS + 1);
    stress_crew_start(&crew, RIVALS, rival, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        for (int i = 0; i < BATCH; i++)
            make(&s, attr, i);
        stress_rally_meet(&s.rally);
        for (int i = 0; i < BATCH; i++)
            read_result(&s, i);
        stress_rally_meet(&s.rally);
        for (int i = 0; i < BATCH; i++)
            look(&s, i);
    }
    stress_crew_join(&crew);
    ac_task_attr_destroy(attr);
    STRESS_MUST(atomic_load(&freed_args) + atomic_load(&freed_results) ==
                s.rounds * BATCH);
    return stress_end();
}
