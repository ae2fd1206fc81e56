/*
 * metrics: what the gateway counts, and how it tells Prometheus
 *
 * SPDX-License-Identifier: MIT
 *
 * Locking: one mutex for all counters, so that a scrape sees them at one
 * moment.  It is held for a few additions, or for one copy.
 */
#define _POSIX_C_SOURCE 200809L

#include "metrics.h"

#include <inttypes.h>
#include <pthread.h>

/* Upper bounds in microseconds.  What is interesting lies around 0. */
static const int64_t bounds[] = {
    -1000000, -100000, -50000, -20000, -10000, -5000, -2000, -1000,
    0,        500,     1000,   1500,   2000,   3000,  4000,  5000,
    6000,     8000,    10000,  15000,  20000,  50000, 100000};
#define BOUNDS (sizeof(bounds) / sizeof(bounds[0]))

struct counters {
    uint64_t begun, left, hedged;
    uint64_t answers[ANSWERS];
    uint64_t outcomes[MAX_BACKENDS][OUTCOMES];
    uint64_t lateness[BOUNDS + 1]; /* the last: above all bounds */
    int64_t lateness_sum;          /* ns */
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct counters counters; /* mutex */

const char *const outcome_names[OUTCOMES] = {"late", "ok", "failed",
                                             "unneeded"};
static const char *const answer_names[ANSWERS] = {
    "complete", "partial", "failed", "late", "shed", "other"};

/* ---- Counting ------------------------------------------------------- */

static void
add(uint64_t *counter)
{
    pthread_mutex_lock(&mutex);
    ++*counter;
    pthread_mutex_unlock(&mutex);
}

void
metrics_begun(void)
{
    add(&counters.begun);
}

void
metrics_ended(enum answer answer, int client_left)
{
    pthread_mutex_lock(&mutex);
    counters.answers[answer]++;
    counters.left += client_left != 0;
    pthread_mutex_unlock(&mutex);
}

void
metrics_lateness(int64_t ns)
{
    size_t i = 0;
    while (i < BOUNDS && ns > bounds[i] * 1000)
        i++;
    pthread_mutex_lock(&mutex);
    counters.lateness[i]++;
    counters.lateness_sum += ns;
    pthread_mutex_unlock(&mutex);
}

void
metrics_outcome(size_t backend, enum outcome outcome)
{
    add(&counters.outcomes[backend][outcome]);
}

void
metrics_hedged(void)
{
    add(&counters.hedged);
}

static struct counters
snapshot(uint64_t *ended)
{
    pthread_mutex_lock(&mutex);
    struct counters copy = counters;
    pthread_mutex_unlock(&mutex);
    *ended = 0;
    for (size_t i = 0; i < ANSWERS; i++)
        *ended += copy.answers[i];
    return copy;
}

void
metrics_totals(uint64_t *begun, uint64_t *ended, uint64_t *left)
{
    struct counters now = snapshot(ended);
    *begun = now.begun;
    *left = now.left;
}

/* ---- Prometheus ----------------------------------------------------- */

static void
header(struct buffer *text, const char *name, const char *type,
       const char *help)
{
    buffer_printf(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
single(struct buffer *text, const char *name, const char *type,
       const char *help, uint64_t value)
{
    header(text, name, type, help);
    buffer_printf(text, "%s %" PRIu64 "\n", name, value);
}

static void
seconds(struct buffer *text, const char *name, const char *type,
        const char *help, uint64_t ns)
{
    header(text, name, type, help);
    buffer_printf(text, "%s %.9f\n", name, (double)ns / 1e9);
}

/* Those of the pool are all of one moment, by ac_pool_stats(). */
static void
print_pool(struct buffer *text, const uint64_t stats[])
{
    static const struct {
        const char *status;
        int stat;
    } ends[] = {
        {"completed", AC_STAT_COMPLETED}, {"failed", AC_STAT_FAILED},
        {"canceled", AC_STAT_CANCELED},   {"expired", AC_STAT_EXPIRED},
        {"aborted", AC_STAT_ABORTED},
    };

    single(text, "ac_pool_workers", "gauge", "Threads of the pool.",
           stats[AC_STAT_WORKERS]);
    single(text, "ac_pool_busy", "gauge", "Threads that run a call now.",
           stats[AC_STAT_BUSY]);
    single(text, "ac_pool_queued", "gauge", "Calls that wait for a thread.",
           stats[AC_STAT_QUEUED]);
    single(text, "ac_pool_queued_max", "gauge", "The most that ever waited.",
           stats[AC_STAT_QUEUED_MAX]);
    single(text, "ac_pool_submitted_total", "counter", "Calls accepted.",
           stats[AC_STAT_SUBMITTED]);
    single(text, "ac_pool_rejected_total", "counter", "Calls refused.",
           stats[AC_STAT_REJECTED]);
    header(text, "ac_pool_ended_total", "counter", "Calls, by how they ended.");
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        buffer_printf(text, "ac_pool_ended_total{status=\"%s\"} %" PRIu64 "\n",
                      ends[i].status, stats[ends[i].stat]);
    seconds(text, "ac_pool_wait_seconds_total", "counter",
            "Time that calls waited for a thread.", stats[AC_STAT_WAIT_NS]);
    seconds(text, "ac_pool_wait_seconds_max", "gauge", "The longest of them.",
            stats[AC_STAT_WAIT_MAX_NS]);
    seconds(text, "ac_pool_run_seconds_total", "counter",
            "Time that calls ran.", stats[AC_STAT_RUN_NS]);
    seconds(text, "ac_pool_run_seconds_max", "gauge", "The longest of them.",
            stats[AC_STAT_RUN_MAX_NS]);
}

static void
print_lateness(struct buffer *text, const struct counters *now)
{
    static const char name[] = "gateway_lateness_seconds";
    uint64_t sum = 0;

    header(text, name, "histogram",
           "From the deadline to the reply; negative: before it.");
    for (size_t i = 0; i < BOUNDS; i++) {
        sum += now->lateness[i];
        buffer_printf(text, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
                      (double)bounds[i] / 1e6, sum);
    }
    sum += now->lateness[BOUNDS];
    buffer_printf(text, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, sum);
    buffer_printf(text, "%s_sum %.9f\n", name, (double)now->lateness_sum / 1e9);
    buffer_printf(text, "%s_count %" PRIu64 "\n", name, sum);
}

static void
print_backends(struct buffer *text, const struct counters *now,
               const struct options *options)
{
    header(text, "gateway_backend_total", "counter",
           "Calls to a backend, by what came of them.");
    for (size_t i = 0; i < options->n_backends; i++)
        for (size_t j = 0; j < OUTCOMES; j++) {
            buffer_text(text, "gateway_backend_total{backend=\"");
            buffer_text(text, options->backends[i]);
            buffer_printf(text, "\",outcome=\"%s\"} %" PRIu64 "\n",
                          outcome_names[j], now->outcomes[i][j]);
        }
}

void
metrics_print(struct buffer *text, const struct options *options,
              const ac_pool *pool)
{
    uint64_t stats[AC_STATS] = {0};
    uint64_t ended;
    struct counters now = snapshot(&ended);

    if (ac_pool_stats(pool, stats, AC_STATS) != AC_OK)
        text->broken = 1;
    print_pool(text, stats);
    single(text, "gateway_begun_total", "counter", "Requests begun.",
           now.begun);
    single(text, "gateway_in_flight", "gauge",
           "Requests begun and not answered, with this one.",
           now.begun - ended);
    header(text, "gateway_answers_total", "counter",
           "Requests, by how they were answered.");
    for (size_t i = 0; i < ANSWERS; i++)
        buffer_printf(text,
                      "gateway_answers_total{answer=\"%s\"} %" PRIu64 "\n",
                      answer_names[i], now.answers[i]);
    single(text, "gateway_clients_left_total", "counter",
           "Clients that left before their answer.", now.left);
    single(text, "gateway_hedges_total", "counter",
           "Spare backends asked because others were slow or failed.",
           now.hedged);
    print_backends(text, &now, options);
    print_lateness(text, &now);
}
