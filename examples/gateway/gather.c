/*
 * gather: ask several backends for one request, and take what comes in time
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "gather.h"
#include "backend.h"

/* A request waits so long for room in the pool, then it is shed. */
#define ROOM_PART 10 /* of the time it has */

static ac_deadline
earlier(ac_deadline a, ac_deadline b)
{
    return a < b ? a : b;
}

/* ---- Asking --------------------------------------------------------- */

/* A call that is not started by the deadline is of no use to anyone. */
static int
attr_create(const struct gather *gather, ac_task_attr **attr)
{
    int rc = ac_task_attr_create(attr);
    if (rc != AC_OK)
        return rc;
    rc = ac_task_attr_set_free_arg(*attr, call_free);
    if (rc == AC_OK)
        rc = ac_task_attr_set_free_result(*attr, call_free);
    if (rc == AC_OK)
        rc = ac_task_attr_set_start_by(*attr, gather->deadline);
    if (rc != AC_OK)
        ac_task_attr_destroy(*attr);
    return rc;
}

static struct call *
next_call(const struct gather *gather, size_t backend)
{
    return call_create(gather->options->backends[backend], gather->path,
                       backend, gather->deadline);
}

/* All or none: half a fan-out would only take room from other requests. */
static int
scatter(struct gather *gather, const ac_task_attr *attr)
{
    size_t n = gather->options->fanout, made = 0;
    void *calls[MAX_BACKENDS];
    int64_t left = gather->deadline - ac_now();
    int rc = AC_ENOMEM;

    while (made < n && (calls[made] = next_call(gather, made)) != NULL)
        made++;
    if (made == n)
        rc = ac_submit_many(gather->pool, attr, call_run, calls, n,
                            ac_deadline_in_ns(left / ROOM_PART), gather->calls);
    if (rc != AC_OK) {
        while (made > 0)
            call_free(calls[--made]);
        return rc;
    }
    gather->asked = n;
    for (size_t i = 0; i < n && rc == AC_OK; i++)
        rc = ac_iter_add(gather->iter, gather->calls[i]);
    return rc;
}

/* 1, or 0: there is no spare, or no room for it, which sheds the hedge and not
 * the request. */
static int
ask_spare(struct gather *gather, const ac_task_attr *attr)
{
    size_t i = gather->asked;
    if (i == gather->options->n_backends)
        return 0;
    struct call *call = next_call(gather, i);
    if (call == NULL)
        return 0;
    if (ac_iter_submit(gather->iter, gather->pool, attr, call_run, call,
                       AC_POLL, &gather->calls[i]) != AC_OK) {
        call_free(call);
        return 0;
    }
    gather->asked++;
    metrics_hedged();
    return 1;
}

/* ---- Gathering ------------------------------------------------------ */

/* 1 if it is an answer.  A call that ran out of time, or was canceled, stays
 * late. */
static int
note(struct gather *gather, ac_future *done)
{
    struct call *call = ac_future_arg(done);
    enum outcome *outcome = &gather->outcomes[call->backend];

    int status = ac_future_status(done);

    if (status == AC_OK)
        *outcome = OUTCOME_OK;
    else if (status == AC_EFAILED && ac_now() < gather->deadline)
        *outcome = OUTCOME_FAILED;
    ac_future_unref(done); /* gather->calls has one more reference */
    gather->good += status == AC_OK;
    return status == AC_OK;
}

/* AC_OK, with enough answers or not. */
static int
gather_all(struct gather *gather, const ac_task_attr *attr)
{
    const struct options *options = gather->options;
    int64_t hedge_ns = options->hedge_ms * 1000000;
    ac_deadline hedge_at =
        hedge_ns > 0 ? ac_deadline_in_ns(hedge_ns) : AC_FOREVER;

    while (gather->good < options->quorum) {
        ac_deadline until = gather->deadline;
        ac_future *done;

        if (ac_iter_remaining(gather->iter) == 0 && !ask_spare(gather, attr))
            return AC_OK; /* no more can come */
        if (gather->asked < options->n_backends)
            until = earlier(until, hedge_at);
        int rc = ac_iter_next(gather->iter, until, &done);
        if (rc == AC_OK) {
            if (!note(gather, done))
                ask_spare(gather, attr);
        } else if (rc == AC_ETIMEDOUT && until < gather->deadline) {
            ask_spare(gather, attr);
            hedge_at = ac_deadline_in_ns(hedge_ns);
        } else {
            return rc == AC_ETIMEDOUT ? AC_OK : rc;
        }
    }
    return AC_OK;
}

/* What the answer says of each call. */
static void
conclude(struct gather *gather)
{
    int enough = gather->good >= gather->options->quorum;

    for (size_t i = 0; i < gather->asked; i++) {
        if (gather->outcomes[i] == OUTCOME_LATE && enough)
            gather->outcomes[i] = OUTCOME_UNNEEDED;
        metrics_outcome(i, gather->outcomes[i]);
    }
}

int
gather_run(struct gather *gather, const struct options *options, ac_pool *pool,
           const char *path, ac_deadline deadline)
{
    ac_task_attr *attr;

    *gather = (struct gather){
        .options = options, .pool = pool, .path = path, .deadline = deadline};
    int rc = attr_create(gather, &attr);
    if (rc != AC_OK)
        return rc;
    rc = ac_iter_open(&gather->iter);
    if (rc == AC_OK)
        rc = scatter(gather, attr);
    if (rc == AC_OK)
        rc = gather_all(gather, attr);
    ac_task_attr_destroy(attr);
    conclude(gather);
    return rc;
}

struct call *
gather_call(const struct gather *gather, size_t backend)
{
    void *call = NULL;
    ac_future_get(gather->calls[backend], AC_POLL, &call);
    return call;
}

/* What is still out is of no use any more, and its workers are needed. */
void
gather_free(struct gather *gather)
{
    for (size_t i = 0; i < gather->asked; i++) {
        if (gather->outcomes[i] == OUTCOME_LATE ||
            gather->outcomes[i] == OUTCOME_UNNEEDED)
            call_cancel(gather->calls[i]);
        ac_future_unref(gather->calls[i]);
    }
    ac_iter_destroy(gather->iter);
}
