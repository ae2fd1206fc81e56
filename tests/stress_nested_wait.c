/*
 * Tasks that wait for tasks of their own pool, three levels deep, in every
 * way there is to wait, on one worker, on two and on three.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { DEPTH = 3, KIDS = 2, TREES = 4 };

/* The inner nodes of the tree; the leaves are tasks of stress.h's. */
typedef struct node {
    ac_pool *pool;
    int depth;
    unsigned way;
    int sum; /* plain: ordered by the wait for it */
} node;

static int node_task(void *arg, void **result);

static void
wait_by_iter(ac_future *kids[KIDS])
{
    ac_iter *iter;
    ac_future *done;
    int n = 0;
    int rc;

    STRESS_MUST(ac_as_completed(kids, KIDS, &iter) == AC_OK);
    while ((rc = ac_iter_next(iter, AC_FOREVER, &done)) == AC_OK) {
        n++;
        ac_future_unref(done);
    }
    STRESS_MUST(rc == AC_DONE);
    STRESS_MUST(n == KIDS);
    ac_iter_destroy(iter);
}

static void
wait_by_many(ac_future *kids[KIDS])
{
    ac_iter *iter;
    ac_future *done[KIDS];
    size_t n;

    STRESS_MUST(ac_as_completed(kids, KIDS, &iter) == AC_OK);
    STRESS_MUST(ac_iter_next_many(iter, done, KIDS, KIDS, AC_FOREVER, &n) ==
                AC_OK);
    STRESS_MUST(n == KIDS);
    for (int i = 0; i < KIDS; i++)
        ac_future_unref(done[i]);
    ac_iter_destroy(iter);
}

static void
wait_for(ac_future *kids[KIDS], unsigned way)
{
    switch (way % 4) {
    case 0:
        wait_by_iter(kids);
        break;
    case 1:
        wait_by_many(kids);
        break;
    case 2:
        STRESS_MUST(ac_wait(kids, KIDS, AC_ALL, AC_FOREVER, NULL) == AC_OK);
        break;
    default:
        for (int i = 0; i < KIDS; i++)
            STRESS_MUST(ac_future_wait(kids[i], AC_FOREVER) == AC_OK);
    }
}

static int
node_task(void *arg, void **result)
{
    node *self = arg;
    ac_future *futures[KIDS];
    node kids[KIDS];

    (void)result;
    for (int i = 0; i < KIDS; i++) {
        kids[i] =
            (node){self->pool, self->depth - 1, self->way + (unsigned)i + 1, 1};
        int rc =
            kids[i].depth > 0
                ? ac_submit(self->pool, NULL, node_task, &kids[i], &futures[i])
                : stress_submit(self->pool, NULL, &futures[i]);
        STRESS_MUST(rc == AC_OK);
    }
    wait_for(futures, self->way);
    self->sum = 0;
    for (int i = 0; i < KIDS; i++) {
        STRESS_MUST(ac_future_status(futures[i]) == AC_OK);
        self->sum += kids[i].sum;
        ac_future_unref(futures[i]);
    }
    return 0;
}

static void
one_round(ac_pool *pool, unsigned round)
{
    ac_future *futures[TREES];
    node roots[TREES];

    for (unsigned i = 0; i < TREES; i++) {
        roots[i] = (node){pool, DEPTH, round + i, 0};
        STRESS_MUST(ac_submit(pool, NULL, node_task, &roots[i], &futures[i]) ==
                    AC_OK);
    }
    for (int i = 0; i < TREES; i++) {
        STRESS_MUST(ac_future_get(futures[i], AC_FOREVER, NULL) == AC_OK);
        STRESS_MUST(roots[i].sum == 1 << DEPTH);
        ac_future_unref(futures[i]);
    }
}

int
main(int argc, char **argv)
{
    size_t rounds = stress_begin(argc, argv);
    ac_pool *pool;

    rounds = (rounds + 29) / 30; /* each is 60 tasks, on three pools */
    for (size_t workers = 1; workers <= 3; workers++) {
        STRESS_MUST(ac_pool_create(workers, NULL, &pool) == AC_OK);
        for (size_t round = 0; round < rounds; round++)
            one_round(pool, (unsigned)round);
        STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    }
    return stress_end();
}
