/*
 * Counters against all that they count: whoever looks at them while tasks come,
 * run, end and are canceled sees numbers that belong together, and none ever
 * goes down that only can go up.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { PRODUCERS = 3, CAPACITY = 16 };

typedef struct shared {
    size_t rounds;
    ac_pool *pool;
    atomic_uint working;
} shared;

static void
produce(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    for (size_t round = 0; round < s->rounds; round++) {
        ac_future *future = NULL;
        int rc = stress_submit(s->pool, NULL, &future);
        STRESS_MUST(rc == AC_OK || rc == AC_EAGAIN);
        if (rc == AC_OK && stress_dice_roll(&dice, 3) == 0)
            ac_future_cancel(future);
        ac_future_unref(future);
        stress_dawdle(&dice);
    }
    atomic_fetch_sub(&s->working, 1);
}

static void
check(const uint64_t now[AC_STATS], const uint64_t before[AC_STATS])
{
    STRESS_MUST(now[AC_STAT_WORKERS] == 2);
    STRESS_MUST(now[AC_STAT_BUSY] <= 2);
    STRESS_MUST(now[AC_STAT_QUEUED] <= now[AC_STAT_QUEUED_MAX]);
    STRESS_MUST(now[AC_STAT_QUEUED_MAX] <= CAPACITY);
    STRESS_MUST(now[AC_STAT_SUBMITTED] >=
                now[AC_STAT_QUEUED] + now[AC_STAT_BUSY] +
                    now[AC_STAT_COMPLETED] + now[AC_STAT_CANCELED]);
    STRESS_MUST(
        now[AC_STAT_FAILED] + now[AC_STAT_EXPIRED] + now[AC_STAT_ABORTED] == 0);
    STRESS_MUST(now[AC_STAT_WAIT_MAX_NS] <= now[AC_STAT_WAIT_NS]);
    STRESS_MUST(now[AC_STAT_RUN_MAX_NS] <= now[AC_STAT_RUN_NS]);
    for (int i = AC_STAT_QUEUED_MAX; i < AC_STATS; i++)
        STRESS_MUST(now[i] >= before[i]);
}

/* Looks again and again until the producers are through. */
static void
look(shared *s)
{
    uint64_t values[2][AC_STATS] = {{0}};

    for (unsigned i = 0; atomic_load(&s->working) > 0; i = 1 - i) {
        STRESS_MUST(ac_pool_stats(s->pool, values[i], AC_STATS) == AC_OK);
        check(values[i], values[1 - i]);
    }
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    ac_pool_attr *attr;
    stress_crew crew;

    STRESS_MUST(ac_pool_attr_create(&attr) == AC_OK);
    STRESS_MUST(ac_pool_attr_set_capacity(attr, CAPACITY) == AC_OK);
    STRESS_MUST(ac_pool_attr_set_timing(attr, 1) == AC_OK);
    STRESS_MUST(ac_pool_create(2, attr, &s.pool) == AC_OK);
    ac_pool_attr_destroy(attr);
    atomic_init(&s.working, PRODUCERS);
    stress_crew_start(&crew, PRODUCERS, produce, &s);
    look(&s);
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_wait_idle(s.pool, AC_FOREVER) == AC_OK);
    stress_check_stats(s.pool, CAPACITY);
    STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
    return stress_end();
}
