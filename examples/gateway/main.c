/*
 * gateway: an HTTP server that answers each request from several backends
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: gateway --backend URL [--backend URL]... [OPTION]...
 *
 * See README.md.  libmicrohttpd gives each connection a thread; a request is
 * gathered in that thread, which waits in an iterator while the calls to the
 * backends run on the pool.
 *
 * SIGTERM or SIGINT: no new connections; who has begun is answered.  If the
 * drain time is about to end, the calls still out are canceled, so that their
 * requests are answered with what is there.
 */
#define _POSIX_C_SOURCE 200809L

#include "backend.h"
#include "metrics.h"
#include "options.h"
#include "request.h"

#include <ascompleted.h>
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 2048u
#define IDLE_SECONDS 30u        /* then a silent client is let go */
#define STACK_SIZE (256 * 1024) /* of the thread of a connection */

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "gateway: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void
check(int rc, const char *what)
{
    if (rc != AC_OK)
        die(what, ac_strerror(rc));
}

/* ---- The server ----------------------------------------------------- */

static struct addrinfo *
resolve(const struct options *options)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                             .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    int error = getaddrinfo(options->host, options->port, &hints, &address);
    if (error != 0)
        die(options->host, gai_strerror(error));
    return address;
}

static struct MHD_Daemon *
server_start(const struct options *options)
{
    struct addrinfo *address = resolve(options);
    unsigned int flags = MHD_USE_THREAD_PER_CONNECTION |
                         MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
                         MHD_USE_ITC;
    /* The time in which a request is gathered counts as idle. */
    unsigned int idle_seconds =
        IDLE_SECONDS + (unsigned int)(options->deadline_ms / 1000);
    if (address->ai_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    struct MHD_Daemon *server = MHD_start_daemon(
        flags, 0, NULL, NULL, request_handle, NULL, MHD_OPTION_SOCK_ADDR,
        address->ai_addr, MHD_OPTION_URI_LOG_CALLBACK, request_line, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, request_completed, NULL,
        MHD_OPTION_CONNECTION_LIMIT, MAX_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_SIZE, MHD_OPTION_END);
    if (server == NULL)
        die("cannot listen", strerror(errno));
    freeaddrinfo(address);

    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server, MHD_DAEMON_INFO_BIND_PORT);
    printf("gateway: listening at %s, port %u\n", options->host,
           info == NULL ? 0u : (unsigned int)info->port);
    fflush(stdout);
    return server;
}

/* ---- The end -------------------------------------------------------- */

/* Wait until all who have begun are answered: AC_OK or AC_ETIMEDOUT. */
static int
drain(const struct options *options, ac_pool *pool, ac_deadline start)
{
    int64_t drain_ns = options->drain_ms * 1000000;
    ac_deadline soft = start + drain_ns / 4 * 3;

    request_drain();
    int rc = ac_future_wait(request_drained(), soft);
    if (rc != AC_ETIMEDOUT)
        return rc;
    rc = ac_pool_shutdown(pool, AC_CANCEL, AC_POLL, NULL);
    if (rc != AC_OK && rc != AC_ETIMEDOUT)
        return rc;
    backend_wake_all();
    return ac_future_wait(request_drained(), start + drain_ns);
}

/* The exit status. */
static int
server_end(struct MHD_Daemon *server, const struct options *options,
           ac_pool *pool)
{
    ac_deadline start = ac_now();
    uint64_t begun, ended, left;

    int listening = MHD_quiesce_daemon(server);
    if (listening >= 0)
        shutdown(listening, SHUT_RDWR); /* refuse, where that is possible */
    int rc = drain(options, pool, start);
    metrics_totals(&begun, &ended, &left);
    fprintf(stderr,
            "gateway: %s in %.3f s: %" PRIu64 " requests begun, %" PRIu64
            " ended, of which %" PRIu64 " by a client that left\n",
            rc == AC_OK ? "drained" : "not drained",
            (double)(ac_now() - start) / 1e9, begun, ended, left);
    MHD_stop_daemon(server);
    if (listening >= 0)
        close(listening);
    return rc == AC_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Blocked before any thread is made, so that only sigwait() gets them. */
static sigset_t
block_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signals;
}

int
main(int argc, char **argv)
{
    struct options options;
    ac_pool *pool;
    int signal_number;

    options_parse(argc, argv, &options);
    sigset_t signals = block_signals();
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        die("libcurl", "cannot start");
    check(backend_pool_create(&options, &pool), "the pool");
    check(request_setup(&options, pool), "the gate");
    struct MHD_Daemon *server = server_start(&options);

    sigwait(&signals, &signal_number);

    int status = server_end(server, &options, pool);
    request_teardown();
    backend_pool_destroy(pool);
    curl_global_cleanup();
    return status;
}
