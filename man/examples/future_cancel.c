/* future_cancel: one task is running, the other is still queued.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

static int
search(void *arg, void **result)
{
    (void)result;
    if (sem_post(arg) != 0)             /* "I have started" */
        return 1;
    while (!ac_cancel_requested())
        sched_yield();                  /* a piece of work goes here */
    return AC_TASK_CANCELED;
}

int
main(void)
{
    sem_t started;
    ac_pool *pool;
    ac_future *running, *queued;

    if (sem_init(&started, 0, 0) != 0
        || ac_pool_create(1, NULL, &pool) != AC_OK
        || ac_submit(pool, NULL, search, &started, &running) != AC_OK
        || ac_submit(pool, NULL, search, &started, &queued) != AC_OK
        || sem_wait(&started) != 0)
        exit(EXIT_FAILURE);

    if (ac_future_cancel(queued) == AC_OK)
        puts("queued: it will never run");
    if (ac_future_cancel(running) == AC_EBUSY)
        puts("running: it has been asked to stop");
    if (ac_future_get(running, AC_FOREVER, NULL) == AC_ECANCELED)
        puts("it stopped");

    ac_future_unref(running);
    ac_future_unref(queued);
    exit(ac_pool_destroy(pool) == AC_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}
