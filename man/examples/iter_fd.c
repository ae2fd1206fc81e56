/* iter_fd: wait for futures with poll(), as for any other descriptor.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

static int
answer(void *arg, void **result)
{
    (void)result;
    return sem_wait(arg);
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
    sem_t go;
    ac_pool *pool;
    ac_iter *iter;
    ac_future *done;
    struct pollfd loop = { .events = POLLIN };
    int rc, n = 0;

    if (sem_init(&go, 0, 0) != 0)
        exit(EXIT_FAILURE);
    must(ac_pool_create(1, NULL, &pool));
    must(ac_iter_open(&iter));
    must(ac_iter_fd(iter, &loop.fd));
    for (int i = 0; i < 3; i++)
        must(ac_iter_submit(iter, pool, NULL, answer, &go, AC_FOREVER,
                            NULL));
    must(ac_iter_close(iter));
    if (poll(&loop, 1, 0) == 0)
        puts("nothing is ready");
    for (int i = 0; i < 3; i++)
        if (sem_post(&go) != 0)
            exit(EXIT_FAILURE);

    do {
        if (poll(&loop, 1, -1) != 1)
            exit(EXIT_FAILURE);
        while ((rc = ac_iter_next(iter, AC_POLL, &done)) == AC_OK) {
            printf("answer %d\n", ++n);
            ac_future_unref(done);
        }
    } while (rc == AC_ETIMEDOUT); /* more will come */
    if (rc != AC_DONE)
        exit(EXIT_FAILURE);
    puts("that was all");
    ac_iter_destroy(iter); /* closes the descriptor */
    must(ac_pool_destroy(pool));
    exit(EXIT_SUCCESS);
}
