/*
 * buffer: bytes that grow, and JSON strings made of bytes from elsewhere
 *
 * SPDX-License-Identifier: MIT
 *
 * A buffer that ran out of memory, or over its limit, says so in `broken` and
 * takes no more: look once, at the end.  All zero is an empty one.
 */
#ifndef BUFFER_H
#define BUFFER_H

#include <stddef.h>

#define BUFFER_MAX ((size_t)16 << 20) /* bytes */

struct buffer {
    char *bytes;
    size_t length, room;
    int broken;
};

void buffer_free(struct buffer *buffer);
void buffer_add(struct buffer *buffer, const char *bytes, size_t length);
void buffer_text(struct buffer *buffer, const char *text);

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void
buffer_printf(struct buffer *buffer, const char *format, ...);

/* As a JSON string with its quotes; what is not UTF-8 becomes U+FFFD. */
void buffer_json(struct buffer *buffer, const char *bytes, size_t length);

#endif
