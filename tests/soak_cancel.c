/*
 * soak_cancel [TASKS]: all workers are stuck, and tasks are submitted and
 * canceled.  Each is gone at once: its room is free, its argument freed, and
 * the memory does not grow.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

#include <stdio.h>

enum { WORKERS = 4, WINDOW = 64 };

#define SLACK ((size_t)1 << 20)

static ac_future *release; /* of a promise: the workers wait for it */

static int
get_stuck(void *arg, void **result)
{
    STRESS_MUST(ac_future_wait(release, AC_FOREVER) == AC_OK);
    stress_run(arg, result);
    return 0;
}

static ac_pool *
stuck_pool(size_t capacity)
{
    uint64_t v[AC_STATS];
    ac_pool_attr *attr;
    ac_pool *pool;

    STRESS_MUST(ac_pool_attr_create(&attr) == AC_OK);
    STRESS_MUST(ac_pool_attr_set_capacity(attr, capacity) == AC_OK);
    STRESS_MUST(ac_pool_create(WORKERS, attr, &pool) == AC_OK);
    ac_pool_attr_destroy(attr);
    for (int i = 0; i < WORKERS; i++)
        STRESS_MUST(stress_submit_fn(pool, NULL, get_stuck, NULL) == AC_OK);
    do
        STRESS_MUST(ac_pool_stats(pool, v, AC_STATS) == AC_OK);
    while (v[AC_STAT_BUSY] < WORKERS);
    return pool;
}

/* Of those that wait, one or another is canceled, and a new one comes. */
static void
churn(ac_pool *pool, size_t tasks)
{
    stress_dice dice = stress_dice_make(7);
    ac_future *window[WINDOW] = {NULL};
    size_t warm = 0;

    for (size_t i = 0; i < tasks; i++) {
        ac_future **one = &window[stress_dice_roll(&dice, WINDOW)];
        if (*one != NULL) {
            STRESS_MUST(ac_future_cancel(*one) == AC_OK);
            STRESS_MUST(ac_future_status(*one) == AC_ECANCELED);
            ac_future_unref(*one);
        }
        STRESS_MUST(stress_submit(pool, NULL, one) == AC_OK);
        if (i == tasks / 10)
            warm = stress_resident_bytes();
    }
    size_t now = stress_resident_bytes();
    STRESS_MUST(stress_instrumented() || now <= warm + SLACK);
    printf("%zu submitted: %zu KiB, after a tenth %zu\n", tasks, now / 1024,
           warm / 1024);
    for (size_t i = 0; i < WINDOW; i++) {
        if (window[i] != NULL)
            STRESS_MUST(ac_future_cancel(window[i]) == AC_OK);
        ac_future_unref(window[i]);
    }
}

static void
check(const ac_pool *pool, size_t tasks)
{
    uint64_t v[AC_STATS];

    STRESS_MUST(ac_pool_stats(pool, v, AC_STATS) == AC_OK);
    STRESS_MUST(v[AC_STAT_QUEUED] == 0);
    STRESS_MUST(v[AC_STAT_QUEUED_MAX] <= WINDOW);
    STRESS_MUST(v[AC_STAT_CANCELED] == tasks);
    STRESS_MUST(v[AC_STAT_BUSY] == WORKERS);
    STRESS_MUST(v[AC_STAT_REJECTED] == 0);
}

int
main(int argc, char **argv)
{
    size_t tasks = stress_begin(argc, argv);
    ac_promise *promise;
    ac_pool *pools[2];

    STRESS_MUST(ac_promise_create(NULL, NULL, &promise, &release) == AC_OK);
    pools[0] = stuck_pool(0);
    pools[1] = stuck_pool(WINDOW);
    for (int i = 0; i < 2; i++) {
        churn(pools[i], tasks);
        check(pools[i], tasks);
    }
    STRESS_MUST(ac_promise_resolve(promise, NULL) == AC_OK);
    for (int i = 0; i < 2; i++)
        STRESS_MUST(ac_pool_destroy(pools[i]) == AC_OK);
    ac_promise_destroy(promise);
    ac_future_unref(release);
    return stress_end();
}
