/* future_wait: look, wait, and learn how it ended.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

static int
wait_for_go(void *arg, void **result)
{
    (void)result;
    return sem_wait(arg);
}

int
main(void)
{
    sem_t go;
    ac_pool *pool;
    ac_future *future;

    if (sem_init(&go, 0, 0) != 0
        || ac_pool_create(1, NULL, &pool) != AC_OK
        || ac_submit(pool, NULL, wait_for_go, &go, &future) != AC_OK)
        exit(EXIT_FAILURE);

    if (ac_future_wait(future, AC_POLL) == AC_ETIMEDOUT)
        puts("not done yet");
    if (sem_post(&go) != 0)
        exit(EXIT_FAILURE);
    if (ac_future_wait(future, AC_FOREVER) != AC_OK)
        exit(EXIT_FAILURE);
    puts(ac_future_status(future) == AC_OK ? "done"
                                           : "done, but failed");

    ac_future_unref(future);
    exit(ac_pool_destroy(pool) == AC_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}
