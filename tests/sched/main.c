/*
 * main.c - run the scenarios, each with many seeds
 *
 *   schedules [--from M] [--seeds N] [--seed K] [--trace] [--list]
 * [SCENARIO...]
 *
 * A run is decided by its scenario and its seed, and by how long the first few
 * seeds (SK_MEASURED) of that scenario were; so these go before any other
 * single one.  It ends at the first failure, with 1.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE
#include "core.h"
#include "tasks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

extern const struct sk_scenario *const __start_sk_scenarios[];
extern const struct sk_scenario *const __stop_sk_scenarios[];

struct sk_state_of_all *sk;

enum { HANG = 20 /* seconds of a run that makes no step */ };

static void *
first_thread(void *unused)
{
    (void)unused;
    sk_tasks_begin();
    sk->scenario->run();
    sk_tasks_end();
    return NULL;
}

static void
check_end(void)
{
    sk_tasks_check();
    sk_heap_check();
    if (sk->live[SK_MUTEX] != 0 || sk->live[SK_COND] != 0)
        sk_fail("%ld mutexes and %ld condition variables are left",
                sk->live[SK_MUTEX], sk->live[SK_COND]);
    if (sk->open_fds != 0)
        sk_fail("%ld descriptors are left open", sk->open_fds);
    for (int i = 1; i < sk->n_threads; i++) {
        if (!sk->threads[i].joined)
            sk_fail("thread %d was not joined", i);
    }
}

static void
run(const struct sk_scenario *scenario, uint64_t seed)
{
    sk_data_restore();
    sk_memory_reset();
    sk->scenario = scenario;
    sk->seed = seed;
    sk->run++;
    sk->steps = sk->streak = 0;
    sk->now = INT64_C(1000000000000);
    sk->digest = 0;
    sk->n_threads = 0;
    sk->self = NULL;
    memset(sk->live, 0, sizeof sk->live);
    sk->open_fds = 0;
    sk_plan_make(seed);
    struct sk_thread *first = sk_thread_new(first_thread, NULL);
    snprintf(first->name, sizeof first->name, "main");
    alarm(HANG);
    sk_threads_run(first);
    check_end();
}

/* How long a run is, seen by the first few. */
static void
measure(const struct sk_scenario *scenario)
{
    uint32_t longest = 1;
    sk->horizon = 128;
    for (uint64_t seed = 0; seed < SK_MEASURED; seed++) {
        run(scenario, seed);
        if (sk->steps > longest)
            longest = sk->steps;
    }
    sk->horizon = longest;
}

/* Nothing but the seed may decide. */
static void
run_again(const struct sk_scenario *scenario, uint64_t seed)
{
    uint64_t digest = sk->digest;
    run(scenario, seed);
    if (sk->digest != digest)
        sk_fail("the same seed gives another run");
}

/* ---- The command line ---- */

struct request {
    uint64_t from, seeds;
    uint64_t seed;
    bool one;
    bool trace;
    char **names;
    int n_names;
};

static bool
wanted(const struct request *request, const char *name)
{
    for (int i = 0; i < request->n_names; i++) {
        if (strcmp(request->names[i], name) == 0)
            return true;
    }
    return request->n_names == 0;
}

static void
run_one(const struct request *request, const struct sk_scenario *scenario)
{
    if (request->seed >= SK_MEASURED)
        measure(scenario);
    else
        sk->horizon = 128;
    sk->trace = request->trace;
    run(scenario, request->seed);
    printf("%s, seed %" PRIu64 ": no failure in %" PRIu32 " steps\n",
           scenario->name, request->seed, sk->steps);
}

static void
run_many(const struct request *request, const struct sk_scenario *scenario)
{
    struct timespec begin, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    measure(scenario);
    uint64_t first = request->from > SK_MEASURED ? request->from : SK_MEASURED;
    for (uint64_t seed = first; seed < request->from + request->seeds; seed++) {
        run(scenario, seed);
        if (seed % SK_AGAIN == 0)
            run_again(scenario, seed);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    double seconds = (double)(end.tv_sec - begin.tv_sec) +
                     (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    printf("%-24s %8" PRIu64 " schedules of up to %4" PRIu32
           " steps, %6.2f s\n",
           scenario->name, request->seeds, sk->horizon, seconds);
    fflush(stdout);
}

static int
run_all(const struct request *request)
{
    int found = 0;
    for (const struct sk_scenario *const *at = __start_sk_scenarios;
         at < __stop_sk_scenarios; at++) {
        if (!wanted(request, (*at)->name))
            continue;
        found++;
        if (request->one)
            run_one(request, *at);
        else
            run_many(request, *at);
    }
    if (found < request->n_names || found == 0) {
        printf("schedules: no such scenario\n");
        return 2;
    }
    return 0;
}

static int
list(void)
{
    for (const struct sk_scenario *const *at = __start_sk_scenarios;
         at < __stop_sk_scenarios; at++)
        puts((*at)->name);
    return 0;
}

int
main(int argc, char **argv)
{
    struct request request = {.seeds = 1000};
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--list") == 0)
            return list();
        if (strcmp(argv[i], "--trace") == 0) {
            request.trace = true;
        } else if (i + 1 < argc && strcmp(argv[i], "--from") == 0) {
            request.from = strtoull(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--seeds") == 0) {
            request.seeds = strtoull(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) {
            request.seed = strtoull(argv[++i], NULL, 10);
            request.one = true;
        } else {
            printf("schedules: %s?\n", argv[i]);
            return 2;
        }
    }
    request.names = argv + i;
    request.n_names = argc - i;
    sk = mmap(NULL, sizeof *sk, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sk->program = argv[0];
    sk_signals_init();
    sk_memory_init();
    sk_fibers_init();
    sk_data_save();
    return run_all(&request);
}
