/* loop_glib: what to add to a program that has a main loop.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <glib-unix.h>

void reply(ac_future *done); /* yours */

static gboolean
on_replies(gint fd, GIOCondition condition, gpointer arg)
{
    ac_iter *iter = arg;
    ac_future *done;
    int rc = AC_OK;

    (void)fd;
    (void)condition;
    for (int i = 0; i < 16; i++) {
        if ((rc = ac_iter_next(iter, AC_POLL, &done)) != AC_OK)
            break;
        reply(done);
        ac_future_unref(done);
    }
    return rc == AC_DONE ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

/* An id for g_source_remove(), or 0.  At the end: remove it, unless
 * AC_DONE has done so, then ac_iter_destroy(). */
guint
watch_iter(ac_iter *iter)
{
    int fd;

    if (ac_iter_fd(iter, &fd) != AC_OK)
        return 0;
    return g_unix_fd_add(fd, G_IO_IN, on_replies, iter);
}
