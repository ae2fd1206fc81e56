/*
 * wait - block until one future is done, or a set of them
 *
 * A wait is an object on the waiting thread's stack: a sink that the futures
 * tell, with a mutex and a parking record of its own.
 *
 * Locking: the wait's mutex, taken by tell() with a stripe lock held.
 * Lifetime: a wait and its registrations end with the call; each is detached
 * under its stripe lock before that, so nobody can be telling it any more.
 *
 * SPDX-License-Identifier: MIT
 */
#include "wait.h"

#include "clock.h"
#include "fork.h"
#include "frame.h"
#include "mem.h"
#include "park.h"
#include "spin.h"

/* Sets up to this size are waited for without an allocation. */
#define ON_STACK 8

struct aci_wait {
    struct aci_sink sink;     /* immutable */
    struct aci_mutex mu;      /* after a stripe, before nothing */
    struct aci_parked parked; /* mu */
    struct aci_list waiting;  /* mu: holds `parked` while it sleeps */
    ac_wait_mode mode;        /* immutable */
    size_t pending;           /* mu: not yet told, and not one's own */
    bool ended;               /* mu: it need not sleep any longer */
};

/* A canceled one is done, but has not failed. */
static bool
failed(const ac_future *future)
{
    int status = ac_future_status(future);
    return status != AC_EAGAIN && status != AC_OK && status != AC_ECANCELED;
}

static void
tell(struct aci_sink *sink, struct aci_seat *seat)
{
    struct aci_wait *wait = aci_container_of(sink, struct aci_wait, sink);
    struct aci_waiter *waiter = aci_container_of(seat, struct aci_waiter, seat);
    aci_lock(&wait->mu);
    wait->pending--;
    if (wait->mode == AC_FIRST || wait->pending == 0 ||
        (wait->mode == AC_FIRST_ERROR && failed(waiter->future))) {
        wait->ended = true;
        aci_unpark_first(&wait->waiting);
    }
    aci_unlock(&wait->mu);
}

static int
wait_init(struct aci_wait *wait, ac_wait_mode mode, size_t n)
{
    if (aci_mutex_init(&wait->mu) != AC_OK)
        return AC_ENOMEM;
    if (aci_parked_init(&wait->parked) != AC_OK) {
        aci_mutex_destroy(&wait->mu);
        return AC_ENOMEM;
    }
    aci_list_init(&wait->waiting);
    wait->sink.tell = tell;
    wait->mode = mode;
    wait->pending = n;
    wait->ended = false;
    return AC_OK;
}

static void
wait_destroy(struct aci_wait *wait)
{
    aci_parked_destroy(&wait->parked);
    aci_mutex_destroy(&wait->mu);
}

/* Register with a future, or count it as told if it has finished. */
static void
wait_register(struct aci_wait *wait, struct aci_waiter *waiter,
              ac_future *future)
{
    waiter->seat.sink = &wait->sink;
    waiter->on_future.slot = NULL;
    waiter->future = future;
    if (aci_future_lock(future))
        aci_future_watch(waiter);
    else
        tell(&wait->sink, &waiter->seat);
    aci_future_unlock(future);
}

static void
wait_sleep(struct aci_wait *wait, ac_deadline deadline)
{
    aci_lock(&wait->mu);
    while (!wait->ended && !aci_deadline_passed(deadline)) {
        aci_list_append(&wait->waiting, &wait->parked.link);
        aci_park(&wait->parked, &wait->mu, deadline);
    }
    aci_unlock(&wait->mu);
}

/* Those that the calling thread is running cannot end while it sleeps. */
static size_t
count_own(ac_future *const futures[], size_t n)
{
    size_t own = 0;
    if (aci_frame_depth() == 0)
        return 0;
    for (size_t i = 0; i < n; i++)
        own += aci_frame_runs(futures[i]);
    return own;
}

/* Sleep until the set as it is now ends a wait of that mode, or the deadline
 * passes.  AC_OK or AC_ENOMEM. */
static int
block(ac_future *const futures[], size_t n, ac_wait_mode mode,
      ac_deadline deadline)
{
    struct aci_wait wait;
    struct aci_waiter few[ON_STACK], *waiters = few;
    if (n > ON_STACK)
        waiters = aci_alloc_array(n, sizeof *waiters);
    if (waiters == NULL)
        return AC_ENOMEM;
    int rc = wait_init(&wait, mode, n - count_own(futures, n));
    if (rc != AC_OK)
        goto out;
    for (size_t i = 0; i < n; i++)
        wait_register(&wait, &waiters[i], futures[i]);
    wait_sleep(&wait, deadline);
    for (size_t i = 0; i < n; i++)
        aci_future_unwatch(&waiters[i]);
    wait_destroy(&wait);
out:
    if (waiters != few)
        aci_free(waiters);
    return rc;
}

/* Until when to sleep: one that is queued may expire in between. */
static ac_deadline
wake_up(ac_future *const futures[], size_t n, ac_deadline deadline)
{
    for (size_t i = 0; i < n; i++) {
        ac_deadline start_by = aci_future_start_by(futures[i]);
        if (start_by < deadline)
            deadline = start_by;
    }
    return deadline;
}

/* Look again for a moment. */
static bool
watch(const ac_future *future, ac_deadline deadline)
{
    struct aci_spin spin;
    bool finished;
    aci_spin_start_consumer(&spin, deadline);
    while (!(finished = aci_future_finished(future)) && aci_spin_again(&spin))
        continue;
    aci_spin_end_consumer(&spin, finished);
    return finished;
}

int
aci_await_unfinished(ac_future *future, ac_deadline deadline)
{
    for (;;) {
        if (aci_future_finished(future) || aci_future_meet(future))
            return AC_OK;
        if (aci_frame_runs(future))
            return AC_EDEADLK;
        if (aci_deadline_passed(deadline))
            return aci_future_finished(future) ? AC_OK : AC_ETIMEDOUT;
        if (aci_future_help(future, deadline))
            return AC_OK;
        ac_deadline until = wake_up(&future, 1, deadline);
        if (watch(future, until))
            return AC_OK;
        int rc = block(&future, 1, AC_ALL, until);
        if (rc != AC_OK)
            return rc;
    }
}

int
ac_future_wait(ac_future *future, ac_deadline deadline)
{
    return aci_await(future, deadline);
}

/* ---- Sets ---- */

/* The lowest index that ends the wait; n if it is over without one, as when
 * none failed; n + 1 if it is not over. */
static size_t
ended_by(ac_future *const futures[], size_t n, ac_wait_mode mode)
{
    size_t done = 0;
    for (size_t i = 0; i < n; i++) {
        if (!aci_future_meet(futures[i]) && !aci_future_finished(futures[i]))
            continue;
        if (mode == AC_FIRST || (mode == AC_FIRST_ERROR && failed(futures[i])))
            return i;
        done++;
    }
    return done == n ? n : n + 1;
}

/* Can the wait end only when a task of the calling thread's own ends? */
static bool
waits_for_itself(ac_future *const futures[], size_t n, ac_wait_mode mode)
{
    size_t own = count_own(futures, n);
    if (own == 0 || mode == AC_ALL)
        return own > 0;
    for (size_t i = 0; i < n; i++) {
        if (!aci_future_finished(futures[i]) && !aci_frame_runs(futures[i]))
            return false;
    }
    return true;
}

/* Run what may be run in place, as much as the wait may need; true if there
 * was any. */
static bool
help_set(ac_future *const futures[], size_t n, ac_wait_mode mode,
         ac_deadline deadline)
{
    bool helped = false;
    for (size_t i = 0; i < n; i++) {
        if (!aci_future_help(futures[i], deadline))
            continue;
        helped = true;
        if (mode == AC_FIRST || aci_deadline_passed(deadline) ||
            (mode == AC_FIRST_ERROR && failed(futures[i])))
            break;
    }
    return helped;
}

/* All the checks come again after every step that takes time. */
static int
wait_set(ac_future *const futures[], size_t n, ac_wait_mode mode,
         ac_deadline deadline, size_t *which)
{
    for (;;) {
        bool late = aci_deadline_passed(deadline);
        *which = ended_by(futures, n, mode);
        if (*which <= n)
            return AC_OK;
        if (waits_for_itself(futures, n, mode))
            return AC_EDEADLK;
        if (late) {
            *which = n;
            return AC_ETIMEDOUT;
        }
        if (help_set(futures, n, mode, deadline))
            continue;
        int rc = block(futures, n, mode, wake_up(futures, n, deadline));
        if (rc != AC_OK)
            return rc;
    }
}

static int
check(ac_future *const futures[], size_t n, ac_wait_mode mode)
{
    if (mode != AC_ALL && mode != AC_FIRST && mode != AC_FIRST_ERROR)
        return AC_EINVAL;
    if (n == 0)
        return mode == AC_FIRST ? AC_EINVAL : AC_OK;
    if (futures == NULL)
        return AC_EINVAL;
    if (!aci_array_fits(n, sizeof(struct aci_waiter)))
        return AC_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (futures[i] == NULL)
            return AC_EINVAL;
        if (aci_forked(futures[i]->cache->born))
            return AC_EFORKED;
    }
    return AC_OK;
}

int
ac_wait(ac_future *const futures[], size_t n, ac_wait_mode mode,
        ac_deadline deadline, size_t *which)
{
    size_t ended = n;
    int rc = check(futures, n, mode);
    if (rc != AC_OK)
        return rc;
    rc = wait_set(futures, n, mode, deadline, &ended);
    if (which != NULL && (rc == AC_OK || rc == AC_ETIMEDOUT))
        *which = ended;
    return rc;
}
