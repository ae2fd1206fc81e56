/* fork: what a child finds of the pool of its parent.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int
work(void *arg, void **result)
{
    *result = arg;
    return 0;
}

static void
must(int rc)
{
    if (rc != AC_OK) {
        fprintf(stderr, "%s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

/* Nothing of the parent's works here, and nothing hangs. */
static void
child(ac_pool *pool, ac_future *future)
{
    if (ac_submit(pool, NULL, work, NULL, NULL) != AC_EFORKED
        || ac_future_wait(future, AC_FOREVER) != AC_EFORKED
        || ac_pool_destroy(pool) != AC_EFORKED)
        _exit(EXIT_FAILURE);
    ac_future_unref(future); /* does nothing */
    /* A pool of its own would work. */
    _exit(EXIT_SUCCESS);
}

int
main(void)
{
    char text[] = "the parent goes on";
    ac_pool *pool;
    ac_future *future;
    void *result;
    pid_t pid;
    int status;

    must(ac_pool_create(1, NULL, &pool));
    must(ac_submit(pool, NULL, work, text, &future));
    if ((pid = fork()) == -1)
        exit(EXIT_FAILURE);
    if (pid == 0)
        child(pool, future);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        exit(EXIT_FAILURE);
    puts("the child was told, and left");

    must(ac_future_get(future, AC_FOREVER, &result));
    puts(result);
    ac_future_unref(future);
    must(ac_pool_destroy(pool));
    exit(EXIT_SUCCESS);
}
