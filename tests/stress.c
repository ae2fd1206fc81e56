/*
 * What the stress programs share; stress.h tells what for.
 *
 * The counters are relaxed atomics: they must not order what the library has
 * to order.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "stress.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_size_t submitted;
static atomic_size_t ran;
static atomic_size_t dropped;   /* arguments released: it never ran */
static atomic_size_t released;  /* results released */
static atomic_size_t delivered; /* to consumers */
static ac_task_attr *attr;      /* immutable after stress_begin() */
static size_t threads_before;   /* main thread */

static void
count(atomic_size_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static size_t
read_count(atomic_size_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* ---- The program ---------------------------------------------------- */

_Noreturn void
stress_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    fflush(stderr);
    _Exit(EXIT_FAILURE);
}

int
stress_instrumented(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 1;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
    return 1;
#else
    return 0;
#endif
#else
    return 0;
#endif
}

/* A line of /proc/self/status; 0 where there is none. */
static size_t
read_status(const char *name)
{
    size_t n = 0;
    char line[128];
    FILE *file = fopen("/proc/self/status", "r");

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            n = (size_t)strtoul(line + strlen(name), NULL, 10);
    fclose(file);
    return n;
}

static size_t
thread_count(void)
{
    return read_status("Threads:");
}

size_t
stress_resident_bytes(void)
{
    return read_status("VmRSS:") * 1024;
}

static void
release_arg(void *object)
{
    stress_token *token = object;

    STRESS_MUST(token->ran == 0);
    count(&dropped);
    free(token);
}

static void
release_result(void *object)
{
    stress_token *token = object;

    STRESS_MUST(token->ran == 1);
    count(&released);
    free(token);
}

void
stress_attr_set(ac_task_attr *set)
{
    STRESS_MUST(ac_task_attr_set_free_arg(set, release_arg) == AC_OK);
    STRESS_MUST(ac_task_attr_set_free_result(set, release_result) == AC_OK);
}

static void
do_nothing(void *shared, unsigned who)
{
    (void)shared;
    (void)who;
}

size_t
stress_begin(int argc, char **argv)
{
    size_t rounds = 10000;
    stress_crew crew;

    if (argc > 1) {
        char *end;
        rounds = (size_t)strtoull(argv[1], &end, 10);
        if (rounds == 0 || *end != '\0') {
            fprintf(stderr, "usage: %s [ROUNDS]\n", argv[0]);
            exit(2);
        }
    }
    STRESS_MUST(ac_task_attr_create(&attr) == AC_OK);
    stress_attr_set(attr);
    /* A sanitizer may start a thread of its own along with the first. */
    stress_crew_start(&crew, 1, do_nothing, NULL);
    stress_crew_join(&crew);
    threads_before = thread_count();
    return rounds;
}

int
stress_end(void)
{
    size_t all = read_count(&submitted);

    STRESS_MUST(all == read_count(&ran) + read_count(&dropped));
    STRESS_MUST(read_count(&ran) == read_count(&released));
    ac_task_attr_destroy(attr);
    /* A thread that was joined may be counted for a moment. */
    ac_deadline deadline = ac_deadline_in_ms(60000);
    while (thread_count() > threads_before) {
        STRESS_MUST(ac_now() < deadline);
        sched_yield();
    }
    printf("%zu tasks: %zu ran, %zu did not, %zu delivered\n", all,
           read_count(&ran), read_count(&dropped), read_count(&delivered));
    return EXIT_SUCCESS;
}

/* ---- Tasks ---------------------------------------------------------- */

const ac_task_attr *
stress_attr(void)
{
    return attr;
}

void
stress_run(void *arg, void **result)
{
    stress_token *token = arg;

    STRESS_MUST(token->ran == 0);
    STRESS_MUST(*result == NULL);
    token->ran++;
    count(&ran);
    *result = token;
}

static int
leave_token(void *arg, void **result)
{
    stress_run(arg, result);
    return 0;
}

int
stress_brief(void *arg, void **result)
{
    for (volatile int i = 0; i < 300; i++)
        continue;
    stress_run(arg, result);
    return 0;
}

void *
stress_token_make(size_t size)
{
    stress_token *token = malloc(size);

    STRESS_MUST(token != NULL);
    token->ran = 0;
    token->delivered = 0;
    return token;
}

void
stress_token_said(void *token, int rc)
{
    if (rc == AC_OK)
        count(&submitted);
    else
        free(token); /* it is ours still */
}

int
stress_submit_fn(ac_pool *pool, ac_iter *iter, ac_task_fn *fn,
                 ac_future **future)
{
    stress_token *token = stress_token_make(sizeof(*token));
    int rc;

    if (iter != NULL)
        rc = ac_iter_submit(iter, pool, attr, fn, token, AC_FOREVER, future);
    else
        rc = ac_submit(pool, attr, fn, token, future);
    stress_token_said(token, rc);
    return rc;
}

int
stress_submit_by(ac_pool *pool, ac_deadline start_by, ac_task_fn *fn,
                 ac_future **future)
{
    STRESS_MUST(ac_task_attr_set_start_by(attr, start_by) == AC_OK);
    int rc = stress_submit_fn(pool, NULL, fn, future);
    STRESS_MUST(ac_task_attr_set_start_by(attr, AC_FOREVER) == AC_OK);
    return rc;
}

void
stress_count_done(ac_future *future, void *counter)
{
    STRESS_MUST(ac_future_status(future) != AC_EAGAIN);
    atomic_fetch_add_explicit((atomic_uint *)counter, 1, memory_order_relaxed);
}

int
stress_submit(ac_pool *pool, ac_iter *iter, ac_future **future)
{
    return stress_submit_fn(pool, iter, leave_token, future);
}

void
stress_deliver(ac_future *future)
{
    stress_token *token = ac_future_arg(future);
    int status = ac_future_status(future);

    STRESS_MUST(status == AC_OK || status == AC_ECANCELED ||
                status == AC_EABORTED);
    STRESS_MUST(token->delivered == 0);
    token->delivered++;
    STRESS_MUST(status == AC_ECANCELED || token->ran == 1);
    count(&delivered);
    ac_future_unref(future);
}

void
stress_check_stats(const ac_pool *pool, uint64_t capacity)
{
    uint64_t v[AC_STATS];

    STRESS_MUST(ac_pool_stats(pool, v, AC_STATS) == AC_OK);
    STRESS_MUST(v[AC_STAT_QUEUED_MAX] <= capacity);
    STRESS_MUST(v[AC_STAT_QUEUED] == 0);
    STRESS_MUST(v[AC_STAT_SUBMITTED] ==
                v[AC_STAT_COMPLETED] + v[AC_STAT_CANCELED]);
}

size_t
stress_delivered(void)
{
    return read_count(&delivered);
}

size_t
stress_submitted(void)
{
    return read_count(&submitted);
}

/* ---- Threads -------------------------------------------------------- */

void
stress_rally_init(stress_rally *rally, unsigned n)
{
    rally->n = n;
    atomic_init(&rally->at, 0);
}

void
stress_rally_meet(stress_rally *rally)
{
    unsigned mine = atomic_fetch_add(&rally->at, 1);
    unsigned full = mine - mine % rally->n + rally->n;
    unsigned spins = 0;

    while (atomic_load(&rally->at) < full)
        if (++spins > 100)
            sched_yield();
}

static void *
hand_main(void *arg)
{
    stress_hand *hand = arg;

    hand->fn(hand->shared, hand->who);
    return NULL;
}

void
stress_crew_start(stress_crew *crew, unsigned n, stress_crew_fn *fn,
                  void *shared)
{
    STRESS_MUST(n <= STRESS_CREW_MAX);
    crew->n = n;
    for (unsigned i = 0; i < n; i++) {
        crew->hands[i].fn = fn;
        crew->hands[i].shared = shared;
        crew->hands[i].who = i;
        STRESS_MUST(pthread_create(&crew->hands[i].thread, NULL, hand_main,
                                   &crew->hands[i]) == 0);
    }
}

void
stress_crew_join(stress_crew *crew)
{
    for (unsigned i = 0; i < crew->n; i++)
        STRESS_MUST(pthread_join(crew->hands[i].thread, NULL) == 0);
}

/* ---- Chance --------------------------------------------------------- */

stress_dice
stress_dice_make(uint32_t seed)
{
    return (stress_dice){seed * 2654435761u + 88172645u};
}

uint32_t
stress_dice_roll(stress_dice *dice, uint32_t sides)
{
    uint32_t x = dice->state | 1;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    dice->state = x;
    return (x >> 3) % sides;
}

void
stress_dawdle(stress_dice *dice)
{
    uint32_t kind = stress_dice_roll(dice, 8);
    uint32_t turns = stress_dice_roll(dice, kind < 4 ? 50 : 2000);

    if (kind == 7)
        sched_yield();
    for (volatile uint32_t i = 0; i < turns; i++)
        continue;
}
