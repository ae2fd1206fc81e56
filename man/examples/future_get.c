/* future_get: borrow a result, then take it; read a failure.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Leaves arg + 1 on the heap; refuses negative arguments. */
static int
next_number(void *arg, void **result)
{
    int *next;

    if (*(int *)arg < 0)
        return EDOM;
    next = malloc(sizeof(*next));
    if (next == NULL)
        return ENOMEM;
    *next = *(int *)arg + 1;
    *result = next;
    return 0;
}

int
main(void)
{
    int good = 41, bad = -1;
    ac_pool *pool;
    ac_future *a, *b;
    void *result = NULL;

    if (ac_pool_create(1, NULL, &pool) != AC_OK
        || ac_submit(pool, NULL, next_number, &good, &a) != AC_OK
        || ac_submit(pool, NULL, next_number, &bad, &b) != AC_OK)
        exit(EXIT_FAILURE);

    if (ac_future_get(a, AC_FOREVER, &result) == AC_OK)
        printf("borrowed %d\n", *(int *)result);
    if (ac_future_take(a, AC_FOREVER, &result) == AC_OK)
        free(result);
    if (ac_future_get(a, AC_POLL, &result) == AC_ENOENT)
        puts("it has been taken");
    if (ac_future_get(b, AC_FOREVER, &result) == AC_EFAILED
        && ac_future_error(b) == EDOM)
        printf("%d was refused\n", *(int *)ac_future_arg(b));

    ac_future_unref(a);
    ac_future_unref(b);
    exit(ac_pool_destroy(pool) == AC_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}
