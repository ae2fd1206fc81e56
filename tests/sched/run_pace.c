/*
 * run_pace.c - a worker that stands by while the others keep up
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

#define QUICK 5

static ac_pool *pool;

static void
submit_quick(void)
{
    for (int i = 0; i < QUICK; i++)
        SK_MUST(sk_submit(pool, NULL, sk_task(), NULL) == AC_OK);
}

static void *
quick(void *unused)
{
    submit_quick();
    return unused;
}

/* Two tasks, then one that they wait for: whoever stands by has to start it,
 * although the others have kept up so far. */
static void
submit_knot(void)
{
    static struct sk_gate last;
    for (int i = 0; i < 3; i++) {
        struct sk_task *task = sk_task();
        if (i < 2)
            task->hold = &last;
        else
            task->started = &last;
        SK_MUST(sk_submit(pool, NULL, task, NULL) == AC_OK);
    }
}

SK_SCENARIO(pace_knot)
{
    pool = sk_pool(3);
    submit_quick();
    submit_knot();
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    sk_pool_end(pool);
}

/* The same while others submit, and what comes in later. */
SK_SCENARIO(pace_knot_beside)
{
    pool = sk_pool(3);
    pthread_t other = sk_start(quick, NULL);
    submit_knot();
    sk_join(other);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    submit_quick();
    sk_pool_end(pool);
}

/* The pool ends under one who stands by. */
SK_SCENARIO(pace_end)
{
    size_t left = 99;
    pool = sk_pool(3);
    submit_quick();
    SK_MUST(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, &left) == AC_OK);
    SK_MUST(left == 0);
    sk_pool_end(pool);
}

/* A task that ends its thread is one less that runs. */
static int
end_thread(struct sk_task *task)
{
    (void)task;
    pthread_exit(NULL);
}

SK_SCENARIO(pace_replaced)
{
    pool = sk_pool(3);
    submit_quick();
    SK_MUST(sk_submit(pool, NULL, sk_parent(end_thread, NULL), NULL) == AC_OK);
    submit_quick();
    submit_knot();
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    sk_pool_end(pool);
}
