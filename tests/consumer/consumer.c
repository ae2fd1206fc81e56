/*
 * consumer.c - a program that uses the installed library, as a user would
 *
 * Compiled as C and as C++ (it is both), found by pkg-config, linked shared
 * and static; run.sh does that.
 *
 * SPDX-License-Identifier: MIT
 */
#include <ascompleted.h>
#include <stdio.h>
#include <string.h>

#define TASKS 3

static int
square(void *arg, void **result)
{
    int *number = (int *)arg;
    *number *= *number;
    *result = number;
    return 0;
}

static int
sum_as_completed(ac_future *const futures[], int *sum)
{
    ac_iter *iter;
    ac_future *done;
    void *result;
    int rc = ac_as_completed(futures, TASKS, &iter);
    if (rc != AC_OK)
        return rc;
    while ((rc = ac_iter_next(iter, AC_FOREVER, &done)) == AC_OK) {
        rc = ac_future_get(done, AC_POLL, &result);
        if (rc == AC_OK)
            *sum += *(int *)result;
        ac_future_unref(done);
    }
    ac_iter_destroy(iter);
    return rc == AC_DONE ? AC_OK : rc;
}

static int
run(void)
{
    int numbers[TASKS] = {1, 2, 3}, sum = 0, rc;
    ac_pool *pool;
    ac_future *futures[TASKS] = {NULL, NULL, NULL};

    rc = ac_pool_create(2, NULL, &pool);
    if (rc != AC_OK)
        return rc;
    for (int i = 0; rc == AC_OK && i < TASKS; i++)
        rc = ac_submit(pool, NULL, square, &numbers[i], &futures[i]);
    if (rc == AC_OK)
        rc = sum_as_completed(futures, &sum);
    for (int i = 0; i < TASKS; i++)
        ac_future_unref(futures[i]);
    ac_pool_destroy(pool);
    if (rc == AC_OK && sum != 14)
        rc = AC_EINVAL;
    return rc;
}

int
main(void)
{
    int rc = run();
    if (rc == AC_OK && strcmp(ac_version(), AC_VERSION) != 0)
        rc = AC_EINVAL;
    printf("%s: %s\n", ac_version(), ac_strerror(rc));
    return rc == AC_OK ? 0 : 1;
}
