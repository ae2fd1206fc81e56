/* future_on_done: who is called, when, and what he may do there.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>

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

static void
show(ac_future *future, void *arg)
{
    void *result;

    if (ac_future_get(future, AC_POLL, &result) == AC_OK)
        printf("%s: %s\n", (char *)arg, (char *)result);
}

/* Sends the next task after the first, and does not wait for it. */
static void
go_on(ac_future *future, void *arg)
{
    static char second[] = "two";
    ac_future *next;

    (void)future;
    must(ac_submit(arg, NULL, work, second, &next));
    must(ac_future_on_done(next, show, "the second task"));
    ac_future_unref(next); /* kept until its callback has run */
}

int
main(void)
{
    char first[] = "one";
    ac_pool *pool;
    ac_future *future;

    must(ac_pool_create(1, NULL, &pool));
    must(ac_submit(pool, NULL, work, first, &future));
    must(ac_future_on_done(future, show, "the first task"));
    must(ac_future_on_done(future, go_on, pool));

    /* Not ac_future_wait(): that does not wait for callbacks. */
    must(ac_pool_wait_idle(pool, AC_FOREVER));
    must(ac_future_on_done(future, show, "done long ago"));
    ac_future_unref(future);
    must(ac_pool_destroy(pool));
    exit(EXIT_SUCCESS);
}
