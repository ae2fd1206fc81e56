/* as_completed: the order of completion, not that of the array.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
    const char *name;
    sem_t go;                           /* ends when this is posted */
};

static int
run(void *arg, void **result)
{
    struct job *job = arg;

    (void)result;
    return sem_wait(&job->go);
}

int
main(void)
{
    struct job jobs[] = { { .name = "slow" }, { .name = "fast" } };
    ac_pool *pool;
    ac_iter *iter;
    ac_future *futures[2], *done;
    int rc;

    if (ac_pool_create(2, NULL, &pool) != AC_OK)
        exit(EXIT_FAILURE);
    for (int i = 0; i < 2; i++)
        if (sem_init(&jobs[i].go, 0, 0) != 0
            || ac_submit(pool, NULL, run, &jobs[i],
                         &futures[i]) != AC_OK)
            exit(EXIT_FAILURE);
    if (ac_as_completed(futures, 2, &iter) != AC_OK
        || sem_post(&jobs[1].go) != 0)
        exit(EXIT_FAILURE);
    while ((rc = ac_iter_next(iter, AC_FOREVER, &done)) == AC_OK) {
        struct job *job = ac_future_arg(done);

        puts(job->name);
        ac_future_unref(done);          /* next handed this one over */
        if (job == &jobs[1] && sem_post(&jobs[0].go) != 0)
            exit(EXIT_FAILURE);
    }
    ac_iter_destroy(iter);
    for (int i = 0; i < 2; i++)
        ac_future_unref(futures[i]);    /* these were always ours */
    if (rc != AC_DONE || ac_pool_destroy(pool) != AC_OK)
        exit(EXIT_FAILURE);
    exit(EXIT_SUCCESS);
}
