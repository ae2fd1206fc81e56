/* iter_next: poll, wait for one, then take the rest in batches.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

static int
step(void *arg, void **result)
{
    (void)result;
    return sem_wait(arg);
}

int
main(void)
{
    sem_t go;
    ac_pool *pool;
    ac_iter *iter;
    ac_future *done[5];
    size_t n;

    if (sem_init(&go, 0, 0) != 0
        || ac_pool_create(1, NULL, &pool) != AC_OK
        || ac_iter_open(&iter) != AC_OK)
        exit(EXIT_FAILURE);
    for (int i = 0; i < 5; i++)
        if (ac_iter_submit(iter, pool, NULL, step, &go, AC_FOREVER, NULL)
            != AC_OK)
            exit(EXIT_FAILURE);
    if (ac_iter_close(iter) != AC_OK)
        exit(EXIT_FAILURE);

    if (ac_iter_next(iter, AC_POLL, done) == AC_ETIMEDOUT)
        printf("nothing yet, %zu to come\n", ac_iter_remaining(iter));
    for (int i = 0; i < 5; i++)
        if (sem_post(&go) != 0)
            exit(EXIT_FAILURE);
    if (ac_iter_next(iter, ac_deadline_in_ms(60000), done) != AC_OK)
        exit(EXIT_FAILURE);
    ac_future_unref(done[0]);
    printf("one, %zu to come\n", ac_iter_remaining(iter));
    while (ac_iter_next_many(iter, done, 2, 2, AC_FOREVER, &n)
           == AC_OK) {
        for (size_t i = 0; i < n; i++)
            ac_future_unref(done[i]);
        printf("%zu more, %zu to come\n", n, ac_iter_remaining(iter));
    }
    ac_iter_destroy(iter);
    exit(ac_pool_destroy(pool) == AC_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}
