/*
 * metrics: what the gateway counts, and how it tells Prometheus
 *
 * SPDX-License-Identifier: MIT
 *
 * Any thread may call these.
 */
#ifndef METRICS_H
#define METRICS_H

#include "buffer.h"
#include "options.h"

#include <ascompleted.h>

/* How a request was answered. */
enum answer {
    ANSWER_COMPLETE, /* a quorum of answers */
    ANSWER_PARTIAL,  /* some, at the deadline or when no more can come */
    ANSWER_FAILED,   /* none, all failed: 502 */
    ANSWER_LATE,     /* none in time: 504 */
    ANSWER_SHED,     /* no room, or about to end: 503 */
    ANSWER_OTHER,    /* the metrics; what the gateway does not do */
    ANSWERS
};

/* What came of asking one backend for one request. */
enum outcome {
    OUTCOME_LATE, /* nothing by the deadline: so each call begins */
    OUTCOME_OK,
    OUTCOME_FAILED,
    OUTCOME_UNNEEDED, /* others made the quorum first */
    OUTCOMES
};
extern const char *const outcome_names[OUTCOMES];

void metrics_begun(void);

/* The reply is out, or the client left before it was. */
void metrics_ended(enum answer answer, int client_left);

/* Of a request that was not shed: how long after its deadline the reply was
 * out; negative when it was before. */
void metrics_lateness(int64_t ns);

void metrics_outcome(size_t backend, enum outcome outcome);
void metrics_hedged(void);

/* In flight: begun and not ended. */
void metrics_print(struct buffer *text, const struct options *options,
                   const ac_pool *pool);

/* For the last words: how many began, and how many of their clients left. */
void metrics_totals(uint64_t *begun, uint64_t *ended, uint64_t *left);

#endif
