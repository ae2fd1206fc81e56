/* submit_until: what a server does when its queue is full.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

struct gate {
    sem_t started, go;
};

static int
handle(void *arg, void **result)
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

int
main(void)
{
    struct gate gate;
    void *args[] = { &gate, &gate };
    ac_pool_attr *attr;
    ac_pool *pool;

    if (sem_init(&gate.started, 0, 0) != 0
        || sem_init(&gate.go, 0, 0) != 0)
        exit(EXIT_FAILURE);
    must(ac_pool_attr_create(&attr));
    must(ac_pool_attr_set_capacity(attr, 2));
    must(ac_pool_create(1, attr, &pool));
    ac_pool_attr_destroy(attr);

    must(ac_submit(pool, NULL, handle, &gate, NULL));
    if (sem_wait(&gate.started) != 0) /* it runs: the queue is empty */
        exit(EXIT_FAILURE);
    must(ac_submit_many(pool, NULL, handle, args, 2, AC_POLL, NULL));

    if (ac_submit(pool, NULL, handle, &gate, NULL) == AC_EAGAIN)
        puts("full: answer 503");
    if (ac_submit_until(pool, NULL, handle, &gate, ac_deadline_in_ms(20),
                        NULL) == AC_ETIMEDOUT)
        puts("still full after 20 ms: answer 503");

    for (int i = 0; i < 4; i++)
        if (sem_post(&gate.go) != 0)
            exit(EXIT_FAILURE);
    must(ac_submit_until(pool, NULL, handle, &gate, AC_FOREVER, NULL));
    puts("there was room");
    must(ac_pool_destroy(pool));
    exit(EXIT_SUCCESS);
}
