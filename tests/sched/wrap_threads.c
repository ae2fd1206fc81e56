/*
 * wrap_threads.c - mutexes, condition variables and threads
 *
 * Linked in place of the system's by -Wl,--wrap=NAME for every __wrap_NAME;
 * check-schedules.sh reads the names from here and from wrap_system.c.
 *
 * They also hold the rules that such calls have: a mutex is unlocked by whoever
 * locked it; one thread at most waits on a condition variable that is
 * signaled, and the signal is sent with that thread's mutex held.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "core.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

/* So many bytes of an object stand for all of it. */
enum { SOME = 8 };

/* ---- Mutexes ---- */

int
__wrap_pthread_mutex_init(pthread_mutex_t *mu, const pthread_mutexattr_t *attr)
{
    /* An adaptive one is a plain one in here: nobody waits at a processor. */
    int type = PTHREAD_MUTEX_DEFAULT;
    if (attr != NULL)
        pthread_mutexattr_gettype(attr, &type);
    if (type != PTHREAD_MUTEX_DEFAULT && type != PTHREAD_MUTEX_ADAPTIVE_NP)
        sk_fail("a mutex of a type that is not known");
    sk_touch(mu, sizeof *mu, SK_WRITE, SK_HERE);
    sk_object_begin(mu, SK_MUTEX);
    return 0;
}

int
__wrap_pthread_mutex_destroy(pthread_mutex_t *mu)
{
    sk_touch(mu, sizeof *mu, SK_WRITE, SK_HERE);
    sk_object_end(mu, SK_MUTEX);
    return 0;
}

static void
take(struct sk_object *mutex)
{
    struct sk_thread *self = sk->self;
    if (mutex->owner == self)
        sk_fail("a thread locks a mutex that it holds");
    self->mutex = mutex;
    if (mutex->owner != NULL)
        sk_block(SK_LOCKS);
    mutex->owner = self;
    self->locks++;
    sk_learn(&mutex->clock);
}

static void
let_go(struct sk_object *mutex)
{
    if (mutex->owner != sk->self)
        sk_fail("a thread unlocks a mutex that it does not hold");
    sk_tell_only(&mutex->clock);
    mutex->owner = NULL;
    sk->self->locks--;
}

int
__wrap_pthread_mutex_lock(pthread_mutex_t *mu)
{
    sk_step("lock", mu);
    take(sk_object(mu, SK_MUTEX));
    sk_touch(mu, SOME, SK_WRITE | SK_SYNC, SK_HERE);
    return 0;
}

int
__wrap_pthread_mutex_trylock(pthread_mutex_t *mu)
{
    sk_step("trylock", mu);
    struct sk_object *mutex = sk_object(mu, SK_MUTEX);
    if (mutex->owner != NULL)
        return EBUSY;
    take(mutex);
    sk_touch(mu, SOME, SK_WRITE | SK_SYNC, SK_HERE);
    return 0;
}

int
__wrap_pthread_mutex_unlock(pthread_mutex_t *mu)
{
    sk_step("unlock", mu);
    sk_touch(mu, SOME, SK_WRITE | SK_SYNC, SK_HERE);
    let_go(sk_object(mu, SK_MUTEX));
    return 0;
}

/* ---- Condition variables ---- */

int
__wrap_pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)
{
    clockid_t clock = CLOCK_REALTIME;
    if (attr != NULL)
        pthread_condattr_getclock(attr, &clock);
    if (clock != CLOCK_MONOTONIC)
        sk_fail("a condition variable on another clock");
    sk_touch(cond, sizeof *cond, SK_WRITE, SK_HERE);
    sk_object_begin(cond, SK_COND);
    return 0;
}

/* How many sleep there and were not woken yet. */
static unsigned
sleepers(const struct sk_object *cond, struct sk_thread *list[])
{
    unsigned n = 0;
    for (int i = 0; i < sk->n_threads; i++) {
        struct sk_thread *thread = &sk->threads[i];
        if (thread->state == SK_SLEEPS && thread->cond == cond &&
            !thread->woken)
            list[n++] = thread;
    }
    return n;
}

int
__wrap_pthread_cond_destroy(pthread_cond_t *cond)
{
    struct sk_thread *list[SK_THREADS];
    sk_touch(cond, sizeof *cond, SK_WRITE, SK_HERE);
    if (sleepers(sk_object(cond, SK_COND), list) > 0)
        sk_fail("a condition variable is destroyed under a sleeper");
    sk_object_end(cond, SK_COND);
    return 0;
}

static int
sleep_on(pthread_cond_t *cond, pthread_mutex_t *mu, bool timed,
         int64_t deadline)
{
    struct sk_thread *self = sk->self;
    sk_step("wait", cond);
    sk_touch(cond, SOME, SK_WRITE | SK_SYNC, SK_HERE);
    self->cond = sk_object(cond, SK_COND);
    self->timed = timed;
    self->deadline = deadline;
    self->woken = false;
    self->stirred = sk_unlikely(sk->plan.spurious);
    self->early = timed && (deadline <= sk->now || sk_unlikely(sk->plan.early));
    struct sk_object *mutex = sk_object(mu, SK_MUTEX);
    self->mutex = mutex;
    let_go(mutex);
    sk_block(SK_SLEEPS);
    bool late = !self->woken && !self->stirred;
    if (late && sk->now < deadline)
        sk->now = deadline;
    take(mutex);
    return late ? ETIMEDOUT : 0;
}

int
__wrap_pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mu)
{
    return sleep_on(cond, mu, false, 0);
}

int
__wrap_pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mu,
                              const struct timespec *until)
{
    if (until->tv_nsec < 0 || until->tv_nsec > 999999999 || until->tv_sec < 0)
        sk_fail("a deadline that is no time");
    int64_t limit = INT64_MAX / 1000000000 - 1;
    int64_t seconds = until->tv_sec < limit ? until->tv_sec : limit;
    return sleep_on(cond, mu, true, seconds * 1000000000 + until->tv_nsec);
}

int
__wrap_pthread_cond_signal(pthread_cond_t *cond)
{
    struct sk_thread *list[SK_THREADS];
    sk_step("signal", cond);
    sk_touch(cond, SOME, SK_WRITE | SK_SYNC, SK_HERE);
    unsigned n = sleepers(sk_object(cond, SK_COND), list);
    if (n > 1)
        sk_fail("the parking rule: %u threads wait for this signal", n);
    if (n == 1 && list[0]->mutex->owner != sk->self)
        sk_fail("the parking rule: a signal without the sleeper's mutex");
    if (n == 1)
        list[0]->woken = true;
    return 0;
}

int
__wrap_pthread_cond_broadcast(pthread_cond_t *cond)
{
    struct sk_thread *list[SK_THREADS];
    sk_step("broadcast", cond);
    sk_touch(cond, SOME, SK_WRITE | SK_SYNC, SK_HERE);
    unsigned n = sleepers(sk_object(cond, SK_COND), list);
    while (n > 0)
        list[--n]->woken = true;
    return 0;
}

/* ---- Threads ---- */

static struct sk_thread *
thread_of(pthread_t handle)
{
    if (handle < 1 || handle > (pthread_t)sk->n_threads)
        sk_fail("no such thread");
    return &sk->threads[handle - 1];
}

int
__wrap_pthread_create(pthread_t *handle, const pthread_attr_t *attr,
                      void *(*fn)(void *), void *arg)
{
    (void)attr;
    sk_step("create", NULL);
    struct sk_thread *thread = sk_thread_new(fn, arg);
    thread->cancelable = PTHREAD_CANCEL_ENABLE;
    sk_tell(&thread->clock);
    /* It may have run before anybody learns who it is. */
    sk_step("created", NULL);
    *handle = (pthread_t)(thread->number + 1);
    sk_touch(handle, sizeof *handle, SK_WRITE, SK_HERE);
    return 0;
}

int
__wrap_pthread_join(pthread_t handle, void **result)
{
    struct sk_thread *self = sk->self;
    sk_step("join", NULL);
    self->target = thread_of(handle);
    if (self->target == self || self->target->joined)
        sk_fail("a thread that cannot be joined");
    self->target->joined = true;
    if (self->target->state != SK_ENDED)
        sk_block(SK_JOINS);
    sk_learn(&self->target->clock);
    if (result != NULL)
        *result = self->target->result;
    return 0;
}

int
__wrap_pthread_detach(pthread_t handle)
{
    struct sk_thread *target = thread_of(handle);
    sk_step("detach", NULL);
    if (target->joined)
        sk_fail("a thread that cannot be detached");
    target->joined = true;
    return 0;
}

pthread_t
__wrap_pthread_self(void)
{
    return (pthread_t)(sk->self->number + 1);
}

int
__wrap_pthread_setcancelstate(int state, int *old)
{
    if (old != NULL)
        *old = sk->self->cancelable;
    sk->self->cancelable = state;
    return 0;
}

int
__wrap_pthread_setname_np(pthread_t handle, const char *name)
{
    struct sk_thread *thread = thread_of(handle);
    snprintf(thread->name, sizeof thread->name, "%s", name);
    return 0;
}

void
sk_until_asleep(pthread_t thread)
{
    sk_step("watch", NULL);
    sk->self->target = thread_of(thread);
    sk_block(SK_WATCHES);
}

int
__wrap_sched_yield(void)
{
    sk->now += sk->plan.yielding;
    sk_yield();
    return 0;
}
