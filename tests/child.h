/*
 * A child process for a test: it runs one function, checks what it sees with
 * CHILD_MUST(), and ends by _exit(), so that nothing of Check's happens twice.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef CHILD_H
#define CHILD_H

#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* gcc's ThreadSanitizer ends a child of a threaded process that starts a
 * thread; clang's does not if it is told so. */
#if defined(__SANITIZE_THREAD__)
#define CHILD_NO_THREADS 1
#else
#define CHILD_NO_THREADS 0
#endif

/* What the program asks of a sanitizer that it may be built with.  A process
 * that ends with live pools has threads that nobody joined, and a child that
 * ends in the middle of a test leaks what is Check's. */
#define CHILD_OPTIONS(function, text) \
    const char *function(void); \
    const char *function(void) \
    { \
        return text; \
    }
#define CHILD_TSAN_OPTIONS(text) CHILD_OPTIONS(__tsan_default_options, text)
#define CHILD_ASAN_OPTIONS(text) CHILD_OPTIONS(__asan_default_options, text)

static inline _Noreturn void
child_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: in the child: does not hold: %s\n", file, line,
            what);
    _exit(1);
}

/* In the child: go on, or end it. */
#define CHILD_MUST(expr) \
    ((expr) ? (void)0 : child_fail(__FILE__, __LINE__, #expr))

typedef void child_fn(void *arg);

/* 0 if the child ran fn(arg) and was content. */
static inline int
child_end(pid_t pid)
{
    int status = -1;

    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static inline pid_t
child_start(child_fn *fn, void *arg)
{
    const pid_t pid = fork();

    if (pid != 0)
        return pid;
    fn(arg);
    _exit(0);
}

static inline int
child_run(child_fn *fn, void *arg)
{
    return child_end(child_start(fn, arg));
}

#endif /* CHILD_H */
