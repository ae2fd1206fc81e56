/*
 * torture_wait.c - refusals of ac_wait, with sets that fit on a stack and
 * sets that don't
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

#define LARGE 96

static struct tt_gate gate = TT_GATE(1);

/* n futures that end once somebody waits, the last of them with `error`. */
static ac_pool *
submit(ac_future *futures[], size_t n, int error)
{
    ac_pool *pool = tt_pool(2);
    for (size_t i = 0; i < n; i++) {
        struct tt_job *job = tt_job();
        job->hold = &gate;
        job->error = i == n - 1 ? error : 0;
        futures[i] = tt_submit(pool, job);
    }
    return pool;
}

static void
end(ac_pool *pool, ac_future *futures[], size_t n)
{
    tt_gate_open(&gate);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    for (size_t i = 0; i < n; i++)
        ac_future_unref(futures[i]);
}

static void
waits(size_t n, ac_wait_mode mode, ac_deadline deadline)
{
    ac_future *futures[LARGE];
    size_t which = TT_UNTOUCHED_SIZE;
    ac_pool *pool = submit(futures, n, 7);
    tt_arm();
    TT_MUST(ac_wait, AC_ETIMEDOUT, (futures, n, mode, AC_POLL, &which));
    TT_CHECK(which == n);
    which = TT_UNTOUCHED_SIZE;
    tt_knock_when_parked(&gate);
    if (TT_REFUSED(ac_wait, AC_OK, (futures, n, mode, deadline, &which))) {
        TT_CHECK(which == TT_UNTOUCHED_SIZE);
        tt_disarm();
        TT_MUST(ac_wait, AC_OK, (futures, n, mode, deadline, &which));
    }
    tt_disarm();
    switch (mode) {
    case AC_ALL:
        TT_CHECK(which == n);
        break;
    case AC_FIRST:
        TT_CHECK(which < n);
        TT_CHECK(ac_future_status(futures[which]) != AC_EAGAIN);
        break;
    case AC_FIRST_ERROR:
        TT_CHECK(which == n - 1);
        TT_CHECK(ac_future_error(futures[which]) == 7);
        break;
    }
    end(pool, futures, n);
}

static void
all_small(void)
{
    waits(3, AC_ALL, AC_FOREVER);
}

static void
all_large(void)
{
    waits(LARGE, AC_ALL, tt_far());
}

static void
first_small(void)
{
    waits(3, AC_FIRST, tt_far());
}

static void
first_large(void)
{
    waits(LARGE, AC_FIRST, AC_FOREVER);
}

static void
error_small(void)
{
    waits(3, AC_FIRST_ERROR, AC_FOREVER);
}

static void
error_large(void)
{
    waits(LARGE, AC_FIRST_ERROR, tt_far());
}

/* It times out, and leaves nothing on the futures. */
static void
timeout(void)
{
    ac_future *futures[LARGE];
    size_t which = TT_UNTOUCHED_SIZE;
    ac_pool *pool = submit(futures, LARGE, 0);
    tt_arm();
    TT_RETRY(ac_wait, AC_ETIMEDOUT,
             (futures, LARGE, AC_ALL, ac_deadline_in_ms(2), &which));
    TT_CHECK(which == LARGE);
    tt_disarm();
    end(pool, futures, LARGE);
}

/* All are done: there is nothing to wait for. */
static void
done(void)
{
    ac_future *futures[3];
    size_t which;
    tt_gate_open(&gate);
    ac_pool *pool = submit(futures, 3, 7);
    for (int i = 0; i < 3; i++)
        TT_MUST(ac_future_wait, AC_OK, (futures[i], AC_FOREVER));
    tt_arm();
    TT_MUST(ac_wait, AC_OK, (NULL, 0, AC_ALL, AC_FOREVER, &which));
    TT_CHECK(which == 0);
    TT_MUST(ac_wait, AC_EINVAL, (NULL, 0, AC_FIRST, AC_FOREVER, &which));
    TT_MUST(ac_wait, AC_OK, (futures, 3, AC_FIRST, AC_FOREVER, &which));
    TT_CHECK(which == 0);
    TT_MUST(ac_wait, AC_OK, (futures, 3, AC_FIRST_ERROR, tt_far(), &which));
    TT_CHECK(which == 2);
    tt_disarm();
    end(pool, futures, 3);
}

/* The same future in many waits at once, some refused. */
static struct tt_gate all_asleep = TT_GATE(4);

static void *
wait_too(void *future)
{
    ac_future *futures[1] = {future};
    size_t which;
    tt_knock_when_parked(&all_asleep);
    TT_RETRY(ac_wait, AC_OK, (futures, 1, AC_ALL, AC_FOREVER, &which));
    TT_CHECK(which == 1);
    return NULL;
}

static void
many_waiters(void)
{
    enum { N = 4 };
    pthread_t threads[N];
    ac_pool *pool = tt_pool(1);
    struct tt_job *job = tt_job();
    job->hold = &all_asleep;
    ac_future *future = tt_submit(pool, job);
    tt_arm();
    for (int i = 0; i < N; i++)
        threads[i] = tt_thread(wait_too, future);
    for (int i = 0; i < N; i++)
        tt_join(threads[i]);
    tt_disarm();
    end(pool, &future, 1);
}

const struct tt_scenario tt_scenarios[] = {
    {"all_small", all_small},
    {"all_large", all_large},
    {"first_small", first_small},
    {"first_large", first_large},
    {"error_small", error_small},
    {"error_large", error_large},
    {"timeout", timeout},
    {"done", done},
    {"many_waiters", many_waiters},
    {NULL, NULL},
};
