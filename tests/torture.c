/*
 * torture.c - drives the scenarios of one torture_NAME program
 *
 * torture_NAME [--scenario S] [--mode once|forever] [--from N] [--cap SECONDS]
 *      Each scenario, in each mode, with point n = N (1) and on, every run in
 *      a process of its own, until two runs in a row did not reach their
 *      point (two, as threads may take turns in another way).
 * torture_NAME --scenario S --mode M --only N
 *      That one run, in this process: for a debugger.
 *
 * Its last line is "points P scenarios S failures F".  It exits with 0, with
 * 1 after failures, and with 3 if the cap left something out.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "torture.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANG_SECONDS 20
#define MAX_FAILURES 3 /* of one scenario in one mode, then the next */
#define MAX_JOBS 128

static const char *const mode_names[] = {"once", "forever"};

/* ---- Jobs ----------------------------------------------------------- */

static struct tt_job jobs[MAX_JOBS];
static atomic_size_t njobs;
static ac_task_attr *counted;
static char nothing;
void *const tt_untouched = &nothing;

struct tt_job *
tt_job(void)
{
    size_t i = atomic_fetch_add(&njobs, 1);
    TT_CHECK(i < MAX_JOBS);
    return &jobs[i];
}

int
tt_run(void *arg, void **result)
{
    struct tt_job *job = arg;
    TT_CHECK(*result == NULL);
    atomic_fetch_add(&job->runs, 1);
    *result = job;
    if (job->started != NULL)
        tt_gate_knock(job->started);
    if (job->hold != NULL)
        tt_gate_pass(job->hold);
    return job->body != NULL ? job->body(job) : job->error;
}

int
tt_until_canceled(struct tt_job *job)
{
    (void)job;
    while (!ac_cancel_requested())
        sched_yield();
    return AC_TASK_CANCELED;
}

void
tt_free_arg(void *object)
{
    struct tt_job *job = object;
    atomic_fetch_add(&job->args_freed, 1);
    if (job->unused != NULL)
        job->unused(job);
}

void
tt_free_result(void *object)
{
    struct tt_job *job = object;
    atomic_fetch_add(&job->results_freed, 1);
}

const ac_task_attr *
tt_counted(void)
{
    return counted;
}

ac_pool *
tt_pool(size_t workers)
{
    ac_pool *pool;
    TT_MUST(ac_pool_create, AC_OK, (workers, NULL, &pool));
    return pool;
}

ac_future *
tt_submit(ac_pool *pool, struct tt_job *job)
{
    ac_future *future;
    TT_MUST(ac_submit, AC_OK, (pool, counted, tt_run, job, &future));
    job->accepted = true;
    return future;
}

ac_future *
tt_ended(ac_pool *pool, int error)
{
    struct tt_job *job = tt_job();
    job->error = error;
    ac_future *future = tt_submit(pool, job);
    TT_MUST(ac_future_wait, AC_OK, (future, AC_FOREVER));
    return future;
}

ac_deadline
tt_far(void)
{
    return ac_deadline_in_ms(3600 * 1000);
}

/* ---- Gates and threads ---------------------------------------------- */

void
tt_gate_knock(struct tt_gate *gate)
{
    pthread_mutex_lock(&gate->mu);
    if (gate->left > 0 && --gate->left == 0)
        pthread_cond_broadcast(&gate->cond);
    pthread_mutex_unlock(&gate->mu);
}

void
tt_gate_open(struct tt_gate *gate)
{
    pthread_mutex_lock(&gate->mu);
    gate->left = 0;
    pthread_cond_broadcast(&gate->cond);
    pthread_mutex_unlock(&gate->mu);
}

void
tt_join(pthread_t thread)
{
    TT_CHECK(pthread_join(thread, NULL) == 0);
}

/* How many threads this process has; 1 where nobody can tell. */
static unsigned
count_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    if (dir == NULL)
        return 1;
    unsigned n = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.')
            n++;
    closedir(dir);
    return n;
}

/* ---- Checks --------------------------------------------------------- */

/* The functions that may want resources, and what they then say. */
static const struct {
    const char *fn;
    bool eagain; /* AC_EAGAIN too, if it is threads that they want */
} refusals[] = {
    {"ac_pool_attr_create", false}, {"ac_task_attr_create", false},
    {"ac_pool_create", true},       {"ac_pool_shutdown", false},
    {"ac_pool_wait_idle", false},   {"ac_submit", false},
    {"ac_iter_submit", false},      {"ac_future_wait", false},
    {"ac_future_get", false},       {"ac_future_take", false},
    {"ac_as_completed", false},     {"ac_iter_open", false},
    {"ac_iter_add", false},         {"ac_iter_next", false},
    {"ac_iter_next_many", false},   {"ac_wait", false},
    {"ac_submit_until", false},     {"ac_submit_many", false},
    {"ac_promise_create", false},   {"ac_future_on_done", false},
    {"ac_iter_fd", false},
};

_Noreturn void
tt_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    fflush(NULL);
    _exit(2); /* other threads may be anywhere: no exit handlers */
}

void
tt_must(const char *file, int line, const char *fn, int rc, int wanted)
{
    if (rc == wanted)
        return;
    char what[160];
    snprintf(what, sizeof(what), "%s returned %d (%s), not %d (%s)", fn, rc,
             ac_strerror(rc), wanted, ac_strerror(wanted));
    tt_fail(file, line, what);
}

bool
tt_refused(const char *file, int line, const char *fn, int rc, int wanted)
{
    if (rc == wanted)
        return false;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (strcmp(fn, refusals[i].fn) != 0)
            continue;
        if ((rc == AC_ENOMEM && tt_no_memory()) ||
            (rc == AC_EAGAIN && refusals[i].eagain && tt_no_thread()))
            return true;
    }
    tt_must(file, line, fn, rc, wanted);
    return false;
}

static void
check_jobs(void)
{
    for (size_t i = 0; i < atomic_load(&njobs); i++) {
        struct tt_job *job = &jobs[i];
        int runs = atomic_load(&job->runs);
        TT_CHECK(runs + atomic_load(&job->args_freed) ==
                 (job->accepted ? 1 : 0));
        TT_CHECK(!job->taken || runs == 1);
        TT_CHECK(atomic_load(&job->results_freed) == (job->taken ? 0 : runs));
    }
}

static void
check_books(unsigned threads)
{
    check_jobs();
    TT_CHECK(tt_live(TT_MEMORY) == 0);
    TT_CHECK(tt_live(TT_MUTEX) == 0);
    TT_CHECK(tt_live(TT_COND) == 0);
    TT_CHECK(tt_live(TT_ATTR) == 0);
    TT_CHECK(tt_live(TT_FD) == 0);
    /* A thread that was joined may be a moment from leaving the list. */
    while (count_threads() > threads)
        sched_yield();
}

/* ---- One run -------------------------------------------------------- */

static void
run_point(const struct tt_scenario *scenario, struct tt_report *report,
          bool forever, unsigned long n)
{
    unsigned threads = count_threads();
    tt_plan(report, n, forever);
    TT_MUST(ac_task_attr_create, AC_OK, (&counted));
    TT_MUST(ac_task_attr_set_free_arg, AC_OK, (counted, tt_free_arg));
    TT_MUST(ac_task_attr_set_free_result, AC_OK, (counted, tt_free_result));
    scenario->run();
    tt_disarm();
    ac_task_attr_destroy(counted);
    counted = NULL;
    check_books(threads);
}

/* Its wait status; -1 if it hangs.  SIGCHLD is blocked. */
static int
await_child(pid_t pid)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    time_t end = time(NULL) + HANG_SECONDS;
    int status;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        struct timespec second = {1, 0};
        sigtimedwait(&set, NULL, &second);
        if (time(NULL) > end) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1;
        }
    }
    return status;
}

static int
fork_point(const struct tt_scenario *scenario, struct tt_report *report,
           bool forever, unsigned long n)
{
    atomic_store(&report->reached, false);
    atomic_store(&report->first, NULL);
    fflush(NULL);
    pid_t pid = fork();
    TT_CHECK(pid >= 0);
    if (pid == 0) {
        sigset_t set;
        sigemptyset(&set);
        sigprocmask(SIG_SETMASK, &set, NULL);
        run_point(scenario, report, forever, n);
        exit(0); /* with LeakSanitizer's check */
    }
    return await_child(pid);
}

/* ---- All of them ---------------------------------------------------- */

static struct {
    const char *program, *scenario, *mode;
    unsigned long from, only;
    time_t end; /* 0: none */
    unsigned long points, failures;
    bool left_out;
} run = {.from = 1};

static void
complain(const struct tt_scenario *scenario, struct tt_report *report, int mode,
         unsigned long n, int status)
{
    const char *first = atomic_load(&report->first);
    run.failures++;
    fprintf(stderr, "FAIL %s %s %s n=%lu (%s refused): ", run.program,
            scenario->name, mode_names[mode], n,
            first != NULL ? first : "nothing");
    if (status == -1)
        fprintf(stderr, "hangs\n");
    else if (WIFSIGNALED(status))
        fprintf(stderr, "killed by signal %d\n", WTERMSIG(status));
    else
        fprintf(stderr, "exit %d\n", WEXITSTATUS(status));
    fprintf(stderr, "  replay: %s --scenario %s --mode %s --only %lu\n",
            run.program, scenario->name, mode_names[mode], n);
}

static void
run_scenario(const struct tt_scenario *scenario, struct tt_report *report,
             int mode)
{
    unsigned long failures = run.failures;
    int clean = 0;
    for (unsigned long n = run.from; clean < 2; n++) {
        if (run.end != 0 && time(NULL) >= run.end) {
            printf("left out: %s %s %s from n=%lu\n", run.program,
                   scenario->name, mode_names[mode], n);
            run.left_out = true;
            return;
        }
        int status = fork_point(scenario, report, mode == 1, n);
        clean = atomic_load(&report->reached) ? 0 : clean + 1;
        run.points += clean == 0;
        if (status != 0) {
            complain(scenario, report, mode, n, status);
            if (run.failures - failures >= MAX_FAILURES)
                return;
        }
    }
}

static bool
chosen(const char *name, const char *option)
{
    return option == NULL || strcmp(name, option) == 0;
}

static void
parse(int argc, char *argv[])
{
    run.program = strrchr(argv[0], '/');
    run.program = run.program != NULL ? run.program + 1 : argv[0];
    for (int i = 1; i < argc; i += 2) {
        const char *value = argv[i + 1]; /* NULL after the last one */
        TT_CHECK(value != NULL);         /* every option has one */
        if (strcmp(argv[i], "--scenario") == 0)
            run.scenario = value;
        else if (strcmp(argv[i], "--mode") == 0)
            run.mode = value;
        else if (strcmp(argv[i], "--from") == 0)
            run.from = strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--only") == 0)
            run.only = strtoul(value, NULL, 10);
        else if (strcmp(argv[i], "--cap") == 0)
            run.end = time(NULL) + strtol(value, NULL, 10);
        else
            tt_fail(argv[i], 0, "an option that is known");
    }
}

int
main(int argc, char *argv[])
{
    struct tt_report *report =
        mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    TT_CHECK(report != MAP_FAILED);
    parse(argc, argv);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    unsigned long scenarios = 0;
    for (const struct tt_scenario *s = tt_scenarios; s->name != NULL; s++) {
        if (!chosen(s->name, run.scenario))
            continue;
        scenarios++;
        for (int mode = 0; mode < 2; mode++) {
            if (!chosen(mode_names[mode], run.mode))
                continue;
            if (run.only != 0)
                run_point(s, report, mode == 1, run.only);
            else
                run_scenario(s, report, mode);
        }
    }
    TT_CHECK(scenarios > 0);
    printf("points %lu scenarios %lu failures %lu\n", run.points, scenarios,
           run.failures);
    return run.failures > 0 ? 1 : run.left_out ? 3 : 0;
}
