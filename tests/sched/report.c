/*
 * report.c - what is said of a run that failed
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "core.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void
sk_trace(const char *what, const void *address)
{
    printf("%5" PRIu32 "  %2d %-8s %-9s %p\n", sk->steps, sk->self->number,
           sk->self->name, what, address);
}

/* addr2line knows; without it, the address has to do. */
void
sk_print_place(uintptr_t pc)
{
    char text[32];
    snprintf(text, sizeof text, "%#lx", (unsigned long)pc - 1);
    printf("in ");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        close(2);
        execlp("addr2line", "addr2line", "-s", "-p", "-f", "-e", sk->program,
               text, (char *)NULL);
        _exit(1);
    }
    int status = 1;
    if (child > 0)
        waitpid(child, &status, 0);
    if (status != 0)
        printf("%s\n", text);
}

static const char *
state_of(const struct sk_thread *thread)
{
    static const char *const names[] = {
        [SK_RUNS] = "can run",
        [SK_LOCKS] = "waits for a mutex",
        [SK_SLEEPS] = "sleeps on a condition variable",
        [SK_JOINS] = "joins a thread",
        [SK_WAITS] = "waits at a gate",
        [SK_POLLS] = "polls a descriptor",
        [SK_WATCHES] = "waits until a thread sleeps",
        [SK_ENDED] = "has ended"};
    return names[thread->state];
}

static void
print_thread(const struct sk_thread *thread)
{
    printf("thread %d \"%s\" %s%s", thread->number, thread->name,
           state_of(thread), thread == sk->self ? ", and was running" : "");
    if (thread->state == SK_SLEEPS && thread->timed)
        printf(", for %" PRId64 " ns more", thread->deadline - sk->now);
    if (thread->state == SK_LOCKS)
        printf(" of thread %d",
               thread->mutex->owner ? thread->mutex->owner->number : -1);
    printf("; %u locks held, last step: %s\n", thread->locks,
           thread->last != NULL ? thread->last : "none");
    if (thread->state == SK_ENDED)
        return;
    /* The call site of the outermost is the scheduler. */
    unsigned depth = thread->depth < SK_CALLS ? thread->depth : SK_CALLS;
    for (unsigned i = depth; i > 1; i--) {
        printf("    ");
        sk_print_place(thread->calls[i - 1]);
    }
}

void
sk_fail(const char *format, ...)
{
    static bool failing;
    va_list args;
    if (failing)
        _Exit(1);
    failing = true;
    va_start(args, format);
    printf("FAIL %s, seed %" PRIu64 ", step %" PRIu32 ": ", sk->scenario->name,
           sk->seed, sk->steps);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    for (int i = 0; i < sk->n_threads; i++)
        print_thread(&sk->threads[i]);
    printf("again: make check-schedules SCENARIO=%s SEED=%" PRIu64
           " (TRACE=1 shows the steps)\n",
           sk->scenario->name, sk->seed);
    fflush(stdout);
    _Exit(1);
}

static void
on_signal(int number)
{
    if (number == SIGALRM)
        sk_fail("a thread goes on for ever without a step");
    sk_fail("signal: %s", strsignal(number));
}

void
sk_signals_init(void)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM};
    stack_t stack = {.ss_size = 64 * 1024};
    stack.ss_sp = malloc(stack.ss_size);
    sigaltstack(&stack, NULL);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        struct sigaction action = {.sa_handler = on_signal,
                                   .sa_flags = SA_ONSTACK};
        sigaction(fatal[i], &action, NULL);
    }
}
