/*
 * Waits that time out on one slow future, by ac_wait and by iterators made
 * and destroyed: resident memory does not grow.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "stress.h"

#include <stdio.h>
#include <unistd.h>

enum { SLACK = 1024 * 1024 };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* main holds it */

static int
slow(void *arg, void **result)
{
    STRESS_MUST(pthread_mutex_lock(&gate) == 0);
    STRESS_MUST(pthread_mutex_unlock(&gate) == 0);
    stress_run(arg, result);
    return 0;
}

/* 0 where the system does not tell. */
static size_t
resident(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void
wait_in_vain(ac_future *future)
{
    ac_future *pair[2] = {future, future};
    ac_future *done;
    ac_iter *iter;

    STRESS_MUST(ac_wait(pair, 2, AC_ALL, AC_POLL, NULL) == AC_ETIMEDOUT);
    STRESS_MUST(ac_future_wait(future, ac_now() + 1) == AC_ETIMEDOUT);
    STRESS_MUST(ac_as_completed(pair, 2, &iter) == AC_OK);
    STRESS_MUST(ac_iter_next(iter, AC_POLL, &done) == AC_ETIMEDOUT);
    ac_iter_destroy(iter);
    STRESS_MUST(ac_iter_open(&iter) == AC_OK);
    STRESS_MUST(ac_iter_add(iter, future) == AC_OK);
    STRESS_MUST(ac_iter_next(iter, ac_now() + 1, &done) == AC_ETIMEDOUT);
    ac_iter_destroy(iter);
}

int
main(int argc, char **argv)
{
    size_t rounds = stress_begin(argc, argv);
    ac_future *future;
    ac_pool *pool;

    STRESS_MUST(ac_pool_create(1, NULL, &pool) == AC_OK);
    STRESS_MUST(pthread_mutex_lock(&gate) == 0);
    STRESS_MUST(stress_submit_fn(pool, NULL, slow, &future) == AC_OK);
    for (size_t i = 0; i < rounds / 10; i++)
        wait_in_vain(future);
    size_t before = resident();
    for (size_t i = 0; i < rounds; i++)
        wait_in_vain(future);
    size_t after = resident();
    if (!stress_instrumented())
        STRESS_MUST(after <= before + SLACK);
    STRESS_MUST(pthread_mutex_unlock(&gate) == 0);
    STRESS_MUST(ac_future_get(future, AC_FOREVER, NULL) == AC_OK);
    ac_future_unref(future);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    return stress_end();
}
