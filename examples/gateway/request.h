/*
 * request: from the first line of a request to the end of its reply
 *
 * SPDX-License-Identifier: MIT
 *
 * Three functions for libmicrohttpd, which calls them in the thread of the
 * connection, and the gate that a request passes when it begins.  Whoever has
 * passed it is answered; the gate closes for good when, while draining, the
 * last one is out.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include "options.h"

#include <ascompleted.h>
#include <microhttpd.h>

/* Before any request.  What it gets must outlive the last one. */
int request_setup(const struct options *options, ac_pool *pool);

/* From now on each reply ends its connection.  The future is done as soon
 * as nobody is inside; then nobody comes in any more. */
void request_drain(void);
ac_future *request_drained(void); /* borrowed */

void request_teardown(void);

/* For MHD_OPTION_URI_LOG_CALLBACK, MHD_start_daemon(), and
 * MHD_OPTION_NOTIFY_COMPLETED. */
void *request_line(void *cls, const char *uri,
                   struct MHD_Connection *connection);
enum MHD_Result request_handle(void *cls, struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version, const char *upload,
                               size_t *upload_size, void **state);
void request_completed(void *cls, struct MHD_Connection *connection,
                       void **state, enum MHD_RequestTerminationCode code);

#endif
