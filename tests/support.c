/*
 * What the tests share; support.h tells what for.
 *
 * Counter, latch, gate and barrier are one thing: a count under a mutex with
 * a condition variable that is only ever broadcast, so that nothing here can
 * lose a wake-up.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#define TEST_SECONDS 60

static void
must(int rc, const char *what)
{
    if (rc != 0) {
        fprintf(stderr, "tests: %s: %s\n", what, strerror(rc));
        abort();
    }
}

/* ck_assert() takes a lock of Check's, which in the child of a process with
 * threads may be held for ever; what follows is used there too. */
#define MUST(expr) must((expr) ? 0 : EINVAL, #expr)

/* ---- Failures outside the main thread ------------------------------- */

static pthread_mutex_t record_mu = PTHREAD_MUTEX_INITIALIZER;
static char record_text[512]; /* record_mu; empty: nothing was recorded */

static void
record(const char *file, int line, const char *what, const char *more)
{
    must(pthread_mutex_lock(&record_mu), "lock");
    if (record_text[0] == '\0')
        snprintf(record_text, sizeof(record_text), "%s:%d: %s%s", file, line,
                 what, more);
    must(pthread_mutex_unlock(&record_mu), "unlock");
}

void
support_record(int ok, const char *file, int line, const char *what)
{
    if (!ok)
        record(file, line, what, "");
}

void
support_record_int(long long actual, long long expected, const char *file,
                   int line, const char *what)
{
    char more[80];

    if (actual == expected)
        return;
    snprintf(more, sizeof(more), " (%lld == %lld)", actual, expected);
    record(file, line, what, more);
}

void
support_check_recorded(void)
{
    char text[sizeof(record_text)];

    must(pthread_mutex_lock(&record_mu), "lock");
    memcpy(text, record_text, sizeof(text));
    must(pthread_mutex_unlock(&record_mu), "unlock");
    ck_assert_msg(text[0] == '\0', "recorded: %s", text);
}

/* ---- Counter, latch, gate, barrier ---------------------------------- */

void
support_latch_init(support_latch *latch, uint64_t n)
{
    must(pthread_mutex_init(&latch->mu, NULL), "mutex");
    must(pthread_cond_init(&latch->cond, NULL), "cond");
    latch->count = 0;
    latch->n = n;
}

void
support_counter_destroy(support_counter *counter)
{
    /* Whoever told us to go on may still be on his way out. */
    must(pthread_mutex_lock(&counter->mu), "lock");
    must(pthread_mutex_unlock(&counter->mu), "unlock");
    must(pthread_cond_destroy(&counter->cond), "cond destroy");
    must(pthread_mutex_destroy(&counter->mu), "mutex destroy");
}

uint64_t
support_counter_add(support_counter *counter)
{
    uint64_t count;

    must(pthread_mutex_lock(&counter->mu), "lock");
    count = ++counter->count;
    must(pthread_cond_broadcast(&counter->cond), "broadcast");
    must(pthread_mutex_unlock(&counter->mu), "unlock");
    return count;
}

uint64_t
support_counter_get(support_counter *counter)
{
    uint64_t count;

    must(pthread_mutex_lock(&counter->mu), "lock");
    count = counter->count;
    must(pthread_mutex_unlock(&counter->mu), "unlock");
    return count;
}

void
support_counter_wait(support_counter *counter, uint64_t at_least)
{
    must(pthread_mutex_lock(&counter->mu), "lock");
    while (counter->count < at_least)
        must(pthread_cond_wait(&counter->cond, &counter->mu), "wait");
    must(pthread_mutex_unlock(&counter->mu), "unlock");
}

void
support_barrier_wait(support_barrier *barrier)
{
    const uint64_t turn = support_counter_add(barrier);

    support_counter_wait(barrier,
                         (turn + barrier->n - 1) / barrier->n * barrier->n);
}

/* ---- Threads -------------------------------------------------------- */

long
support_tid(void)
{
#ifdef __linux__
    return syscall(SYS_gettid);
#else
    return 0;
#endif
}

static void *
thread_main(void *arg)
{
    support_thread *thread = arg;

    thread->tid = support_tid();
    support_gate_open(&thread->started);
    thread->fn(thread->arg);
    return NULL;
}

void
support_thread_start(support_thread *thread, void (*fn)(void *), void *arg)
{
    thread->fn = fn;
    thread->arg = arg;
    thread->tid = 0;
    support_gate_init(&thread->started);
    must(pthread_create(&thread->id, NULL, thread_main, thread),
         "pthread_create");
}

void
support_thread_join(support_thread *thread)
{
    must(pthread_join(thread->id, NULL), "pthread_join");
    support_gate_destroy(&thread->started);
}

/* The letter that the kernel gives to that thread; 0 if there is none. */
static int
thread_state(long tid)
{
    char path[64];
    char line[256];
    int state = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", tid);
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fgets(line, sizeof(line), file) != NULL) {
        const char *end = strrchr(line, ')');
        if (end != NULL && end[1] == ' ')
            state = (unsigned char)end[2];
    }
    fclose(file);
    return state;
}

void
support_tid_await_sleep(long tid)
{
    int state;

    do {
        sched_yield();
        state = thread_state(tid);
    } while (state != 'S' && state != 0);
}

void
support_thread_await_sleep(support_thread *thread)
{
    support_gate_wait(&thread->started);
    support_tid_await_sleep(thread->tid);
}

/* ---- Tasks ---------------------------------------------------------- */

int
support_echo(void *arg, void **result)
{
    *result = arg;
    return 0;
}

int
support_count(void *arg, void **result)
{
    (void)result;
    support_counter_add(arg);
    return 0;
}

int
support_nothing(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return 0;
}

int
support_wait_gate(void *arg, void **result)
{
    (void)result;
    support_gate_wait(arg);
    return 0;
}

static int
hold_task(void *arg, void **result)
{
    support_hold *hold = arg;

    support_gate_open(&hold->started);
    support_gate_wait(&hold->release);
    *result = hold->result;
    return hold->rc;
}

void
support_hold_init(support_hold *hold, ac_pool *pool)
{
    support_gate_init(&hold->started);
    support_gate_init(&hold->release);
    hold->rc = 0;
    hold->result = NULL;
    hold->future = support_submit(pool, hold_task, hold);
}

void
support_hold_worker(support_hold *hold, ac_pool *pool)
{
    support_hold_init(hold, pool);
    support_gate_wait(&hold->started);
}

void
support_hold_release(support_hold *hold)
{
    support_gate_open(&hold->release);
}

void
support_hold_end(support_hold *hold)
{
    support_hold_release(hold);
    MUST(ac_future_wait(hold->future, AC_FOREVER) == AC_OK);
    ac_future_unref(hold->future);
    support_gate_destroy(&hold->started);
    support_gate_destroy(&hold->release);
}

/* ---- Short cuts ----------------------------------------------------- */

ac_pool *
support_pool(size_t workers)
{
    ac_pool *pool = NULL;

    MUST(ac_pool_create(workers, NULL, &pool) == AC_OK);
    MUST(pool != NULL);
    return pool;
}

ac_future *
support_submit(ac_pool *pool, ac_task_fn *fn, void *arg)
{
    ac_future *future = NULL;

    MUST(ac_submit(pool, NULL, fn, arg, &future) == AC_OK);
    MUST(future != NULL);
    return future;
}

void
support_pool_end(ac_pool *pool)
{
    MUST(ac_pool_destroy(pool) == AC_OK);
}

ac_deadline
support_far(void)
{
    return ac_deadline_in_ms((int64_t)1000 * 3600 * 24);
}

/* ---- What the process uses ------------------------------------------ */

/* The entries of a directory, "." and ".." left out; 0 if it is not there. */
static size_t
count_entries(const char *path)
{
    size_t n = 0;
    DIR *dir = opendir(path);

    if (dir == NULL)
        return 0;
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

size_t
support_thread_count(void)
{
    return count_entries("/proc/self/task");
}

size_t
support_fd_count(void)
{
    const size_t n = count_entries("/proc/self/fd");

    return n > 0 ? n - 1 : 0; /* without the directory's own */
}

size_t
support_resident_bytes(void)
{
    unsigned long total = 0;
    unsigned long resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file == NULL)
        return 0;
    if (fscanf(file, "%lu %lu", &total, &resident) != 2)
        resident = 0;
    fclose(file);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

void
support_await_threads(size_t at_most)
{
    while (support_thread_count() > at_most)
        sched_yield();
}

#ifndef __has_feature
#define __has_feature(x) 0
#endif

int
support_instrumented(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return 1;
#else
    const char *preload = getenv("LD_PRELOAD");

    return preload != NULL && (strstr(preload, "valgrind") != NULL ||
                               strstr(preload, "vgpreload") != NULL);
#endif
}

/* ---- The program ---------------------------------------------------- */

static size_t threads_before;
static size_t fds_before;

static void
note_tid(void *arg)
{
    *(long *)arg = support_tid();
}

/* A sanitizer starts a thread of its own with the first thread of the test;
 * so that it is not taken for ours, there is one before the count. */
static void
test_setup(void)
{
    support_thread first;
    long tid = 0;

    support_thread_start(&first, note_tid, &tid);
    support_thread_join(&first);
    while (tid != 0 && thread_state(tid) != 0)
        sched_yield();
    threads_before = support_thread_count();
    fds_before = support_fd_count();
}

static void
test_teardown(void)
{
    support_check_recorded();
    /* A thread left behind shows as a test that runs into its time limit. */
    support_await_threads(threads_before);
    ck_assert_uint_eq(support_fd_count(), fds_before);
}

TCase *
support_tcase(const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, TEST_SECONDS);
    tcase_add_checked_fixture(tcase, test_setup, test_teardown);
    return tcase;
}

int
main(void)
{
    SRunner *runner = srunner_create(test_suite());
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
