/* future_ref: a thread of its own keeps a future as long as it likes.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int
work(void *arg, void **result)
{
    *result = arg;
    return 0;
}

/* Owns one reference, and gives it back. */
static void *
watch(void *arg)
{
    ac_future *future = arg;
    void *result;

    if (ac_future_get(future, AC_FOREVER, &result) == AC_OK)
        printf("the watcher saw: %s\n", (char *)result);
    ac_future_unref(future);
    return NULL;
}

int
main(void)
{
    char text[] = "done";
    ac_pool *pool;
    ac_future *future;
    pthread_t watcher;

    if (ac_pool_create(1, NULL, &pool) != AC_OK
        || ac_submit(pool, NULL, work, text, &future) != AC_OK
        || pthread_create(&watcher, NULL, watch,
                          ac_future_ref(future)) != 0)
        exit(EXIT_FAILURE);
    ac_future_unref(future);            /* the watcher has its own */
    if (pthread_join(watcher, NULL) != 0)
        exit(EXIT_FAILURE);
    exit(ac_pool_destroy(pool) == AC_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}
