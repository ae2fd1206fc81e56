/*
 * fiber.c - threads that take turns on the one thread of the process
 *
 * Each has its own stack and its own copy of the program's thread-local data,
 * which is put in place when its turn comes.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "core.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

/* The first object that is listed is the program. */
static int
find_tls(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_TLS)
            continue;
        sk->tls_block = info->dlpi_tls_data;
        sk->tls_size = header->p_memsz;
        sk->tls_image = (const void *)(info->dlpi_addr + header->p_vaddr);
        sk->tls_filled = header->p_filesz;
    }
    return 1;
}

void
sk_fibers_init(void)
{
    dl_iterate_phdr(find_tls, NULL);
    if (sk->tls_size > SK_TLS) {
        printf("schedules: %zu bytes of thread-local data, SK_TLS is %d\n",
               sk->tls_size, SK_TLS);
        _Exit(2);
    }
}

static void
turn_to(struct sk_thread *next)
{
    sk->self = next;
    memcpy(sk->tls_block, next->tls, sk->tls_size);
    errno = next->saved_errno;
}

static void
entry(void)
{
    sk_thread_end(sk->self->fn(sk->self->arg));
}

struct sk_thread *
sk_thread_new(void *(*fn)(void *), void *arg)
{
    if (sk->n_threads == SK_THREADS)
        sk_fail("more than %d threads", SK_THREADS);
    struct sk_thread *thread = &sk->threads[sk->n_threads];
    memset(thread, 0, offsetof(struct sk_thread, context));
    thread->number = sk->n_threads++;
    snprintf(thread->name, sizeof thread->name, "thread");
    thread->priority = sk_priority();
    thread->clock.at[thread->number] = 1;
    thread->fn = fn;
    thread->arg = arg;
    memcpy(thread->tls, sk->tls_image, sk->tls_filled);
    getcontext(&thread->context);
    thread->context.uc_stack.ss_sp = sk_stack(thread->number);
    thread->context.uc_stack.ss_size = SK_STACK;
    thread->context.uc_link = NULL;
    makecontext(&thread->context, entry, 0);
    return thread;
}

void
sk_threads_run(struct sk_thread *first)
{
    turn_to(first);
    swapcontext(&sk->driver, &first->context);
    sk->self = NULL;
}

void
sk_switch(struct sk_thread *next)
{
    struct sk_thread *self = sk->self;
    if (next == self)
        return;
    self->saved_errno = errno;
    memcpy(self->tls, sk->tls_block, sk->tls_size);
    turn_to(next);
    swapcontext(&self->context, &next->context);
}

void
sk_thread_end(void *result)
{
    struct sk_thread *self = sk->self;
    if (self->locks > 0)
        sk_fail("a thread ends with %u locks held", self->locks);
    self->result = result;
    self->state = SK_ENDED;
    struct sk_thread *next = sk_choose();
    if (next == NULL)
        setcontext(&sk->driver);
    turn_to(next);
    setcontext(&next->context);
    sk_fail("setcontext");
}

/* ---- A thread that ends itself ---- */

static _Unwind_Reason_Code
at_frame(int version, _Unwind_Action actions, _Unwind_Exception_Class class,
         struct _Unwind_Exception *exception, struct _Unwind_Context *context,
         void *result)
{
    (void)version;
    (void)class;
    (void)exception;
    uintptr_t frame = (uintptr_t)_Unwind_GetCFA(context);
    uintptr_t end = (uintptr_t)sk_stack(sk->self->number) + SK_STACK;
    /* The last frames are those of entry() and of makecontext(). */
    if ((actions & _UA_END_OF_STACK) || frame >= end - 64)
        sk_thread_end(result);
    return _URC_NO_REASON;
}

void
sk_thread_exit(void *result)
{
    _Unwind_ForcedUnwind(&sk->self->dying, at_frame, result);
    sk_fail("a frame that cannot be unwound");
}
