/* overview: three squares, taken in the order in which they are ready.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>

static int
square(void *arg, void **result)
{
    int *number = arg;

    *number *= *number;
    *result = number;
    return 0;
}

int
main(void)
{
    int numbers[] = { 3, 1, 2 }, sum = 0, rc;
    void *result;
    ac_pool *pool;
    ac_iter *iter;
    ac_future *futures[3], *done;

    if (ac_pool_create(0, NULL, &pool) != AC_OK)
        exit(EXIT_FAILURE);
    for (int i = 0; i < 3; i++)
        if (ac_submit(pool, NULL, square, &numbers[i], &futures[i])
            != AC_OK)
            exit(EXIT_FAILURE);
    if (ac_as_completed(futures, 3, &iter) != AC_OK)
        exit(EXIT_FAILURE);
    ac_deadline deadline = ac_deadline_in_ms(60000);
    while ((rc = ac_iter_next(iter, deadline, &done)) == AC_OK) {
        if (ac_future_get(done, AC_POLL, &result) == AC_OK)
            sum += *(int *)result;
        ac_future_unref(done);
    }
    ac_iter_destroy(iter);
    for (int i = 0; i < 3; i++)
        ac_future_unref(futures[i]);
    if (rc != AC_DONE || ac_pool_destroy(pool) != AC_OK)
        exit(EXIT_FAILURE);
    printf("the sum of the squares is %d\n", sum);
    exit(EXIT_SUCCESS);
}
