/*
 * run_line.c - the line of those who wait for room: its order is that of the
 * queue, whoever makes the room, and who was let in is in
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

static ac_pool *pool;
static size_t capacity;
static ac_future *futures[3];
static struct sk_gate hold, started;

/* One who wants room, for so many. */
struct comer {
    pthread_t thread;
    size_t n;
    ac_deadline room_by;
    struct sk_task *tasks[2];
    int rc;
};

static void *
come(void *arg)
{
    struct comer *comer = arg;
    void *args[2];
    for (size_t i = 0; i < comer->n; i++)
        args[i] = comer->tasks[i] = sk_task();
    comer->rc = ac_submit_many(pool, sk_attr(), sk_run, args, comer->n,
                               comer->room_by, NULL);
    for (size_t i = 0; i < comer->n; i++)
        comer->tasks[i]->accepted = comer->rc == AC_OK;
    return NULL;
}

/* He sleeps in the line, or it is over for him. */
static void
line_up(struct comer *comer, size_t n, ac_deadline room_by)
{
    *comer = (struct comer){.n = n, .room_by = room_by};
    comer->thread = sk_start(come, comer);
    sk_until_asleep(comer->thread);
}

/* A worker that is busy, and a queue that is full. */
static void
fill(size_t n)
{
    struct sk_task *busy = sk_task();
    busy->started = &started;
    busy->hold = &hold;
    capacity = n;
    pool = sk_bounded_pool(1, capacity);
    SK_MUST(sk_submit(pool, NULL, busy, NULL) == AC_OK);
    sk_gate_pass(&started);
    for (size_t i = 0; i < capacity; i++)
        futures[i] = sk_submitted(pool);
}

/* Makes room while the worker stays busy. */
static void
cancel(size_t n)
{
    for (size_t i = 0; i < n; i++)
        SK_MUST(ac_future_cancel(futures[i]) == AC_OK);
}

static void
end(void)
{
    for (size_t i = 0; i < capacity; i++)
        ac_future_unref(futures[i]);
    sk_bounded_pool_end(pool, capacity);
}

/* They were all let in, in this order. */
static void
check_order(const struct comer *comers, size_t n)
{
    int last = 0;
    for (size_t i = 0; i < n; i++) {
        SK_MUST(comers[i].rc == AC_OK);
        for (size_t k = 0; k < comers[i].n; k++) {
            SK_MUST(comers[i].tasks[k]->started_as > last);
            last = comers[i].tasks[k]->started_as;
        }
    }
}

/* ---- Nobody gets past ---- */

SK_SCENARIO(line_greedy)
{
    struct comer comers[3];
    fill(2);
    line_up(&comers[0], 2, AC_FOREVER);
    line_up(&comers[1], 1, AC_FOREVER);
    /* Room for one, but the greedy one was here before. */
    cancel(1);
    SK_MUST(sk_submit(pool, NULL, sk_task(), NULL) == AC_EAGAIN);
    comers[2] = (struct comer){.n = 1, .room_by = AC_POLL + 1};
    come(&comers[2]);
    SK_MUST(comers[2].rc == AC_ETIMEDOUT);
    line_up(&comers[2], 1, AC_FOREVER);
    sk_gate_open(&hold);
    for (int i = 0; i < 3; i++)
        sk_join(comers[i].thread);
    end();
    check_order(comers, 3);
}

/* Room for all and one more: who comes then is behind those who have been let
 * in, though they sleep yet. */
SK_SCENARIO(line_newcomer)
{
    struct comer comers[3];
    fill(3);
    line_up(&comers[0], 1, AC_FOREVER);
    line_up(&comers[1], 1, AC_FOREVER);
    cancel(3);
    comers[2] = (struct comer){.n = 1, .room_by = AC_POLL};
    come(&comers[2]);
    sk_join(comers[0].thread);
    sk_join(comers[1].thread);
    sk_gate_open(&hold);
    end();
    check_order(comers, 3);
}

/* The worker makes the room. */
SK_SCENARIO(line_drain)
{
    struct comer comers[3];
    fill(1 + sk_roll(2));
    line_up(&comers[0], 1, AC_FOREVER);
    line_up(&comers[1], 1, AC_FOREVER);
    sk_gate_open(&hold);
    comers[2] = (struct comer){.n = 1, .room_by = AC_FOREVER};
    come(&comers[2]);
    sk_join(comers[0].thread);
    sk_join(comers[1].thread);
    end();
    check_order(comers, 3);
}

/* ---- Who was let in is in, whatever comes before he wakes up ---- */

SK_SCENARIO(line_timeout)
{
    struct comer comers[2];
    fill(1);
    line_up(&comers[0], 1, sk_soon());
    line_up(&comers[1], 1, sk_soon());
    cancel(1);
    sk_join(comers[0].thread);
    sk_join(comers[1].thread);
    /* The room was the first one's, or he did not wait for it any more; then
     * the next one's, if he did. */
    for (int i = 0; i < 2; i++)
        SK_MUST(comers[i].rc == AC_OK || comers[i].rc == AC_ETIMEDOUT);
    SK_MUST(comers[0].rc != AC_OK || comers[1].rc != AC_OK);
    sk_gate_open(&hold);
    end();
}

static void *
make_room(void *unused)
{
    (void)unused;
    SK_MUST(ac_future_cancel(futures[0]) == AC_OK);
    return NULL;
}

SK_SCENARIO(line_shutdown)
{
    struct comer comers[2];
    size_t left = 99;
    fill(1);
    line_up(&comers[0], 1, AC_FOREVER);
    line_up(&comers[1], 1, AC_FOREVER);
    pthread_t other = sk_start(make_room, NULL);
    SK_MUST(ac_pool_shutdown(pool, sk_roll(2) ? AC_DRAIN : AC_CANCEL, AC_POLL,
                             &left) == AC_ETIMEDOUT);
    sk_join(other);
    sk_join(comers[0].thread);
    sk_join(comers[1].thread);
    SK_MUST(comers[0].rc == AC_OK || comers[0].rc == AC_ESHUTDOWN);
    SK_MUST(comers[1].rc == AC_ESHUTDOWN);
    sk_gate_open(&hold);
    end();
}
