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
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
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

/* What pthread_cleanup_push() and _pop() call, without -fexceptions: each
 * handler has a buffer to jump to, linked by its first pad. */
void
__wrap___pthread_register_cancel(__pthread_unwind_buf_t *buffer)
{
    struct sk_thread *self = sk->self;
    if (self->n_cleanups == SK_CLEANUPS)
        sk_fail("more than %d cleanup handlers", SK_CLEANUPS);
    self->cleanup_depth[self->n_cleanups++] = self->depth;
    buffer->__pad[0] = self->cleanup;
    self->cleanup = buffer;
}

void
__wrap___pthread_unregister_cancel(__pthread_unwind_buf_t *buffer)
{
    struct sk_thread *self = sk->self;
    if (self->cleanup != buffer)
        sk_fail("a cleanup handler is popped out of order");
    self->cleanup = buffer->__pad[0];
    self->n_cleanups--;
}

/* To the innermost handler, or the end. */
static _Noreturn void
leave(void)
{
    struct sk_thread *self = sk->self;
    __pthread_unwind_buf_t *buffer = self->cleanup;
    if (buffer == NULL)
        sk_thread_end(self->result);
    self->cleanup = buffer->__pad[0];
    self->depth = self->cleanup_depth[--self->n_cleanups];
    jmp_buf whole; /* the buffer has only the first part of one */
    memset(&whole, 0, sizeof whole);
    memcpy(&whole, buffer->__cancel_jmp_buf, sizeof buffer->__cancel_jmp_buf);
    longjmp(whole, 1);
}

void
__wrap___pthread_unwind_next(__pthread_unwind_buf_t *buffer)
{
    (void)buffer;
    leave();
}

void
__wrap_pthread_exit(void *result)
{
    sk_step("exit", NULL);
    sk->self->result = result;
    leave();
}
