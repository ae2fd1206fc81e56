/* iter_add: the answer to one request makes the next one.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>

static int
halve(void *arg, void **result)
{
    int *number = arg;

    *number /= 2;
    *result = number;
    return 0;
}

static void
must(int rc)
{
    if (rc != AC_OK) {
        fprintf(stderr, "%s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

int
main(void)
{
    int number = 20, rc;
    ac_pool *pool;
    ac_iter *iter;
    ac_future *future;

    must(ac_pool_create(1, NULL, &pool));
    must(ac_iter_open(&iter));
    must(ac_submit(pool, NULL, halve, &number, &future));
    must(ac_iter_add(iter, future));        /* takes its own reference */
    ac_future_unref(future);
    while ((rc = ac_iter_next(iter, AC_FOREVER, &future)) == AC_OK) {
        ac_future_unref(future);
        printf("%d\n", number);
        if (number == 1) {
            must(ac_iter_close(iter));      /* the end of this loop */
            continue;
        }
        must(ac_submit(pool, NULL, halve, &number, &future));
        must(ac_iter_add(iter, future));
        ac_future_unref(future);
    }
    ac_iter_destroy(iter);
    must(ac_pool_destroy(pool));
    exit(rc == AC_DONE ? EXIT_SUCCESS : EXIT_FAILURE);
}
