/*
 * torture_room.c - refusals where tasks wait for room in a queue, come in many
 * at once, have a level, or come too late
 *
 * SPDX-License-Identifier: MIT
 */
#include "torture.h"

#define CAPACITY 4

static struct tt_gate gate = TT_GATE(1);

/* Its only worker is held until the gate opens; `used` places are taken. */
static ac_pool *
bounded(size_t used)
{
    static struct tt_gate started = TT_GATE(1);
    struct tt_job *job = tt_job();
    ac_pool_attr *attr;
    ac_pool *pool;
    TT_MUST(ac_pool_attr_create, AC_OK, (&attr));
    TT_MUST(ac_pool_attr_set_capacity, AC_OK, (attr, CAPACITY));
    TT_MUST(ac_pool_create, AC_OK, (1, attr, &pool));
    ac_pool_attr_destroy(attr);
    job->started = &started;
    job->hold = &gate;
    ac_future_unref(tt_submit(pool, job));
    tt_gate_pass(&started);
    while (used-- > 0)
        ac_future_unref(tt_submit(pool, tt_job()));
    return pool;
}

static size_t
queued(const ac_pool *pool)
{
    uint64_t values[AC_STATS];
    TT_MUST(ac_pool_stats, AC_OK, (pool, values, AC_STATS));
    return (size_t)values[AC_STAT_QUEUED];
}

static void
end(ac_pool *pool)
{
    tt_disarm();
    tt_gate_open(&gate);
    TT_MUST(ac_pool_destroy, AC_OK, (pool));
}

/* ---- One ------------------------------------------------------------ */

static void
until(size_t used, ac_deadline room_by, int wanted)
{
    ac_pool *pool = bounded(used);
    struct tt_job *job = tt_job();
    ac_future *future = tt_untouched;
    tt_arm();
    tt_knock_when_parked(&gate);
    if (TT_REFUSED(ac_submit_until, wanted,
                   (pool, tt_counted(), tt_run, job, room_by, &future))) {
        TT_CHECK(future == tt_untouched);
        TT_CHECK(atomic_load(&job->args_freed) == 0);
        TT_CHECK(queued(pool) == used);
        tt_disarm();
        TT_MUST(ac_submit_until, wanted,
                (pool, tt_counted(), tt_run, job, room_by, &future));
    }
    job->accepted = wanted == AC_OK;
    if (wanted == AC_OK)
        ac_future_unref(future);
    else
        TT_CHECK(future == tt_untouched);
    tt_knock_when_parked(NULL);
    end(pool);
}

static void
until_at_once(void)
{
    until(CAPACITY - 1, AC_FOREVER, AC_OK);
}

static void
until_forever(void)
{
    until(CAPACITY, AC_FOREVER, AC_OK);
}

static void
until_deadline(void)
{
    until(CAPACITY, tt_far(), AC_OK);
}

/* A poll has nothing to wait with, so it cannot be refused that. */
static void
until_poll(void)
{
    ac_pool *pool = bounded(CAPACITY);
    struct tt_job *job = tt_job();
    ac_future *future = tt_untouched;
    tt_arm();
    TT_RETRY(ac_submit, AC_EAGAIN, (pool, tt_counted(), tt_run, job, &future));
    TT_RETRY(ac_submit_until, AC_ETIMEDOUT,
             (pool, tt_counted(), tt_run, job, AC_POLL, &future));
    TT_RETRY(ac_submit_until, AC_ETIMEDOUT,
             (pool, tt_counted(), tt_run, job, ac_deadline_in_ms(2), &future));
    TT_CHECK(future == tt_untouched);
    TT_CHECK(queued(pool) == CAPACITY);
    end(pool);
}

static void
iter_until(void)
{
    ac_pool *pool = bounded(CAPACITY);
    struct tt_job *job = tt_job();
    ac_future *future = tt_untouched, *done;
    ac_iter *iter;
    TT_MUST(ac_iter_open, AC_OK, (&iter));
    tt_arm();
    tt_knock_when_parked(&gate);
    if (TT_REFUSED(
            ac_iter_submit, AC_OK,
            (iter, pool, tt_counted(), tt_run, job, AC_FOREVER, &future))) {
        TT_CHECK(future == tt_untouched);
        TT_CHECK(ac_iter_remaining(iter) == 0);
        tt_disarm();
        TT_MUST(ac_iter_submit, AC_OK,
                (iter, pool, tt_counted(), tt_run, job, AC_FOREVER, &future));
    }
    tt_disarm();
    job->accepted = true;
    TT_MUST(ac_iter_next, AC_OK, (iter, AC_FOREVER, &done));
    TT_CHECK(done == future);
    ac_future_unref(done);
    ac_future_unref(future);
    ac_iter_destroy(iter);
    end(pool);
}

/* ---- Many ----------------------------------------------------------- */

static void
many(size_t used, size_t n, ac_deadline room_by, int wanted)
{
    ac_pool *pool = bounded(used);
    struct tt_job *jobs[CAPACITY + 1];
    void *args[CAPACITY + 1];
    ac_future *futures[CAPACITY + 1];
    for (size_t i = 0; i < n; i++) {
        args[i] = jobs[i] = tt_job();
        futures[i] = tt_untouched;
    }
    tt_arm();
    if (wanted == AC_OK)
        tt_knock_when_parked(&gate);
    if (TT_REFUSED(ac_submit_many, wanted,
                   (pool, tt_counted(), tt_run, args, n, room_by, futures))) {
        for (size_t i = 0; i < n; i++) {
            TT_CHECK(futures[i] == tt_untouched);
            TT_CHECK(atomic_load(&jobs[i]->args_freed) == 0);
        }
        TT_CHECK(queued(pool) == used);
        tt_disarm();
        TT_MUST(ac_submit_many, wanted,
                (pool, tt_counted(), tt_run, args, n, room_by, futures));
    }
    tt_knock_when_parked(NULL);
    for (size_t i = 0; i < n; i++) {
        jobs[i]->accepted = wanted == AC_OK;
        if (wanted != AC_OK)
            TT_CHECK(futures[i] == tt_untouched);
        else
            ac_future_unref(futures[i]);
    }
    end(pool);
}

static void
many_at_once(void)
{
    many(0, CAPACITY, AC_POLL, AC_OK);
}

static void
many_wait(void)
{
    many(CAPACITY - 1, CAPACITY, AC_FOREVER, AC_OK);
}

static void
many_time_out(void)
{
    many(CAPACITY - 1, 2, ac_deadline_in_ms(2), AC_ETIMEDOUT);
}

static void
too_many(void)
{
    many(0, CAPACITY + 1, AC_FOREVER, AC_EINVAL);
}

static void
none(void)
{
    many(0, 0, AC_POLL, AC_OK);
}

/* ---- In line -------------------------------------------------------- */

#define LINE 3
static struct tt_gate in_line = TT_GATE(LINE);

static void *
stand(void *pool)
{
    struct tt_job *job = tt_job();
    tt_knock_when_parked(&in_line);
    if (TT_REFUSED(ac_submit_until, AC_ESHUTDOWN,
                   (pool, tt_counted(), tt_run, job, AC_FOREVER, NULL))) {
        tt_disarm();
        TT_MUST(ac_submit_until, AC_ESHUTDOWN,
                (pool, tt_counted(), tt_run, job, tt_far(), NULL));
    }
    return NULL;
}

/* Shutdown sends the whole line home, but for those who were refused a
 * place. */
static void
line_shut_down(void)
{
    ac_pool *pool = bounded(CAPACITY);
    pthread_t threads[LINE];
    size_t left = 0;
    tt_arm();
    for (int i = 0; i < LINE; i++)
        threads[i] = tt_thread(stand, pool);
    tt_gate_pass(&in_line);
    tt_disarm();
    TT_MUST(ac_pool_shutdown, AC_ETIMEDOUT, (pool, AC_CANCEL, AC_POLL, &left));
    TT_CHECK(left == 1);
    for (int i = 0; i < LINE; i++)
        tt_join(threads[i]);
    end(pool);
}

/* ---- Too late, and levels ------------------------------------------- */

/* With free functions that count, and not started by then. */
static ac_future *
submit_by(ac_pool *pool, ac_deadline start_by, ac_priority level)
{
    struct tt_job *job = tt_job();
    ac_task_attr *attr;
    ac_future *future;
    TT_MUST(ac_task_attr_create, AC_OK, (&attr));
    TT_MUST(ac_task_attr_set_free_arg, AC_OK, (attr, tt_free_arg));
    TT_MUST(ac_task_attr_set_free_result, AC_OK, (attr, tt_free_result));
    TT_MUST(ac_task_attr_set_start_by, AC_OK, (attr, start_by));
    TT_MUST(ac_task_attr_set_priority, AC_OK, (attr, level));
    TT_RETRY(ac_submit, AC_OK, (pool, attr, tt_run, job, &future));
    job->accepted = true;
    ac_task_attr_destroy(attr);
    return future;
}

/* Whoever meets one needs nothing for it; a wait needs what it always does. */
static void
expired(void)
{
    ac_pool *pool = bounded(0);
    ac_future *futures[3] = {
        submit_by(pool, AC_POLL, AC_PRIORITY_LOW),
        submit_by(pool, AC_POLL, AC_PRIORITY_NORMAL),
        submit_by(pool, ac_deadline_in_ms(5), AC_PRIORITY_HIGH)};
    void *result = tt_untouched;
    tt_arm();
    TT_CHECK(ac_future_status(futures[0]) == AC_EEXPIRED);
    TT_MUST(ac_future_cancel, AC_EALREADY, (futures[1]));
    TT_RETRY(ac_wait, AC_OK, (futures, 3, AC_ALL, AC_FOREVER, NULL));
    for (int i = 0; i < 3; i++) {
        TT_MUST(ac_future_get, AC_EEXPIRED, (futures[i], AC_POLL, &result));
        TT_CHECK(result == tt_untouched);
        ac_future_unref(futures[i]);
    }
    end(pool);
}

/* A submitter gets the room of two late ones, or nothing, but they are gone
 * either way once they were met. */
static void
expired_in_line(void)
{
    ac_pool *pool = bounded(CAPACITY - 1);
    ac_future *late = submit_by(pool, ac_deadline_in_ms(5), AC_PRIORITY_NORMAL);
    struct tt_job *job = tt_job();
    tt_arm();
    TT_RETRY(ac_submit_until, AC_OK,
             (pool, tt_counted(), tt_run, job, AC_FOREVER, NULL));
    job->accepted = true;
    TT_CHECK(ac_future_status(late) == AC_EEXPIRED);
    tt_disarm();
    ac_future_unref(late);
    end(pool);
}

/* A task that needs the larger record, armed from the start. */
static void
levels(void)
{
    static const ac_priority order[] = {AC_PRIORITY_LOW, AC_PRIORITY_HIGH,
                                        AC_PRIORITY_NORMAL};
    ac_pool *pool = bounded(0);
    ac_future *futures[3];
    for (int i = 0; i < 3; i++) {
        struct tt_job *job = tt_job();
        ac_task_attr *attr;
        tt_arm();
        TT_RETRY(ac_task_attr_create, AC_OK, (&attr));
        TT_MUST(ac_task_attr_set_priority, AC_OK, (attr, order[i]));
        TT_MUST(ac_task_attr_set_start_by, AC_OK, (attr, tt_far()));
        TT_MUST(ac_task_attr_set_free_result, AC_OK, (attr, tt_free_result));
        TT_RETRY(ac_submit, AC_OK, (pool, attr, tt_run, job, &futures[i]));
        job->accepted = true;
        ac_task_attr_destroy(attr);
    }
    tt_disarm();
    tt_gate_open(&gate);
    for (int i = 0; i < 3; i++) {
        TT_MUST(ac_future_get, AC_OK, (futures[i], AC_FOREVER, NULL));
        ac_future_unref(futures[i]);
    }
    end(pool);
}

const struct tt_scenario tt_scenarios[] = {
    {"until_at_once", until_at_once},
    {"until_forever", until_forever},
    {"until_deadline", until_deadline},
    {"until_poll", until_poll},
    {"iter_until", iter_until},
    {"many_at_once", many_at_once},
    {"many_wait", many_wait},
    {"many_time_out", many_time_out},
    {"too_many", too_many},
    {"none", none},
    {"line_shut_down", line_shut_down},
    {"expired", expired},
    {"expired_in_line", expired_in_line},
    {"levels", levels},
    {NULL, NULL},
};
