/* pool_stats: where the tasks of a bounded pool went.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <inttypes.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

struct gate {
    sem_t started, go;
};

static int
pass(void *arg, void **result)
{
    struct gate *gate = arg;

    (void)result;
    return sem_post(&gate->started) != 0 || sem_wait(&gate->go) != 0;
}

static void
must(int rc)
{
    if (rc != AC_OK) {
        fprintf(stderr, "%s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

static void
show(ac_pool *pool)
{
    uint64_t v[AC_STATS];

    must(ac_pool_stats(pool, v, AC_STATS));
    printf("busy %" PRIu64 ", queued %" PRIu64 ", completed %" PRIu64
           ", canceled %" PRIu64 ", rejected %" PRIu64 "\n",
           v[AC_STAT_BUSY], v[AC_STAT_QUEUED], v[AC_STAT_COMPLETED],
           v[AC_STAT_CANCELED], v[AC_STAT_REJECTED]);
}

int
main(void)
{
    struct gate gate;
    ac_pool_attr *attr;
    ac_pool *pool;
    ac_future *last;

    if (sem_init(&gate.started, 0, 0) != 0
        || sem_init(&gate.go, 0, 0) != 0)
        exit(EXIT_FAILURE);
    must(ac_pool_attr_create(&attr));
    must(ac_pool_attr_set_capacity(attr, 2));
    must(ac_pool_create(1, attr, &pool));
    ac_pool_attr_destroy(attr);

    must(ac_submit(pool, NULL, pass, &gate, NULL));
    if (sem_wait(&gate.started) != 0) /* out of the queue */
        exit(EXIT_FAILURE);
    must(ac_submit(pool, NULL, pass, &gate, NULL));
    must(ac_submit(pool, NULL, pass, &gate, &last));
    if (ac_submit(pool, NULL, pass, &gate, NULL) == AC_EAGAIN)
        puts("full");
    show(pool);

    must(ac_future_cancel(last));
    ac_future_unref(last);
    if (sem_post(&gate.go) != 0 || sem_post(&gate.go) != 0)
        exit(EXIT_FAILURE);
    must(ac_pool_wait_idle(pool, AC_FOREVER));
    show(pool);
    must(ac_pool_destroy(pool));
    exit(EXIT_SUCCESS);
}
