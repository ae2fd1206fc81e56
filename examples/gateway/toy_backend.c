/*
 * toy_backend: a backend to try the gateway with
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: toy_backend [--port PORT] ok|fail|hang
 *        toy_backend [--port PORT] slow MS
 *
 * Listens on the loopback and prints the port; without one, the system
 * chooses.  Answers each GET with a line that has the path: at once, with 500,
 * never, or after a time.  Each connection has a thread of its own, which
 * notices when its client gives up.
 */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2
#define STACK_SIZE (128 * 1024)
#define FOREVER (-1)

struct mode {
    unsigned int status;
    int wait_ms; /* before the answer */
};

static void
usage(void)
{
    fputs("usage: toy_backend [--port PORT] ok|fail|hang\n"
          "       toy_backend [--port PORT] slow MS\n",
          stderr);
    exit(EXIT_USAGE);
}

static int
number(const char *text, int max)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 0 || value > max)
        usage();
    return (int)value;
}

/* 1 when the time is over; 0 when the client is gone, or has sent more than it
 * should. */
static int
wait_or_gone(struct MHD_Connection *connection, int ms)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd poll_fd = {.fd = info->connect_fd, .events = POLLIN};
    int n = poll(&poll_fd, 1, ms);
    return n == 0 || (n < 0 && errno == EINTR);
}

static enum MHD_Result
answer(void *cls, struct MHD_Connection *connection, const char *url,
       const char *method, const char *version, const char *upload,
       size_t *upload_size, void **state)
{
    static int seen;
    const struct mode *mode = cls;
    char line[256];
    (void)method, (void)version, (void)upload;

    if (*state == NULL) {
        *state = &seen; /* the first call is for the head alone */
        return MHD_YES;
    }
    if (*upload_size != 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (mode->wait_ms != 0 && !wait_or_gone(connection, mode->wait_ms))
        return MHD_NO;
    int length = snprintf(line, sizeof(line), "a toy says %u to %.200s\n",
                          mode->status, url);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        (size_t)length, line, MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result =
        MHD_queue_response(connection, mode->status, response);
    MHD_destroy_response(response);
    return result;
}

static struct mode
parse_mode(char **words)
{
    if (words[0] == NULL)
        usage();
    if (strcmp(words[0], "slow") == 0 && words[1] != NULL && words[2] == NULL)
        return (struct mode){MHD_HTTP_OK, number(words[1], 3600000)};
    if (words[1] != NULL)
        usage();
    if (strcmp(words[0], "ok") == 0)
        return (struct mode){MHD_HTTP_OK, 0};
    if (strcmp(words[0], "fail") == 0)
        return (struct mode){MHD_HTTP_INTERNAL_SERVER_ERROR, 0};
    if (strcmp(words[0], "hang") != 0)
        usage();
    return (struct mode){MHD_HTTP_OK, FOREVER};
}

static struct MHD_Daemon *
start(int port, struct mode *mode)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct MHD_Daemon *server = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
            MHD_USE_POLL | MHD_USE_ITC,
        0, NULL, NULL, answer, mode, MHD_OPTION_SOCK_ADDR,
        (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT, 4096u,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE, MHD_OPTION_END);
    if (server == NULL) {
        fprintf(stderr, "toy_backend: cannot listen: %s\n", strerror(errno));
        exit(EXIT_FAILURE);
    }
    return server;
}

int
main(int argc, char **argv)
{
    int port = 0, signal_number;
    char **words = argv + (argc > 0);
    sigset_t signals;

    if (words[0] != NULL && strcmp(words[0], "--port") == 0) {
        if (words[1] == NULL)
            usage();
        port = number(words[1], 65535);
        words += 2;
    }
    struct mode mode = parse_mode(words);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);

    struct MHD_Daemon *server = start(port, &mode);
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);
    printf("toy_backend: listening at 127.0.0.1, port %u\n",
           info == NULL ? 0u : (unsigned int)info->port);
    fflush(stdout);
    sigwait(&signals, &signal_number);
    MHD_stop_daemon(server);
    return EXIT_SUCCESS;
}
