/*
 * torture_options.c - refusals around a pool's options: hooks, timing, trace,
 * statistics; workers that are to be replaced; and descriptors to poll
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

#include <poll.h>

#include "pollable.h"

#define WORKERS 3

static atomic_int starts, refusals, stops; /* hooks: called, said no, called */
static atomic_int traced[AC_TRACE_ENDED + 1];

static int
start(size_t worker, void *arg)
{
    const size_t *refuses = arg;
    TT_CHECK(worker < WORKERS);
    atomic_fetch_add(&starts, 1);
    if (refuses == NULL || worker != *refuses)
        return 0;
    atomic_fetch_add(&refusals, 1);
    return 7;
}

static void
stop(size_t worker, void *arg)
{
    (void)arg;
    TT_CHECK(worker < WORKERS);
    atomic_fetch_add(&stops, 1);
}

/* Each that began well ends. */
static void
check_hooks(void)
{
    TT_CHECK(atomic_load(&starts) - atomic_load(&refusals) ==
             atomic_load(&stops));
}

static void
trace(ac_trace event, ac_future *future, void *arg)
{
    (void)arg;
    TT_CHECK(ac_future_arg(future) != NULL);
    TT_CHECK((ac_future_status(future) != AC_EAGAIN) ==
             (event == AC_TRACE_ENDED));
    atomic_fetch_add(&traced[event], 1);
}

static ac_pool_attr *
all_options(const size_t *refuses)
{
    ac_pool_attr *attr;
    TT_RETRY(ac_pool_attr_create, AC_OK, (&attr));
    TT_MUST(ac_pool_attr_set_capacity, AC_OK, (attr, 64));
    TT_MUST(ac_pool_attr_set_hooks, AC_OK,
            (attr, start, stop, (void *)(uintptr_t)refuses));
    TT_MUST(ac_pool_attr_set_timing, AC_OK, (attr, 1));
    TT_MUST(ac_pool_attr_set_trace, AC_OK, (attr, trace, NULL));
    return attr;
}

/* ---- Hooks ---------------------------------------------------------- */

/* A refused pool leaves no worker behind, and no hook without its end. */
static void
create(void)
{
    ac_pool *pool = tt_untouched;
    tt_arm();
    ac_pool_attr *attr = all_options(NULL);
    if (TT_REFUSED(ac_pool_create, AC_OK, (WORKERS, attr, &pool))) {
        TT_CHECK(pool == tt_untouched);
        check_hooks();
        tt_disarm();
        TT_MUST(ac_pool_create, AC_OK, (WORKERS, attr, &pool));
    }
    tt_disarm();
    ac_pool_attr_destroy(attr);
    ac_future_unref(tt_submit(pool, tt_job()));
    tt_arm();
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    tt_disarm();
    check_hooks();
}

static void
hook_refuses(void)
{
    static const size_t which = 1;
    ac_pool *pool = tt_untouched;
    ac_pool_attr *attr = all_options(&which);
    tt_arm();
    TT_RETRY(ac_pool_create, AC_EHOOK, (WORKERS, attr, &pool));
    tt_disarm();
    TT_CHECK(pool == tt_untouched);
    TT_CHECK(atomic_load(&refusals) > 0);
    check_hooks();
    ac_pool_attr_destroy(attr);
}

/* ---- Counters and trace --------------------------------------------- */

static uint64_t
counted(const uint64_t values[])
{
    uint64_t ended = 0;
    for (int i = AC_STAT_COMPLETED; i <= AC_STAT_ABORTED; i++)
        ended += values[i];
    return ended;
}

/* Some are refused, some run, some are canceled: each is accounted for. */
static void
accounts(void)
{
    enum { N = 24 };
    ac_pool *pool;
    ac_pool_attr *attr = all_options(NULL);
    uint64_t values[AC_STATS];
    int accepted = 0;
    TT_MUST(ac_pool_create, AC_OK, (WORKERS, attr, &pool));
    ac_pool_attr_destroy(attr);
    tt_arm();
    for (int i = 0; i < N; i++) {
        struct tt_job *job = tt_job();
        ac_future *future;
        job->accepted =
            !TT_REFUSED(ac_submit_until, AC_OK,
                        (pool, tt_counted(), tt_run, job, AC_FOREVER, &future));
        accepted += job->accepted;
        if (job->accepted) {
            if (i % 3 == 0)
                (void)ac_future_cancel(future);
            ac_future_unref(future);
        } else if (i > N / 2) {
            tt_disarm();
        }
    }
    TT_RETRY(ac_pool_wait_idle, AC_OK, (pool, AC_FOREVER));
    TT_MUST(ac_pool_stats, AC_OK, (pool, values, AC_STATS));
    TT_CHECK(values[AC_STAT_SUBMITTED] == (uint64_t)accepted);
    TT_CHECK(counted(values) == (uint64_t)accepted);
    TT_CHECK(values[AC_STAT_QUEUED] == 0);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    tt_disarm();
    TT_CHECK(atomic_load(&traced[AC_TRACE_ENDED]) == accepted);
    TT_CHECK(atomic_load(&traced[AC_TRACE_SUBMITTED]) ==
             accepted + atomic_load(&traced[AC_TRACE_REFUSED]));
    check_hooks();
}

/* ---- A task that ends its thread ------------------------------------ */

static int
exit_thread(struct tt_job *job)
{
    (void)job;
    pthread_exit(NULL);
}

/* No thread may be had to replace it; nobody notices. */
static void
aborted(void)
{
    enum { N = 6 };
    ac_pool *pool;
    ac_pool_attr *attr = all_options(NULL);
    ac_future *futures[N];
    TT_MUST(ac_pool_create, AC_OK, (1, attr, &pool));
    ac_pool_attr_destroy(attr);
    tt_arm();
    for (int i = 0; i < N; i++) {
        struct tt_job *job = tt_job();
        job->body = i % 3 < 2 ? exit_thread : NULL;
        TT_RETRY(ac_submit, AC_OK,
                 (pool, tt_counted(), tt_run, job, &futures[i]));
        job->accepted = true;
    }
    TT_RETRY(ac_wait, AC_OK, (futures, N, AC_ALL, AC_FOREVER, NULL));
    for (int i = 0; i < N; i++) {
        TT_CHECK(ac_future_status(futures[i]) ==
                 (i % 3 < 2 ? AC_EABORTED : AC_OK));
        ac_future_unref(futures[i]);
    }
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    tt_disarm();
    check_hooks();
}

/* ---- The first of a process ----------------------------------------- */

/* Whatever comes first asks to be told of forks, and may be refused that. */
static void
first_iter(void)
{
    ac_iter *iter = tt_untouched;
    tt_arm();
    if (TT_REFUSED(ac_iter_open, AC_OK, (&iter))) {
        TT_CHECK(iter == tt_untouched);
        tt_disarm();
        TT_MUST(ac_iter_open, AC_OK, (&iter));
    }
    ac_iter_destroy(iter);
    tt_disarm();
}

/* ---- Descriptors ---------------------------------------------------- */

static bool
readable(int fd)
{
    struct pollfd ask = {.fd = fd, .events = POLLIN};
    int n = poll(&ask, 1, 0);
    TT_CHECK(n >= 0);
    return n == 1;
}

static void
iter_fd(void)
{
    ac_pool *pool = tt_pool(1);
    ac_iter *iter;
    ac_future *done;
    int fd = -99, again = -99;
    TT_MUST(ac_iter_open, AC_OK, (&iter));
    tt_arm();
    if (TT_REFUSED(ac_iter_fd, AC_OK, (iter, &fd))) {
        TT_CHECK(fd == -99);
        tt_disarm();
        TT_MUST(ac_iter_fd, AC_OK, (iter, &fd));
        tt_arm();
    }
    /* The same from now on, and nothing to be refused. */
    TT_MUST(ac_iter_fd, AC_OK, (iter, &again));
    TT_CHECK(again == fd);
    TT_CHECK(!readable(fd));
    struct tt_job *job = tt_job();
    TT_RETRY(ac_iter_submit, AC_OK,
             (iter, pool, tt_counted(), tt_run, job, AC_POLL, NULL));
    job->accepted = true;
    TT_RETRY(ac_pool_wait_idle, AC_OK, (pool, AC_FOREVER));
    TT_CHECK(readable(fd));
    TT_MUST(ac_iter_next, AC_OK, (iter, AC_FOREVER, &done));
    TT_CHECK(!readable(fd));
    ac_future_unref(done);
    TT_MUST(ac_iter_close, AC_OK, (iter));
    TT_CHECK(readable(fd));
    ac_iter_destroy(iter);
    tt_disarm();
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

/* What stands in where there are no eventfds. */
static void
pipes(void)
{
    struct aci_pollable pollable;
    aci_pollable_init(&pollable);
    tt_arm();
    int rc = aci_pollable_open_pipe(&pollable);
    if (rc != AC_OK) {
        TT_CHECK(rc == AC_ENOMEM && tt_no_memory());
        TT_CHECK(!aci_pollable_is_open(&pollable));
        tt_disarm();
        TT_MUST(aci_pollable_open_pipe, AC_OK, (&pollable));
        tt_arm();
    }
    for (int i = 0; i < 3; i++) {
        aci_pollable_set(&pollable, true);
        TT_CHECK(readable(pollable.fd));
        aci_pollable_set(&pollable, false);
        TT_CHECK(!readable(pollable.fd));
    }
    aci_pollable_close(&pollable);
    tt_disarm();
}

const struct tt_scenario tt_scenarios[] = {
    {"create", create},         {"hook_refuses", hook_refuses},
    {"accounts", accounts},     {"aborted", aborted},
    {"first_iter", first_iter}, {"iter_fd", iter_fd},
    {"pipes", pipes},           {NULL, NULL},
};
