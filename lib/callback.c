/*
 * callback - a function to be called when a future is done
 *
 * A callback is one more waiter of the future.  To be told is to become due on
 * the thread that tells, see due.h.
 *
 * Locking: registered and told under the future's stripe lock; called with no
 * lock held.
 * Lifetime: from the registration until it was called; it holds a reference
 * to the future, which is done by then.
 *
 * SPDX-License-Identifier: MIT
 */
#include "due.h"
#include "fork.h"
#include "future.h"
#include "mem.h"

struct aci_callback {
    struct aci_sink sink;     /* immutable */
    struct aci_waiter waiter; /* stripe, until told */
    struct aci_due due;       /* immutable until told; then of who tells */
};

static void
tell(struct aci_sink *sink, struct aci_seat *seat)
{
    (void)seat;
    aci_due_callback(&aci_container_of(sink, struct aci_callback, sink)->due);
}

static void
done(struct aci_due *due)
{
    aci_free(aci_container_of(due, struct aci_callback, due));
}

int
ac_future_on_done(ac_future *future, ac_done_fn *fn, void *arg)
{
    if (future == NULL || fn == NULL)
        return AC_EINVAL;
    if (aci_forked(future->cache->born))
        return AC_EFORKED;
    struct aci_callback *callback = aci_alloc(sizeof *callback);
    if (callback == NULL)
        return AC_ENOMEM;
    callback->sink.tell = tell;
    callback->waiter.seat.sink = &callback->sink;
    callback->waiter.future = future;
    callback->due.future = ac_future_ref(future);
    callback->due.fn = fn;
    callback->due.arg = arg;
    callback->due.done = done;
    aci_future_meet(future);
    if (aci_future_lock(future))
        aci_future_watch(&callback->waiter);
    else
        aci_due_callback(&callback->due);
    aci_future_unlock(future);
    aci_due_run();
    return AC_OK;
}
