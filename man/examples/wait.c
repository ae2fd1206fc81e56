/* wait: for one, for the first that fails, for all.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
    sem_t go;
    int end_with;
};

static int
run(void *arg, void **result)
{
    struct job *job = arg;

    (void)result;
    return sem_wait(&job->go) == 0 ? job->end_with : 1;
}

int
main(void)
{
    struct job jobs[3] = { { .end_with = 0 }, { .end_with = 0 },
                           { .end_with = 7 } };
    ac_future *futures[3];
    ac_pool *pool;
    size_t which;

    if (ac_pool_create(3, NULL, &pool) != AC_OK)
        exit(EXIT_FAILURE);
    for (int i = 0; i < 3; i++)
        if (sem_init(&jobs[i].go, 0, 0) != 0
            || ac_submit(pool, NULL, run, &jobs[i],
                         &futures[i]) != AC_OK)
            exit(EXIT_FAILURE);

    if (sem_post(&jobs[1].go) != 0
        || ac_wait(futures, 3, AC_FIRST, AC_FOREVER, &which) != AC_OK)
        exit(EXIT_FAILURE);
    printf("first: %zu\n", which);
    if (sem_post(&jobs[2].go) != 0
        || ac_wait(futures, 3, AC_FIRST_ERROR, AC_FOREVER,
                   &which) != AC_OK)
        exit(EXIT_FAILURE);
    printf("failed: %zu, with error %d\n", which,
           ac_future_error(futures[which]));
    if (ac_wait(futures, 3, AC_ALL, AC_POLL, NULL) == AC_ETIMEDOUT)
        puts("not all yet");
    if (sem_post(&jobs[0].go) != 0
        || ac_wait(futures, 3, AC_ALL, AC_FOREVER, NULL) != AC_OK)
        exit(EXIT_FAILURE);
    puts("all");
    for (int i = 0; i < 3; i++)
        ac_future_unref(futures[i]);
    exit(ac_pool_destroy(pool) == AC_OK ? EXIT_SUCCESS : EXIT_FAILURE);
}
