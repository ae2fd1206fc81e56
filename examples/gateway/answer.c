/*
 * answer: what the client of a request is told
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "answer.h"
#include "backend.h"

#include <stdlib.h>
#include <string.h>

/* The answer to those who are shed: come again in so many seconds. */
#define RETRY_AFTER "1"

/* ---- Responses ------------------------------------------------------ */

/* Queue it and let go of it; MHD_NO ends the connection without an answer. */
static enum MHD_Result
queue(struct MHD_Connection *connection, unsigned int status, const char *type,
      int last, struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (result == MHD_YES && last)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION,
                                         "close");
    if (result == MHD_YES && status == MHD_HTTP_SERVICE_UNAVAILABLE)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER,
                                         RETRY_AFTER);
    if (result == MHD_YES && status == MHD_HTTP_METHOD_NOT_ALLOWED)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW,
                                         "GET, HEAD");
    if (result == MHD_YES)
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* The text goes into the response, or is freed. */
static enum MHD_Result
queue_text(struct MHD_Connection *connection, unsigned int status,
           const char *type, int last, struct buffer *text)
{
    if (text->broken) {
        buffer_free(text);
        return answer_error(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
                            "out of memory", last);
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        text->length, text->bytes, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        buffer_free(text);
    return queue(connection, status, type, last, response);
}

enum MHD_Result
answer_error(struct MHD_Connection *connection, unsigned int status,
             const char *text, int last)
{
    struct buffer line = {NULL, 0, 0, 0};
    buffer_printf(&line, "%s\n", text);
    if (line.broken)
        return MHD_NO;
    return queue_text(connection, status, "text/plain", last, &line);
}

enum MHD_Result
answer_metrics(struct MHD_Connection *connection, const struct options *options,
               const ac_pool *pool, int last)
{
    struct buffer text = {NULL, 0, 0, 0};
    metrics_print(&text, options, pool);
    return queue_text(connection, MHD_HTTP_OK, "text/plain; version=0.0.4",
                      last, &text);
}

/* ---- What was gathered ---------------------------------------------- */

static void
print_call(struct buffer *json, const struct gather *gather, size_t i)
{
    const char *url = gather->options->backends[i];
    enum outcome outcome = gather->outcomes[i];
    char text[40];

    buffer_text(json, "{\"backend\": ");
    buffer_json(json, url, strlen(url));
    buffer_printf(json, ", \"outcome\": \"%s\"", outcome_names[outcome]);
    if (outcome == OUTCOME_OK) {
        const struct call *call = gather_call(gather, i);
        buffer_printf(
            json, ", \"ms\": %.3f, \"body\": ", (double)call->took_ns / 1e6);
        buffer_json(json, call->body.bytes, call->body.length);
    } else if (outcome == OUTCOME_FAILED) {
        const char *why =
            call_error(ac_future_error(gather->calls[i]), text, sizeof(text));
        buffer_text(json, ", \"why\": ");
        buffer_json(json, why, strlen(why));
    }
    buffer_text(json, "}");
}

static enum answer
judge(const struct gather *gather)
{
    if (gather->good >= gather->options->quorum)
        return ANSWER_COMPLETE;
    if (gather->good > 0)
        return ANSWER_PARTIAL;
    for (size_t i = 0; i < gather->asked; i++)
        if (gather->outcomes[i] == OUTCOME_LATE)
            return ANSWER_LATE;
    return ANSWER_FAILED;
}

/* Not gathered at all: there was no room, or no memory. */
static enum MHD_Result
answer_shed(struct MHD_Connection *connection, int rc, int last,
            enum answer *answer)
{
    if (rc == AC_ETIMEDOUT || rc == AC_ESHUTDOWN) {
        *answer = ANSWER_SHED;
        return answer_error(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                            rc == AC_ETIMEDOUT ? "no room" : "about to end",
                            last);
    }
    *answer = ANSWER_OTHER;
    return answer_error(connection, MHD_HTTP_INTERNAL_SERVER_ERROR,
                        ac_strerror(rc), last);
}

enum MHD_Result
answer_gather(struct MHD_Connection *connection, const struct gather *gather,
              int rc, int last, enum answer *answer)
{
    static const unsigned int statuses[ANSWERS] = {
        [ANSWER_COMPLETE] = MHD_HTTP_OK,
        [ANSWER_PARTIAL] = MHD_HTTP_OK,
        [ANSWER_FAILED] = MHD_HTTP_BAD_GATEWAY,
        [ANSWER_LATE] = MHD_HTTP_GATEWAY_TIMEOUT,
    };
    struct buffer json = {NULL, 0, 0, 0};

    if (rc != AC_OK)
        return answer_shed(connection, rc, last, answer);
    *answer = judge(gather);
    buffer_printf(&json, "{\"complete\": %s, \"answers\": %zu, \"backends\": [",
                  *answer == ANSWER_COMPLETE ? "true" : "false", gather->good);
    for (size_t i = 0; i < gather->asked; i++) {
        buffer_text(&json, i == 0 ? "\n  " : ",\n  ");
        print_call(&json, gather, i);
    }
    buffer_text(&json, "]}\n");
    return queue_text(connection, statuses[*answer], "application/json", last,
                      &json);
}
