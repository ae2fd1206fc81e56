/* pool_shutdown: drain for a while, then cancel what is left.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* Works until it is asked to stop. */
static int
serve(void *arg, void **result)
{
    (void)arg;
    (void)result;
    while (!ac_cancel_requested())
        sched_yield();
    return AC_TASK_CANCELED;
}

int
main(void)
{
    ac_pool *pool;
    size_t left;
    int rc;

    if (ac_pool_create(1, NULL, &pool) != AC_OK)
        exit(EXIT_FAILURE);
    for (int i = 0; i < 3; i++)
        if (ac_submit(pool, NULL, serve, NULL, NULL) != AC_OK)
            exit(EXIT_FAILURE);

    rc = ac_pool_shutdown(pool, AC_DRAIN, ac_deadline_in_ms(20), &left);
    if (rc == AC_ETIMEDOUT) {
        printf("%zu tasks left: cancel\n", left);
        rc = ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, &left);
    }
    if (rc != AC_OK)
        exit(EXIT_FAILURE);
    printf("%zu tasks left\n", left);

    if (ac_submit(pool, NULL, serve, NULL, NULL) == AC_ESHUTDOWN)
        puts("no more tasks");
    if (ac_pool_destroy(pool) != AC_OK)
        exit(EXIT_FAILURE);
    exit(EXIT_SUCCESS);
}
