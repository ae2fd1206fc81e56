/*
 * options: the command line of the gateway
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#define MAX_BACKENDS 16

struct options {
    const char *host; /* to listen at: a numeric address */
    const char *port; /* 0: the system chooses */
    const char *backends[MAX_BACKENDS];
    size_t n_backends;
    size_t fanout;   /* backends asked at once; the others are spares */
    size_t quorum;   /* answers that are enough */
    size_t workers;  /* calls out at a time */
    size_t capacity; /* calls that may wait for a worker */
    int64_t deadline_ms;
    int64_t hedge_ms; /* 0: spares are asked only when a backend fails */
    int64_t drain_ms;
};

/* Does not return if there is nothing to do, or the words make no sense. */
void options_parse(int argc, char **argv, struct options *options);

#endif
