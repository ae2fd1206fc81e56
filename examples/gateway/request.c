/*
 * request: from the first line of a request to the end of its reply
 *
 * SPDX-License-Identifier: MIT
 *
 * Locking: one mutex guards the gate.  A request itself belongs to the thread
 * of its connection.
 */
#define _POSIX_C_SOURCE 200809L

#include "request.h"
#include "answer.h"
#include "gather.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct request {
    int begun;    /* it has passed the gate */
    int asked;    /* there is a gather */
    int gathered; /* and it was not refused */
    ac_deadline deadline;
    enum answer answer;
    struct gather gather;
    char target[]; /* path and query as they came */
};

/* ---- The gate ------------------------------------------------------- */

static struct {
    pthread_mutex_t mutex;
    size_t inside;       /* mutex */
    int draining;        /* mutex */
    int closed;          /* mutex; draining, and nobody inside */
    ac_promise *drained; /* these two: from setup to teardown */
    ac_future *future;
    const struct options *options; /* these two likewise */
    ac_pool *pool;
} gate = {.mutex = PTHREAD_MUTEX_INITIALIZER};

int
request_setup(const struct options *options, ac_pool *pool)
{
    gate.options = options;
    gate.pool = pool;
    return ac_promise_create(NULL, NULL, &gate.drained, &gate.future);
}

void
request_teardown(void)
{
    ac_promise_destroy(gate.drained);
    ac_future_unref(gate.future);
}

ac_future *
request_drained(void)
{
    return gate.future;
}

/* 1, or 0: it is closed. */
static int
gate_enter(void)
{
    pthread_mutex_lock(&gate.mutex);
    int open = !gate.closed;
    gate.inside += (size_t)open;
    pthread_mutex_unlock(&gate.mutex);
    return open;
}

static int
gate_draining(void)
{
    pthread_mutex_lock(&gate.mutex);
    int draining = gate.draining;
    pthread_mutex_unlock(&gate.mutex);
    return draining;
}

/* Change the gate by these; if it closes with that, tell who waits for it.
 * Told twice, a promise keeps to the first. */
static void
gate_change(size_t leaving, int draining)
{
    pthread_mutex_lock(&gate.mutex);
    gate.inside -= leaving;
    gate.draining |= draining;
    gate.closed |= gate.draining && gate.inside == 0;
    int closed = gate.closed;
    pthread_mutex_unlock(&gate.mutex);
    if (closed)
        ac_promise_resolve(gate.drained, NULL);
}

void
request_drain(void)
{
    gate_change(0, 1);
}

/* ---- What libmicrohttpd calls --------------------------------------- */

/* The first line is there.  NULL, out of memory, makes request_handle() give
 * up. */
void *
request_line(void *cls, const char *uri, struct MHD_Connection *connection)
{
    size_t size = strlen(uri) + 1;
    struct request *request = malloc(sizeof(*request) + size);
    (void)cls, (void)connection;

    if (request == NULL)
        return NULL;
    *request = (struct request){.answer = ANSWER_OTHER};
    memcpy(request->target, uri, size);
    return request;
}

static enum MHD_Result
respond(struct MHD_Connection *connection, struct request *request,
        const char *method)
{
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
        strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_error(connection, MHD_HTTP_METHOD_NOT_ALLOWED,
                            "only GET and HEAD", gate_draining());
    if (request->target[0] != '/')
        return answer_error(connection, MHD_HTTP_BAD_REQUEST,
                            "not the path of a resource", gate_draining());
    if (strcmp(request->target, "/metrics") == 0)
        return answer_metrics(connection, gate.options, gate.pool,
                              gate_draining());

    int rc = gather_run(&request->gather, gate.options, gate.pool,
                        request->target, request->deadline);
    request->asked = 1;
    request->gathered = rc == AC_OK;
    return answer_gather(connection, &request->gather, rc, gate_draining(),
                         &request->answer);
}

/* Called when the head is there, for each piece of a body, and at the end. */
enum MHD_Result
request_handle(void *cls, struct MHD_Connection *connection, const char *url,
               const char *method, const char *version, const char *upload,
               size_t *upload_size, void **state)
{
    struct request *request = *state;
    (void)cls, (void)url, (void)version, (void)upload;

    if (request == NULL)
        return MHD_NO;
    if (!request->begun) {
        if (!gate_enter())
            return MHD_NO; /* too late: the connection ends */
        metrics_begun();
        request->begun = 1;
        request->deadline = ac_deadline_in_ms(gate.options->deadline_ms);
        return MHD_YES;
    }
    if (*upload_size != 0) {
        *upload_size = 0; /* a body means nothing here */
        return MHD_YES;
    }
    return respond(connection, request, method);
}

/* The reply is out, or there is nobody to take it. */
void
request_completed(void *cls, struct MHD_Connection *connection, void **state,
                  enum MHD_RequestTerminationCode code)
{
    struct request *request = *state;
    (void)cls, (void)connection;

    if (request == NULL)
        return;
    if (request->begun) {
        if (request->gathered)
            metrics_lateness(ac_now() - request->deadline);
        metrics_ended(request->answer,
                      code != MHD_REQUEST_TERMINATED_COMPLETED_OK);
        if (request->asked)
            gather_free(&request->gather);
        gate_change(1, 0);
    }
    free(request);
    *state = NULL;
}
