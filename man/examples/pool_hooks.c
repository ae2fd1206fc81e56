/* pool_hooks: what a worker and its tasks do, as it happens.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>

static int
start(size_t worker, void *arg)
{
    printf("%s %zu starts\n", (char *)arg, worker);
    return 0;
}

static void
stop(size_t worker, void *arg)
{
    printf("%s %zu ends\n", (char *)arg, worker);
}

static void
trace(ac_trace event, ac_future *future, void *arg)
{
    static const char *const names[] = { "submitted", "refused",
                                         "started", "ended" };

    (void)arg;
    printf("%s: %s\n", (char *)ac_future_arg(future), names[event]);
}

static int
work(void *arg, void **result)
{
    (void)arg;
    (void)result;
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

int
main(void)
{
    char name[] = "worker", task[] = "task";
    ac_pool_attr *attr;
    ac_pool *pool;

    must(ac_pool_attr_create(&attr));
    must(ac_pool_attr_set_hooks(attr, start, stop, name));
    must(ac_pool_attr_set_trace(attr, trace, NULL));
    must(ac_pool_create(1, attr, &pool));
    ac_pool_attr_destroy(attr);

    must(ac_submit(pool, NULL, work, task, NULL));
    must(ac_pool_destroy(pool));
    exit(EXIT_SUCCESS);
}
