/*
 * run_as_completed.c - iterators over a set, while its members complete
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

static ac_pool *pool;
static ac_iter *iter;
static int got[2];

static void
begin(size_t workers)
{
    pool = sk_pool(workers);
    SK_MUST(ac_iter_open(&iter) == AC_OK);
}

static void
end(void)
{
    ac_iter_destroy(iter);
    sk_pool_end(pool);
}

/* ---- Two go through the same futures, of which each has one seat ---- */

static ac_future *both[2];

static void *
go_through_both(void *n)
{
    ac_iter *set;
    SK_MUST(ac_as_completed(both, 2, &set) == AC_OK);
    *(int *)n = sk_count(set);
    ac_iter_destroy(set);
    return NULL;
}

SK_SCENARIO(as_completed_twice)
{
    begin(1);
    both[0] = sk_submitted(pool);
    both[1] = sk_submitted(pool);
    pthread_t thread = sk_start(go_through_both, &got[0]);
    if (sk_roll(2) == 0)
        SK_MUST(ac_future_cancel(both[1]) != AC_EINVAL);
    go_through_both(&got[1]);
    sk_join(thread);
    SK_MUST(got[0] == 2 && got[1] == 2);
    ac_future_unref(both[0]);
    ac_future_unref(both[1]);
    end();
}

/* ---- A task goes through others of its own pool, and itself ---- */

static ac_future *itself;
static struct sk_gate known;

static int
go_through_own(struct sk_task *task)
{
    ac_iter *set;
    ac_future *future, *three[3];
    int rc, n = 0;
    sk_gate_pass(&known);
    three[0] = sk_submitted(pool);
    three[1] = sk_submitted(pool);
    three[2] = itself;
    size_t of = sk_roll(2) ? 3 : 2;
    SK_MUST(ac_as_completed(three, of, &set) == AC_OK);
    if (sk_roll(2))
        SK_MUST(ac_iter_add(iter, three[0]) == AC_OK);
    ac_future_unref(three[0]);
    if (sk_roll(3) == 0)
        SK_MUST(ac_iter_cancel(set) == AC_OK);
    ac_future_unref(three[1]);
    int most = (int)sk_roll(4);
    while (n < most &&
           (rc = ac_iter_next(set, AC_FOREVER, &future)) == AC_OK) {
        SK_MUST(ac_future_status(future) != AC_EAGAIN);
        ac_future_unref(future);
        n++;
    }
    if (most == 3)
        SK_MUST(n == 2 && rc == (of == 3 ? AC_EDEADLK : AC_DONE));
    if (sk_roll(2))
        SK_MUST(ac_iter_abandon(set) == AC_OK);
    ac_iter_destroy(set);
    (void)task;
    return 0;
}

SK_SCENARIO(as_completed_own)
{
    begin(1 + sk_roll(2));
    struct sk_task *task = sk_parent(go_through_own, NULL);
    SK_MUST(sk_submit(pool, NULL, task, &itself) == AC_OK);
    sk_gate_open(&known);
    ac_iter *other;
    SK_MUST(ac_as_completed(&itself, 1, &other) == AC_OK);
    if (sk_roll(3) == 0)
        SK_MUST(ac_future_cancel(itself) != AC_EINVAL);
    if (sk_roll(2))
        SK_MUST(sk_count(other) == 1);
    ac_iter_destroy(other);
    SK_MUST(ac_pool_wait_idle(pool, AC_FOREVER) == AC_OK);
    ac_future_unref(itself);
    end();
}

/* ---- It refuses in the middle: nothing of those before is changed ---- */

SK_SCENARIO(as_completed_refused)
{
    ac_iter *set;
    begin(1);
    ac_future *futures[3] = {sk_submitted(pool), sk_submitted(pool), NULL};
    pthread_t thread = 0;
    both[0] = futures[0];
    both[1] = futures[1];
    if (sk_roll(2))
        thread = sk_start(go_through_both, &got[0]);
    SK_MUST(ac_as_completed(futures, 3, &set) == AC_EINVAL);
    SK_MUST(ac_iter_add(iter, futures[0]) == AC_OK);
    if (thread != 0)
        sk_join(thread);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    SK_MUST(sk_count(iter) == 1);
    ac_future_unref(futures[0]);
    ac_future_unref(futures[1]);
    end();
}

/* ---- Promises, canceled and broken while they are gone through ---- */

static ac_promise *promises[2];

static void *
break_them(void *unused)
{
    if (sk_roll(2))
        ac_promise_resolve(promises[0], NULL);
    ac_promise_destroy(promises[0]);
    ac_promise_destroy(promises[1]);
    return unused;
}

SK_SCENARIO(as_completed_promises)
{
    ac_iter *sets[2];
    ac_future *futures[2], *future;
    for (int i = 0; i < 2; i++)
        SK_MUST(ac_promise_create(NULL, NULL, &promises[i], &futures[i]) ==
                AC_OK);
    pthread_t thread = sk_start(break_them, NULL);
    SK_MUST(ac_as_completed(futures, 2, &sets[0]) == AC_OK);
    SK_MUST(ac_as_completed(futures, 2, &sets[1]) == AC_OK);
    ac_future_unref(futures[0]);
    ac_future_unref(futures[1]);
    if (sk_roll(2))
        SK_MUST(ac_iter_cancel(sets[sk_roll(2)]) == AC_OK);
    if (sk_roll(2))
        SK_MUST(ac_iter_abandon(sets[0]) == AC_OK);
    if (sk_roll(2)) {
        int rc = ac_iter_next(sets[0], AC_FOREVER, &future);
        SK_MUST(rc == AC_OK || rc == AC_DONE);
        if (rc == AC_OK)
            ac_future_unref(future);
    }
    ac_iter_destroy(sets[0]);
    SK_MUST(sk_count(sets[1]) == 2);
    ac_iter_destroy(sets[1]);
    sk_join(thread);
}
