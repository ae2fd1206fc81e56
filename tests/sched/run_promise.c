/*
 * run_promise.c - promises: those who resolve against all others
 *
 * SPDX-License-Identifier: MIT
 */
#include "tasks.h"

static ac_promise *promise;
static ac_future *future;
static struct sk_task *task;
static int said[2];
static int called;

static void
begin(void)
{
    task = sk_task();
    SK_MUST(ac_promise_create(sk_attr(), task, &promise, &future) == AC_OK);
    task->accepted = true;
}

/* One that is resolved counts as run, and the result is the future's. */
static int
resolve(void)
{
    int rc = ac_promise_resolve(promise, task);
    SK_MUST(rc == AC_OK || rc == AC_EALREADY);
    return rc;
}

static void
end(void)
{
    task->runs = said[0] == AC_OK || said[1] == AC_OK;
    ac_future_unref(future);
}

static void *
resolve_it(void *said_by)
{
    *(int *)said_by = resolve();
    return NULL;
}

/* ---- Two who resolve: one of them does ---- */

SK_SCENARIO(promise_resolve_twice)
{
    begin();
    pthread_t other = sk_start(resolve_it, &said[0]);
    said[1] = ac_promise_fail(promise, 5, task);
    sk_join(other);
    SK_MUST((said[0] == AC_OK && said[1] == AC_EALREADY) ||
            (said[0] == AC_EALREADY && said[1] == AC_OK));
    SK_MUST(ac_future_status(future) ==
            (said[0] == AC_OK ? AC_OK : AC_EFAILED));
    SK_MUST(ac_future_error(future) == (said[0] == AC_OK ? 0 : 5));
    ac_promise_destroy(promise);
    end();
}

/* ---- Resolve against cancel ---- */

static void
on_done(ac_future *done, void *unused)
{
    (void)unused;
    sk_user_code();
    SK_MUST(ac_future_status(done) != AC_EAGAIN);
    called++;
}

SK_SCENARIO(promise_cancel)
{
    begin();
    SK_MUST(ac_future_on_done(future, on_done, NULL) == AC_OK);
    pthread_t other = sk_start(resolve_it, &said[0]);
    int rc = ac_future_cancel(future);
    SK_MUST(rc == AC_OK || rc == AC_EALREADY);
    SK_MUST(ac_future_status(future) == (rc == AC_OK ? AC_ECANCELED : AC_OK));
    sk_join(other);
    SK_MUST((said[0] == AC_OK) == (rc == AC_EALREADY) && called == 1);
    said[1] = AC_EALREADY;
    ac_promise_destroy(promise);
    end();
}

/* ---- Those who wait, against the one who lets go ---- */

static void *
wait_it(void *unused)
{
    (void)unused;
    void *result = NULL;
    said[1] = ac_future_get(future, AC_FOREVER, &result);
    SK_MUST(said[1] == AC_EBROKEN && result == NULL);
    return NULL;
}

SK_SCENARIO(promise_destroy_wait)
{
    ac_iter *iter;
    begin();
    SK_MUST(ac_as_completed(&future, 1, &iter) == AC_OK);
    pthread_t other = sk_start(wait_it, NULL);
    ac_promise_destroy(promise);
    sk_join(other);
    SK_MUST(sk_drain(iter, AC_FOREVER, AC_DONE) == 1);
    ac_iter_destroy(iter);
    said[0] = said[1];
    end();
}

/* Resolved and let go of at once; the reader may hold the last reference. */
static void *
take_it(void *unused)
{
    (void)unused;
    SK_MUST(sk_take(future) == AC_OK);
    ac_future_unref(future);
    return NULL;
}

SK_SCENARIO(promise_take)
{
    begin();
    task->ended_as = 1;
    task->runs = 1;
    pthread_t other = sk_start(take_it, NULL);
    SK_MUST(resolve() == AC_OK);
    ac_promise_destroy(promise);
    sk_join(other);
}

/* ---- In one iterator with tasks ---- */

SK_SCENARIO(promise_iter)
{
    ac_iter *iter;
    ac_pool *pool = sk_pool(1);
    begin();
    SK_MUST(ac_iter_open(&iter) == AC_OK);
    SK_MUST(sk_submit(pool, iter, sk_task(), NULL) == AC_OK);
    SK_MUST(ac_iter_add(iter, future) == AC_OK);
    SK_MUST(ac_iter_close(iter) == AC_OK);
    pthread_t other = sk_start(resolve_it, &said[0]);
    if (sk_roll(2) == 0)
        SK_MUST(ac_iter_cancel(iter) == AC_OK);
    ac_future *got;
    for (int i = 0; i < 2; i++) {
        SK_MUST(ac_iter_next(iter, AC_FOREVER, &got) == AC_OK);
        SK_MUST(ac_future_status(got) != AC_EAGAIN);
        ac_future_unref(got);
    }
    SK_MUST(ac_iter_next(iter, AC_POLL, &got) == AC_DONE);
    sk_join(other);
    said[1] = AC_EALREADY;
    ac_promise_destroy(promise);
    ac_iter_destroy(iter);
    end();
    sk_pool_end(pool);
}
