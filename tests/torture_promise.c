/*
 * torture_promise.c - refusals of promises and of done callbacks: a refused
 * callback is never called, all else about them needs nothing
 *
 * A promise is a job here: it has run when it was resolved.
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

#define MANY 12

static ac_promise *
promised(struct tt_job *job, ac_future **future)
{
    ac_promise *promise;
    TT_MUST(ac_promise_create, AC_OK, (tt_counted(), job, &promise, future));
    job->accepted = true;
    return promise;
}

static void
resolve(ac_promise *promise, struct tt_job *job)
{
    atomic_fetch_add(&job->runs, 1);
    TT_MUST(ac_promise_resolve, AC_OK, (promise, job));
}

static void
count_call(ac_future *future, void *arg)
{
    TT_CHECK(ac_future_status(future) != AC_EAGAIN);
    atomic_fetch_add((atomic_int *)arg, 1);
}

/* ---- Making and ending them ----------------------------------------- */

static void
create(void)
{
    struct tt_job *job = tt_job();
    ac_promise *promise = tt_untouched;
    ac_future *future = tt_untouched;
    tt_arm();
    if (TT_REFUSED(ac_promise_create, AC_OK,
                   (tt_counted(), job, &promise, &future))) {
        TT_CHECK(promise == tt_untouched);
        TT_CHECK(future == tt_untouched);
        TT_CHECK(atomic_load(&job->args_freed) == 0);
        tt_disarm();
        promise = promised(job, &future);
    }
    job->accepted = true;
    resolve(promise, job);
    TT_MUST(ac_future_get, AC_OK, (future, AC_FOREVER, NULL));
    ac_promise_destroy(promise);
    ac_future_unref(future);
    tt_disarm();
}

/* To end one needs nothing, whichever way. */
static void
ends(void)
{
    struct tt_job *jobs[5];
    ac_promise *promises[5];
    ac_future *futures[5];
    void *result = tt_untouched;
    for (int i = 0; i < 5; i++) {
        jobs[i] = tt_job();
        promises[i] = promised(jobs[i], &futures[i]);
    }
    tt_arm();
    resolve(promises[0], jobs[0]);
    TT_MUST(ac_promise_resolve, AC_EALREADY, (promises[0], jobs[1]));
    TT_MUST(ac_promise_fail, AC_EINVAL, (promises[1], 0, jobs[1]));
    atomic_fetch_add(&jobs[1]->runs, 1);
    TT_MUST(ac_promise_fail, AC_OK, (promises[1], 3, jobs[1]));
    atomic_fetch_add(&jobs[2]->runs, 1);
    TT_MUST(ac_promise_fail, AC_OK, (promises[2], AC_TASK_CANCELED, jobs[2]));
    TT_MUST(ac_future_cancel, AC_OK, (futures[3]));
    TT_MUST(ac_promise_fail, AC_EALREADY, (promises[3], 3, jobs[3]));
    for (int i = 0; i < 5; i++)
        ac_promise_destroy(promises[i]);
    TT_MUST(ac_future_get, AC_OK, (futures[0], AC_FOREVER, NULL));
    TT_MUST(ac_future_get, AC_EFAILED, (futures[1], AC_POLL, &result));
    TT_CHECK(result == jobs[1]);
    TT_MUST(ac_future_take, AC_ECANCELED, (futures[2], AC_FOREVER, &result));
    TT_CHECK(result == jobs[2]);
    jobs[2]->taken = true;
    TT_MUST(ac_future_take, AC_ECANCELED, (futures[3], AC_POLL, &result));
    TT_MUST(ac_future_get, AC_EBROKEN, (futures[4], AC_POLL, &result));
    TT_CHECK(result == jobs[2]);
    for (int i = 0; i < 5; i++)
        ac_future_unref(futures[i]);
    tt_disarm();
}

/* ---- Waiting for one ------------------------------------------------ */

struct keeper {
    struct tt_gate asleep;
    ac_promise *promise;
    struct tt_job *job;
};

static void *
keep(void *arg)
{
    struct keeper *k = arg;
    tt_gate_pass(&k->asleep);
    resolve(k->promise, k->job);
    return NULL;
}

static void
waited_for(void)
{
    struct keeper k = {.asleep = TT_GATE(1), .job = tt_job()};
    ac_future *future, *done = tt_untouched;
    ac_iter *iter;
    k.promise = promised(k.job, &future);
    pthread_t thread = tt_thread(keep, &k);
    TT_MUST(ac_as_completed, AC_OK, (&future, 1, &iter));
    tt_arm();
    tt_knock_when_parked(&k.asleep);
    if (TT_REFUSED(ac_iter_next, AC_OK, (iter, tt_far(), &done))) {
        TT_CHECK(done == tt_untouched);
        TT_CHECK(ac_future_status(future) == AC_EAGAIN);
        tt_disarm();
        TT_MUST(ac_iter_next, AC_OK, (iter, AC_FOREVER, &done));
    }
    TT_CHECK(done == future);
    TT_MUST(ac_future_wait, AC_OK, (future, AC_FOREVER));
    ac_iter_destroy(iter);
    tt_disarm();
    tt_join(thread);
    ac_future_unref(done);
    ac_promise_destroy(k.promise);
    ac_future_unref(future);
}

/* ---- Callbacks ------------------------------------------------------ */

static void
on_pending(void)
{
    struct tt_job *job = tt_job();
    ac_future *future;
    ac_promise *promise = promised(job, &future);
    atomic_int calls = 0;
    int accepted = 0;
    tt_arm();
    for (int i = 0; i < MANY; i++) {
        accepted +=
            !TT_REFUSED(ac_future_on_done, AC_OK, (future, count_call, &calls));
        if (accepted < i && i > MANY / 2)
            tt_disarm();
    }
    TT_CHECK(atomic_load(&calls) == 0);
    ac_future_unref(future);
    resolve(promise, job);
    TT_CHECK(atomic_load(&calls) == accepted);
    ac_promise_destroy(promise);
    tt_disarm();
}

/* At once: but a refused one is not called at all. */
static void
on_done_one(void)
{
    struct tt_job *job = tt_job();
    ac_future *future;
    ac_promise *promise = promised(job, &future);
    atomic_int calls = 0;
    resolve(promise, job);
    tt_arm();
    if (TT_REFUSED(ac_future_on_done, AC_OK, (future, count_call, &calls))) {
        TT_CHECK(atomic_load(&calls) == 0);
        tt_disarm();
        TT_MUST(ac_future_on_done, AC_OK, (future, count_call, &calls));
    }
    TT_CHECK(atomic_load(&calls) == 1);
    tt_disarm();
    ac_promise_destroy(promise);
    ac_future_unref(future);
}

/* Of tasks: that run, that are canceled, that expire. */
static void
on_tasks(void)
{
    static struct tt_gate gate = TT_GATE(1);
    ac_pool *pool = tt_pool(1);
    struct tt_job *job = tt_job();
    ac_future *futures[MANY];
    atomic_int calls = 0;
    int accepted = 0;
    job->hold = &gate;
    futures[0] = tt_submit(pool, job);
    for (int i = 1; i < MANY; i++)
        futures[i] = tt_submit(pool, tt_job());
    tt_arm();
    for (int i = 0; i < MANY; i++)
        accepted += !TT_REFUSED(ac_future_on_done, AC_OK,
                                (futures[i], count_call, &calls));
    for (int i = 2; i < MANY; i += 2)
        TT_MUST(ac_future_cancel, AC_OK, (futures[i]));
    tt_gate_open(&gate);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
    TT_CHECK(atomic_load(&calls) == accepted);
    for (int i = 0; i < MANY; i++)
        ac_future_unref(futures[i]);
    tt_disarm();
}

/* ---- What a callback does ------------------------------------------- */

struct server {
    ac_pool *pool;
    ac_future *queued;
    atomic_int calls;
    int submitted, registered;
    struct tt_job *next; /* a promise: */
    ac_promise *promise;
    ac_future *future;
};

static void
serve(ac_future *future, void *arg)
{
    struct server *s = arg;
    struct tt_job *job = tt_job();
    TT_MUST(ac_future_cancel, AC_OK, (s->queued));
    job->accepted = !TT_REFUSED(ac_submit, AC_OK,
                                (s->pool, tt_counted(), tt_run, job, NULL));
    s->registered += !TT_REFUSED(ac_future_on_done, AC_OK,
                                 (s->future, count_call, &s->calls));
    s->registered +=
        !TT_REFUSED(ac_future_on_done, AC_OK, (future, count_call, &s->calls));
    resolve(s->promise, s->next);
    TT_CHECK(atomic_load(&s->calls) == 0);
    ac_promise_destroy(s->promise);
    ac_future_unref(s->future);
}

static void
in_a_callback(void)
{
    static struct tt_gate gate = TT_GATE(1), started = TT_GATE(1);
    struct server s = {.pool = tt_pool(1), .next = tt_job()};
    struct tt_job *held = tt_job(), *job = tt_job();
    ac_future *future;
    held->started = &started;
    held->hold = &gate;
    ac_future_unref(tt_submit(s.pool, held));
    tt_gate_pass(&started);
    s.queued = tt_submit(s.pool, tt_job());
    s.promise = promised(s.next, &s.future);
    ac_promise *promise = promised(job, &future);
    TT_MUST(ac_future_on_done, AC_OK, (future, serve, &s));
    tt_arm();
    resolve(promise, job);
    TT_CHECK(atomic_load(&s.calls) == s.registered);
    TT_CHECK(ac_future_status(s.queued) == AC_ECANCELED);
    ac_promise_destroy(promise);
    ac_future_unref(future);
    ac_future_unref(s.queued);
    tt_gate_open(&gate);
    TT_MUST(ac_pool_destroy, AC_OK, (s.pool));
    tt_disarm();
}

const struct tt_scenario tt_scenarios[] = {
    {"create", create},
    {"ends", ends},
    {"waited_for", waited_for},
    {"on_pending", on_pending},
    {"on_done_one", on_done_one},
    {"on_tasks", on_tasks},
    {"in_a_callback", in_a_callback},
    {NULL, NULL},
};
