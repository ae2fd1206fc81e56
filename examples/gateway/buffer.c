/*
 * buffer: bytes that grow, and JSON strings made of bytes from elsewhere
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){NULL, 0, 0, 0};
}

/* Room for `more` bytes: 1, or 0 and it is broken. */
static int
grow(struct buffer *buffer, size_t more)
{
    if (buffer->broken)
        return 0;
    if (more <= buffer->room - buffer->length)
        return 1;
    if (more > BUFFER_MAX - buffer->length) {
        buffer->broken = 1;
        return 0;
    }
    size_t room = buffer->room == 0 ? 256 : buffer->room;
    while (room - buffer->length < more)
        room *= 2;
    char *bytes = realloc(buffer->bytes, room);
    if (bytes == NULL) {
        buffer->broken = 1;
        return 0;
    }
    buffer->bytes = bytes;
    buffer->room = room;
    return 1;
}

void
buffer_add(struct buffer *buffer, const char *bytes, size_t length)
{
    if (length == 0 || !grow(buffer, length))
        return;
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

void
buffer_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void
buffer_printf(struct buffer *buffer, const char *format, ...)
{
    char line[512];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(line))
        buffer->broken = 1;
    else
        buffer_add(buffer, line, (size_t)length);
}

/* How many bytes the UTF-8 character there has; 0: it is none. */
static size_t
character(const unsigned char *at, size_t left)
{
    size_t length = at[0] < 0x80   ? 1
                    : at[0] < 0xc2 ? 0
                    : at[0] < 0xe0 ? 2
                    : at[0] < 0xf0 ? 3
                    : at[0] < 0xf5 ? 4
                                   : 0;
    if (length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    /* Too long for its value, a surrogate, or beyond the last one. */
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

void
buffer_json(struct buffer *buffer, const char *bytes, size_t length)
{
    const unsigned char *at = (const unsigned char *)bytes;

    buffer_text(buffer, "\"");
    while (length > 0) {
        size_t n = character(at, length);
        if (n == 0)
            buffer_text(buffer, "\\ufffd");
        else if (*at < 0x20 || *at == 0x7f)
            buffer_printf(buffer, "\\u%04x", *at);
        else if (*at == '"' || *at == '\\')
            buffer_printf(buffer, "\\%c", *at);
        else
            buffer_add(buffer, (const char *)at, n);
        n += n == 0; /* a bad byte is passed over alone */
        at += n;
        length -= n;
    }
    buffer_text(buffer, "\"");
}
