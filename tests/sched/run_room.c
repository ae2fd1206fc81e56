/*
 * run_room.c - bounded queues: those who wait for room (their order: see
 * run_line.c), and tasks that are too late to start
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

static ac_pool *pool;
static ac_future *futures[4];
static struct sk_gate hold, started;
static ac_task_attr *hurry;

/* A worker that is busy, and so many more in the queue, which is full then. */
static void
fill(size_t capacity)
{
    struct sk_task *busy = sk_task();
    busy->started = &started;
    busy->hold = &hold;
    pool = sk_bounded_pool(1, capacity);
    SK_MUST(sk_submit(pool, NULL, busy, NULL) == AC_OK);
    sk_gate_pass(&started);
    for (size_t i = 0; i < capacity; i++)
        futures[i] = sk_submitted(pool);
    SK_MUST(sk_submit(pool, NULL, sk_task(), NULL) == AC_EAGAIN);
}

static void
drop(size_t n)
{
    while (n-- > 0)
        ac_future_unref(futures[n]);
}

static int
submit_until(ac_deadline room_by)
{
    struct sk_task *task = sk_task();
    task->room_by = room_by;
    return sk_submit(pool, NULL, task, NULL);
}

static void *
wait_for_room(void *unused)
{
    (void)unused;
    SK_MUST(submit_until(AC_FOREVER) == AC_OK);
    return NULL;
}

static void *
wait_soon(void *unused)
{
    (void)unused;
    int rc = submit_until(sk_soon());
    SK_MUST(rc == AC_OK || rc == AC_ETIMEDOUT);
    return NULL;
}

/* ---- Room that others make ---- */

/* A cancel makes room at once, though the worker stays busy. */
SK_SCENARIO(room_cancel)
{
    fill(1);
    pthread_t other = sk_start(wait_for_room, NULL);
    SK_MUST(ac_future_cancel(futures[0]) == AC_OK);
    sk_join(other);
    sk_gate_open(&hold);
    drop(1);
    sk_bounded_pool_end(pool, 1);
}

/* Several in line, one of whom gives up: nobody is forgotten. */
SK_SCENARIO(room_line)
{
    fill(1);
    pthread_t one = sk_start(wait_for_room, NULL);
    pthread_t two = sk_start(wait_soon, NULL);
    pthread_t three = sk_start(wait_for_room, NULL);
    sk_gate_open(&hold);
    sk_join(one);
    sk_join(two);
    sk_join(three);
    drop(1);
    sk_bounded_pool_end(pool, 1);
}

/* The one before him has got that room, though he may not have woken up yet:
 * for who is behind him the queue is full. */
static void *
wait_too_briefly(void *unused)
{
    (void)unused;
    SK_MUST(submit_until(sk_soon()) == AC_ETIMEDOUT);
    return NULL;
}

SK_SCENARIO(room_taken)
{
    fill(1);
    pthread_t one = sk_start(wait_for_room, NULL);
    sk_until_asleep(one);
    pthread_t two = sk_start(wait_too_briefly, NULL);
    SK_MUST(ac_future_cancel(futures[0]) == AC_OK);
    sk_join(one);
    sk_join(two);
    sk_gate_open(&hold);
    drop(1);
    sk_bounded_pool_end(pool, 1);
}

/* Who takes a place meanwhile may not exceed the bound. */
SK_SCENARIO(room_race)
{
    pool = sk_bounded_pool(1, 1);
    pthread_t one = sk_start(wait_for_room, NULL);
    pthread_t two = sk_start(wait_for_room, NULL);
    int rc = sk_submit(pool, NULL, sk_task(), NULL);
    SK_MUST(rc == AC_OK || rc == AC_EAGAIN);
    sk_join(one);
    sk_join(two);
    sk_bounded_pool_end(pool, 1);
}

/* ---- The end comes first ---- */

static void *
wait_in_vain(void *unused)
{
    (void)unused;
    SK_MUST(submit_until(AC_FOREVER) == AC_ESHUTDOWN);
    return NULL;
}

SK_SCENARIO(room_shutdown)
{
    fill(1);
    pthread_t one = sk_start(wait_in_vain, NULL);
    pthread_t two = sk_start(wait_in_vain, NULL);
    SK_MUST(ac_pool_shutdown(pool, sk_roll(2) ? AC_DRAIN : AC_CANCEL, AC_POLL,
                             NULL) == AC_ETIMEDOUT);
    sk_join(one);
    sk_join(two);
    sk_gate_open(&hold);
    drop(1);
    sk_bounded_pool_end(pool, 1);
}

/* Its place in an iterator is reserved, and let go of. */
static ac_iter *iter;

static void *
abandon(void *unused)
{
    (void)unused;
    SK_MUST(ac_iter_abandon(iter) == AC_OK);
    return NULL;
}

SK_SCENARIO(room_iter)
{
    struct sk_task *task = sk_task();
    task->room_by = sk_roll(2) ? AC_FOREVER : sk_soon();
    fill(1);
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    pthread_t other = sk_start(abandon, NULL);
    pthread_t canceler = sk_start(wait_soon, NULL);
    sk_gate_open(&hold);
    int rc = sk_submit(pool, iter, task, NULL);
    SK_MUST(rc == AC_OK || rc == AC_ECLOSED ||
            (rc == AC_ETIMEDOUT && task->room_by != AC_FOREVER));
    SK_MUST(sk_drain(iter, AC_FOREVER, AC_DONE) <= 1);
    sk_join(other);
    sk_join(canceler);
    ac_iter_destroy(iter);
    drop(1);
    sk_bounded_pool_end(pool, 1);
}

/* ---- Many at once: all or nothing, and nothing between them ---- */

static int
submit_many(struct sk_task *tasks[], ac_deadline room_by, ac_future *out[])
{
    void *args[2] = {tasks[0] = sk_task(), tasks[1] = sk_task()};
    int rc = ac_submit_many(pool, sk_attr(), sk_run, args, 2, room_by, out);
    tasks[0]->accepted = tasks[1]->accepted = rc == AC_OK;
    return rc;
}

static void *
two_at_once(void *unused)
{
    (void)unused;
    struct sk_task *tasks[2];
    SK_MUST(submit_many(tasks, AC_FOREVER, NULL) == AC_OK);
    return NULL;
}

SK_SCENARIO(many_pop)
{
    struct sk_task *tasks[2];
    pool = sk_bounded_pool(1, 2);
    pthread_t one = sk_start(two_at_once, NULL);
    pthread_t two = sk_start(wait_for_room, NULL);
    int rc = submit_many(tasks, sk_soon(), futures);
    SK_MUST(rc == AC_OK || rc == AC_ETIMEDOUT);
    if (rc == AC_OK) {
        SK_MUST(ac_future_wait(futures[1], AC_FOREVER) == AC_OK);
        SK_MUST(tasks[1]->started_as == tasks[0]->started_as + 1);
        drop(2);
    }
    sk_join(one);
    sk_join(two);
    sk_bounded_pool_end(pool, 2);
}

/* ---- Too late to start ---- */

static void
attr_make(void)
{
    hurry = sk_attr_new();
    SK_MUST(ac_task_attr_set_start_by(hurry, sk_roll(2) ? sk_soon()
                                                        : sk_later()) == AC_OK);
}

static int
submit_hurried(ac_future **future)
{
    struct sk_task *task = sk_task();
    task->attr = hurry;
    return sk_submit(pool, NULL, task, future);
}

static void *
look(void *unused)
{
    (void)unused;
    int status = ac_future_status(futures[0]);
    SK_MUST(status == AC_EAGAIN || status == AC_OK || status == AC_EEXPIRED ||
            status == AC_ECANCELED);
    ac_future_unref(futures[0]);
    return NULL;
}

/* The worker against who looks and who waits: it runs, or expires. */
SK_SCENARIO(start_by_start)
{
    pool = sk_pool(1);
    attr_make();
    SK_MUST(submit_hurried(&futures[0]) == AC_OK);
    SK_MUST(submit_hurried(NULL) == AC_OK);
    pthread_t other = sk_start(look, ac_future_ref(futures[0]));
    SK_MUST(ac_future_wait(futures[0], AC_FOREVER) == AC_OK);
    int status = ac_future_status(futures[0]);
    SK_MUST(sk_task_of(futures[0])->runs == (status == AC_OK));
    SK_MUST(status == AC_OK || status == AC_EEXPIRED);
    sk_join(other);
    drop(1);
    ac_task_attr_destroy(hurry);
    sk_pool_end(pool);
}

/* Cancel against expiry, and against a worker. */
static void *
cancel(void *unused)
{
    (void)unused;
    int rc = ac_future_cancel(futures[0]);
    SK_MUST(rc == AC_OK || rc == AC_EBUSY || rc == AC_EALREADY);
    return NULL;
}

SK_SCENARIO(start_by_cancel)
{
    pool = sk_pool(1);
    attr_make();
    SK_MUST(submit_hurried(&futures[0]) == AC_OK);
    pthread_t one = sk_start(cancel, NULL);
    pthread_t two = sk_start(look, ac_future_ref(futures[0]));
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    sk_join(one);
    sk_join(two);
    drop(1);
    ac_task_attr_destroy(hurry);
    sk_pool_end(pool);
}

/* ---- What only time does: the worker stays busy ---- */

/* Who waits wakes up when the time comes. */
static void *
wait_until_late(void *unused)
{
    (void)unused;
    size_t which = 99;
    SK_MUST(ac_wait(futures, 1, AC_FIRST, AC_FOREVER, &which) == AC_OK);
    SK_MUST(which == 0 && ac_future_status(futures[0]) == AC_EEXPIRED);
    return NULL;
}

SK_SCENARIO(start_by_wait)
{
    struct sk_task *busy = sk_task();
    busy->started = &started;
    busy->hold = &hold;
    pool = sk_pool(1);
    SK_MUST(sk_submit(pool, NULL, busy, NULL) == AC_OK);
    sk_gate_pass(&started);
    attr_make();
    SK_MUST(submit_hurried(&futures[0]) == AC_OK);
    SK_MUST(submit_hurried(&futures[1]) == AC_OK);
    pthread_t other = sk_start(wait_until_late, NULL);
    SK_MUST(ac_future_wait(futures[1], AC_FOREVER) == AC_OK);
    SK_MUST(ac_future_status(futures[1]) == AC_EEXPIRED);
    sk_join(other);
    sk_gate_open(&hold);
    drop(2);
    ac_task_attr_destroy(hurry);
    sk_pool_end(pool);
}

static void *
hurry_in(void *unused)
{
    (void)unused;
    struct sk_task *task = sk_task();
    task->attr = hurry;
    task->room_by = sk_soon();
    int rc = sk_submit(pool, NULL, task, NULL);
    SK_MUST(rc == AC_OK || rc == AC_ETIMEDOUT);
    return NULL;
}

/* Whoever is first in line finds it when the time comes. */
SK_SCENARIO(start_by_room)
{
    fill(1);
    attr_make();
    pthread_t two = sk_start(hurry_in, NULL);
    SK_MUST(ac_future_cancel(futures[0]) == AC_OK);
    int rc = submit_hurried(NULL);
    SK_MUST(rc == AC_OK || rc == AC_EAGAIN);
    SK_MUST(submit_until(AC_FOREVER) == AC_OK);
    sk_gate_open(&hold);
    sk_join(two);
    drop(1);
    ac_task_attr_destroy(hurry);
    sk_bounded_pool_end(pool, 1);
}

/* The first in line wants more than there will be, and gives up; the next one
 * has to look out for the time then. */
static void *
two_soon(void *unused)
{
    (void)unused;
    struct sk_task *tasks[2];
    SK_MUST(submit_many(tasks, sk_soon(), NULL) == AC_ETIMEDOUT);
    return NULL;
}

SK_SCENARIO(start_by_line)
{
    fill(2);
    attr_make();
    SK_MUST(ac_future_cancel(futures[1]) == AC_OK);
    SK_MUST(submit_hurried(NULL) == AC_OK);
    pthread_t greedy = sk_start(two_soon, NULL);
    pthread_t modest = sk_start(wait_for_room, NULL);
    sk_join(modest);
    sk_join(greedy);
    sk_gate_open(&hold);
    drop(2);
    ac_task_attr_destroy(hurry);
    sk_bounded_pool_end(pool, 2);
}

/* The first in line is let in; the next one has to look out for the time
 * then. */
SK_SCENARIO(start_by_next)
{
    fill(2);
    attr_make();
    SK_MUST(ac_future_cancel(futures[1]) == AC_OK);
    SK_MUST(submit_hurried(NULL) == AC_OK);
    pthread_t one = sk_start(wait_for_room, NULL);
    pthread_t two = sk_start(wait_for_room, NULL);
    SK_MUST(ac_future_cancel(futures[0]) == AC_OK);
    sk_join(one);
    sk_join(two);
    sk_gate_open(&hold);
    drop(2);
    ac_task_attr_destroy(hurry);
    sk_bounded_pool_end(pool, 2);
}

/* ---- Destroyed while someone is on his way into the line ---- */

static struct sk_gate inside;

static void
free_inside(void *arg)
{
    struct sk_task *task = arg;
    sk_user_code();
    task->args_freed++;
    sk_gate_open(&inside);
}

static void *
two_or_none(void *unused)
{
    (void)unused;
    struct sk_task *tasks[2];
    int rc = submit_many(tasks, AC_FOREVER, NULL);
    SK_MUST(rc == AC_OK || rc == AC_ESHUTDOWN);
    return NULL;
}

/* He is in the pool once he frees what is too late, which is not enough. */
SK_SCENARIO(destroy_submitter)
{
    fill(2);
    hurry = sk_attr_new();
    SK_MUST(ac_task_attr_set_free_arg(hurry, free_inside) == AC_OK);
    SK_MUST(ac_task_attr_set_start_by(hurry, AC_POLL) == AC_OK);
    SK_MUST(ac_future_cancel(futures[1]) == AC_OK);
    SK_MUST(submit_hurried(NULL) == AC_OK);
    ac_task_attr_destroy(hurry);
    pthread_t other = sk_start(two_or_none, NULL);
    sk_gate_pass(&inside);
    sk_gate_open(&hold);
    sk_pool_end(pool);
    sk_join(other);
    drop(2);
}
