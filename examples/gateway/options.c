/*
 * options: the command line of the gateway
 *
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE /* getopt_long() */

#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 2
#define MAX_WORKERS 4096
#define MAX_CAPACITY 1000000
#define MAX_MS 3600000

static void
usage(FILE *stream, int status)
{
    fputs("usage: gateway --backend URL [--backend URL]... [OPTION]...\n"
          "Answer each GET from several backends at a time.\n\n"
          "  --listen HOST:PORT  a numeric address; port 0: any free one\n"
          "                      (127.0.0.1:8080)\n"
          "  --backend URL       http://HOST:PORT[/PREFIX], up to 16 times\n"
          "  --fanout K          ask the first K at once; the others are\n"
          "                      spares (all)\n"
          "  --quorum Q          answer when Q have answered (K)\n"
          "  --deadline-ms MS    answer by then with what is there (100)\n"
          "  --hedge-ms MS       ask a spare each time that so long has\n"
          "                      passed; 0: only when one failed (30)\n"
          "  --workers N         calls out at a time (64)\n"
          "  --capacity N        calls that may wait; beyond: 503 (256)\n"
          "  --drain-ms MS       time to end in after SIGTERM (5000)\n"
          "  --help              print this text\n",
          stream);
    exit(status);
}

static void
hint(void)
{
    fputs("Try \"gateway --help\".\n", stderr);
    exit(EXIT_USAGE);
}

static void
wrong(const char *name, const char *value, const char *why)
{
    fprintf(stderr, "gateway: --%s: \"%s\" %s\n", name, value, why);
    hint();
}

static long
number(const char *name, const char *text, long min, long max)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < min || value > max) {
        fprintf(stderr, "gateway: --%s: \"%s\" is no number from %ld to %ld\n",
                name, text, min, max);
        hint();
    }
    return value;
}

/* HOST:PORT or [HOST]:PORT, cut in place: argv is ours. */
static void
parse_listen(char *text, struct options *options)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL || colon[1] == '\0' || colon == text)
        wrong("listen", text, "is not HOST:PORT");
    *colon = '\0';
    options->host = text;
    options->port = colon + 1;
    if (text[0] == '[' && colon[-1] == ']') {
        colon[-1] = '\0';
        options->host = text + 1;
    }
}

/* Paths are appended to it, and they begin with a slash. */
static void
parse_backend(char *text, struct options *options)
{
    if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
        wrong("backend", text, "does not start with http:// or https://");
    if (strpbrk(text, "?#\"\\ \t\r\n") != NULL)
        wrong("backend", text, "is more than a host and a path");
    if (options->n_backends == MAX_BACKENDS)
        wrong("backend", text, "is one too many");
    size_t length = strlen(text);
    if (text[length - 1] == '/')
        text[length - 1] = '\0';
    options->backends[options->n_backends++] = text;
}

static void
parse_one(int option, const char *name, char *value, struct options *options)
{
    switch (option) {
    case 'l':
        parse_listen(value, options);
        break;
    case 'b':
        parse_backend(value, options);
        break;
    case 'k':
        options->fanout = (size_t)number(name, value, 1, MAX_BACKENDS);
        break;
    case 'q':
        options->quorum = (size_t)number(name, value, 1, MAX_BACKENDS);
        break;
    case 'w':
        options->workers = (size_t)number(name, value, 1, MAX_WORKERS);
        break;
    case 'c':
        options->capacity = (size_t)number(name, value, 1, MAX_CAPACITY);
        break;
    case 'd':
        options->deadline_ms = number(name, value, 1, MAX_MS);
        break;
    case 'h':
        options->hedge_ms = number(name, value, 0, MAX_MS);
        break;
    case 't':
        options->drain_ms = number(name, value, 1, MAX_MS);
        break;
    default:
        usage(stdout, EXIT_SUCCESS);
    }
}

/* What can be seen only when all is known. */
static void
complete(struct options *options)
{
    if (options->n_backends == 0)
        usage(stderr, EXIT_USAGE);
    if (options->fanout == 0)
        options->fanout = options->n_backends;
    if (options->quorum == 0)
        options->quorum = options->fanout;
    if (options->fanout > options->n_backends ||
        options->quorum > options->n_backends) {
        fputs("gateway: --fanout, --quorum: not more than backends\n", stderr);
        hint();
    }
    if (options->capacity < options->fanout) {
        fputs("gateway: --capacity: room for one request at least\n", stderr);
        hint();
    }
}

void
options_parse(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"listen", required_argument, NULL, 'l'},
        {"backend", required_argument, NULL, 'b'},
        {"fanout", required_argument, NULL, 'k'},
        {"quorum", required_argument, NULL, 'q'},
        {"deadline-ms", required_argument, NULL, 'd'},
        {"hedge-ms", required_argument, NULL, 'h'},
        {"workers", required_argument, NULL, 'w'},
        {"capacity", required_argument, NULL, 'c'},
        {"drain-ms", required_argument, NULL, 't'},
        {"help", no_argument, NULL, '?' + 128},
        {NULL, 0, NULL, 0},
    };
    int option, index = 0;

    *options = (struct options){
        .host = "127.0.0.1",
        .port = "8080",
        .workers = 64,
        .capacity = 256,
        .deadline_ms = 100,
        .hedge_ms = 30,
        .drain_ms = 5000,
    };
    while ((option = getopt_long(argc, argv, "", known, &index)) != -1) {
        if (option == '?')
            hint(); /* getopt_long() has said what is wrong */
        parse_one(option, known[index].name, optarg, options);
    }
    if (optind != argc)
        usage(stderr, EXIT_USAGE);
    complete(options);
}
