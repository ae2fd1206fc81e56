/* loop_libuv: what to add to a program that has a loop.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <uv.h>

void reply(ac_future *done); /* yours */

static void
on_replies(uv_poll_t *watcher, int status, int events)
{
    ac_iter *iter = watcher->data;
    ac_future *done;
    int rc = AC_ETIMEDOUT;

    (void)events;
    for (int i = 0; status == 0 && i < 16; i++) {
        if ((rc = ac_iter_next(iter, AC_POLL, &done)) != AC_OK)
            break;
        reply(done);
        ac_future_unref(done);
    }
    if (rc == AC_DONE)
        uv_poll_stop(watcher);
}

/* 0, or an error of libuv's.  At the end: uv_close() on the watcher,
 * then ac_iter_destroy(). */
int
watch_iter(uv_loop_t *loop, uv_poll_t *watcher, ac_iter *iter)
{
    int fd, rc;

    if (ac_iter_fd(iter, &fd) != AC_OK)
        return UV_EMFILE;
    watcher->data = iter;
    if ((rc = uv_poll_init(loop, watcher, fd)) != 0)
        return rc;
    return uv_poll_start(watcher, UV_READABLE, on_replies);
}
