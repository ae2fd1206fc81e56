/*
 * answer: what the client of a request is told
 *
 * SPDX-License-Identifier: MIT
 *
 * Each of these queues one response.  `last` is not 0: the connection is to
 * end with it.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "gather.h"
#include "metrics.h"

#include <microhttpd.h>

/* What was gathered, as JSON; `rc` is what gather_run() said. */
enum MHD_Result answer_gather(struct MHD_Connection *connection,
                              const struct gather *gather, int rc, int last,
                              enum answer *answer);

/* The metrics, for Prometheus. */
enum MHD_Result answer_metrics(struct MHD_Connection *connection,
                               const struct options *options,
                               const ac_pool *pool, int last);

/* An error, with a line of text. */
enum MHD_Result answer_error(struct MHD_Connection *connection,
                             unsigned int status, const char *text, int last);

#endif
