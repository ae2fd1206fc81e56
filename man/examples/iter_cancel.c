/* iter_cancel: the first answer is enough; the others are told to stop.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

static int
mirror(void *arg, void **result)
{
    if (arg != NULL) {                  /* the one that has the answer */
        *result = arg;
        return 0;
    }
    while (!ac_cancel_requested())
        sched_yield();
    return AC_TASK_CANCELED;
}

int
main(void)
{
    char answer[] = "42", *args[] = { NULL, answer, NULL };
    ac_pool *pool;
    ac_iter *iter;
    ac_future *done;
    void *result;
    int rc, canceled = 0;

    if (ac_pool_create(2, NULL, &pool) != AC_OK
        || ac_iter_open(&iter) != AC_OK)
        exit(EXIT_FAILURE);
    for (int i = 0; i < 3; i++)
        if (ac_iter_submit(iter, pool, NULL, mirror, args[i], AC_FOREVER,
                           NULL) != AC_OK)
            exit(EXIT_FAILURE);
    if (ac_iter_close(iter) != AC_OK)
        exit(EXIT_FAILURE);
    while ((rc = ac_iter_next(iter, AC_FOREVER, &done)) == AC_OK) {
        if (ac_future_get(done, AC_POLL, &result) == AC_OK) {
            printf("the answer is %s\n", (char *)result);
            if (ac_iter_cancel(iter) != AC_OK)
                exit(EXIT_FAILURE);
        } else if (ac_future_status(done) == AC_ECANCELED) {
            canceled++;
        }
        ac_future_unref(done);
    }
    printf("%d canceled\n", canceled);
    ac_iter_destroy(iter);
    if (rc != AC_DONE || ac_pool_destroy(pool) != AC_OK)
        exit(EXIT_FAILURE);
    exit(EXIT_SUCCESS);
}
