/*
 * run_gather.c - who comes back soon lets some results gather
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

static ac_iter *iter;
static int got[2];

enum { MANY = 8 };

static ac_promise *some[MANY];

static void
promise_some(void)
{
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    for (int i = 0; i < MANY; i++) {
        ac_future *future;
        SK_MUST(ac_promise_create(NULL, NULL, &some[i], &future) == AC_OK);
        SK_MUST(ac_iter_add(iter, future) == AC_OK);
        ac_future_unref(future);
    }
}

static void
keep(int from, int to)
{
    for (int i = from; i < to; i++) {
        SK_MUST(ac_promise_resolve(some[i], NULL) == AC_OK);
        ac_promise_destroy(some[i]);
    }
}

/* So many are left. */
static void
drain(size_t left)
{
    while (left > 0) {
        ac_future *future;
        SK_MUST(ac_iter_remaining(iter) == left--);
        SK_MUST(ac_iter_next(iter, AC_FOREVER, &future) == AC_OK);
        ac_future_unref(future);
    }
}

/* One that is there: how long that took. */
static int64_t
take_at_once(ac_deadline deadline)
{
    ac_future *future;
    int64_t begun = ac_now();
    SK_MUST(ac_iter_next(iter, deadline, &future) == AC_OK);
    ac_future_unref(future);
    return ac_now() - begun;
}

/* The clock moves by 1 ns with each look at it; a moment is 1000.  Nobody looks
 * away beyond his deadline, or from what is ready already. */
SK_SCENARIO(gather_deadline)
{
    sk_slow_clock();
    promise_some();
    keep(0, 1);
    take_at_once(AC_POLL);
    keep(1, 2);
    SK_MUST(take_at_once(AC_POLL) < 100);
    keep(2, 3);
    SK_MUST(take_at_once(ac_now() + 200) < 100);
    keep(3, 4);
    SK_MUST(take_at_once(AC_FOREVER) > 500);
    keep(4, MANY);
    drain(MANY - 4);
    ac_iter_destroy(iter);
}

/* Three are ready; one is taken and two are in the outbox. */
SK_SCENARIO(gather_outbox)
{
    size_t n;
    ac_future *two[2];
    sk_slow_clock();
    promise_some();
    keep(0, 3);
    take_at_once(AC_FOREVER);
    int64_t begun = ac_now();
    SK_MUST(ac_iter_next_many(iter, two, 1, 2, AC_FOREVER, &n) == AC_OK);
    SK_MUST(n == 2 && ac_now() - begun < 100);
    ac_future_unref(two[0]);
    ac_future_unref(two[1]);
    keep(3, MANY);
    drain(MANY - 3);
    ac_iter_destroy(iter);
}

/* Two consumers, one of whom takes several, while they come. */
static void *
take_any(void *count)
{
    ac_future *future;
    while (ac_iter_next(iter, AC_FOREVER, &future) == AC_OK) {
        ac_future_unref(future);
        ++*(int *)count;
    }
    return NULL;
}

static void *
take_any_many(void *count)
{
    size_t n;
    ac_future *two[2];
    while (ac_iter_next_many(iter, two, 1 + sk_roll(2), 2, AC_FOREVER, &n) ==
           AC_OK) {
        *(int *)count += (int)n;
        while (n > 0)
            ac_future_unref(two[--n]);
    }
    return NULL;
}

SK_SCENARIO(gather_two)
{
    int taken = 3;
    promise_some();
    keep(0, 3);
    take_at_once(AC_FOREVER);
    pthread_t one = sk_start(take_any, &got[0]);
    pthread_t many = sk_start(take_any_many, &got[1]);
    keep(3, 6);
    if (sk_roll(3) == 0)
        SK_MUST(ac_iter_abandon(iter) == AC_OK);
    else
        taken = MANY;
    keep(6, MANY);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    sk_join(one);
    sk_join(many);
    SK_MUST(1 + got[0] + got[1] >= taken);
    ac_iter_destroy(iter);
}
