/*
 * soak_bounded [SECONDS]: a queue of 1,000 under eight submitters, who push as
 * hard as they can.  It never holds more than that, the process takes no more
 * memory in the end than soon after the beginning, and nothing is lost.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

#include <stdio.h>

enum { SUBMITTERS = 8, WORKERS = 2, CAPACITY = 1000, MANY = 16 };

#define SLACK ((size_t)4 << 20) /* what the allocator may keep more or less */

typedef struct shared {
    ac_pool *pool;
    ac_deadline end;
} shared;

static void
submit_one(shared *s, stress_dice *dice)
{
    stress_token *token = stress_token_make(sizeof(*token));
    ac_deadline room_by = AC_FOREVER;
    ac_future *future = NULL;
    int rc;

    if (stress_dice_roll(dice, 4) == 0)
        room_by = ac_deadline_in_ns(stress_dice_roll(dice, 200000));
    rc = ac_submit_until(s->pool, stress_attr(), stress_brief, token, room_by,
                         &future);
    STRESS_MUST(rc == AC_OK || (rc == AC_ETIMEDOUT && room_by != AC_FOREVER));
    stress_token_said(token, rc);
    if (stress_dice_roll(dice, 16) == 0)
        ac_future_cancel(future);
    ac_future_unref(future);
}

static void
submit_many(shared *s, stress_dice *dice)
{
    size_t n = 1 + stress_dice_roll(dice, MANY);
    void *args[MANY];
    int rc;

    for (size_t i = 0; i < n; i++)
        args[i] = stress_token_make(sizeof(stress_token));
    rc = ac_submit_many(s->pool, stress_attr(), stress_brief, args, n,
                        AC_FOREVER, NULL);
    STRESS_MUST(rc == AC_OK);
    for (size_t i = 0; i < n; i++)
        stress_token_said(args[i], rc);
}

static void
push(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    while (ac_now() < s->end) {
        if (stress_dice_roll(&dice, 4) == 0)
            submit_many(s, &dice);
        else
            submit_one(s, &dice);
    }
}

/* Sleeps until then: nothing ever comes out of an empty iterator. */
static void
rest_until(ac_iter *empty, ac_deadline deadline)
{
    ac_future *none;

    STRESS_MUST(ac_iter_next(empty, deadline, &none) == AC_ETIMEDOUT);
}

/* Looks twenty times; the first fifth of the time is to get warm. */
static void
watch(shared *s, ac_deadline begin)
{
    uint64_t v[AC_STATS];
    size_t warm = 0, most = 0;
    ac_iter *empty;

    STRESS_MUST(ac_iter_open(&empty) == AC_OK);
    for (int i = 1; i <= 20; i++) {
        rest_until(empty, begin + (s->end - begin) / 20 * i);
        STRESS_MUST(ac_pool_stats(s->pool, v, AC_STATS) == AC_OK);
        STRESS_MUST(v[AC_STAT_QUEUED] <= v[AC_STAT_QUEUED_MAX]);
        STRESS_MUST(v[AC_STAT_QUEUED_MAX] <= CAPACITY);
        size_t now = stress_resident_bytes();
        if (i <= 4 && now > warm)
            warm = now;
        if (now > most)
            most = now;
    }
    ac_iter_destroy(empty);
    STRESS_MUST(stress_instrumented() || most <= warm + SLACK);
    printf("at most %llu queued, %llu refused, %zu KiB, after a fifth %zu\n",
           (unsigned long long)v[AC_STAT_QUEUED_MAX],
           (unsigned long long)v[AC_STAT_REJECTED], most / 1024, warm / 1024);
}

int
main(int argc, char **argv)
{
    char *usual[] = {argv[0], "60", NULL};
    size_t seconds = stress_begin(2, argc > 1 ? argv : usual);
    ac_pool_attr *attr;
    stress_crew crew;
    shared s;

    STRESS_MUST(ac_pool_attr_create(&attr) == AC_OK);
    STRESS_MUST(ac_pool_attr_set_capacity(attr, CAPACITY) == AC_OK);
    STRESS_MUST(ac_pool_create(WORKERS, attr, &s.pool) == AC_OK);
    ac_pool_attr_destroy(attr);
    ac_deadline begin = ac_now();
    s.end = begin + (int64_t)seconds * 1000000000;
    stress_crew_start(&crew, SUBMITTERS, push, &s);
    watch(&s, begin);
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_wait_idle(s.pool, AC_FOREVER) == AC_OK);
    stress_check_stats(s.pool, CAPACITY);
    STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
    return stress_end();
}
