/* loop_libevent: what to add to a program that has a loop.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <event2/event.h>

void reply(ac_future *done); /* yours */

struct replies {
    ac_iter *iter;
    struct event *event;
};

static void
on_replies(evutil_socket_t fd, short what, void *arg)
{
    struct replies *replies = arg;
    ac_future *done;
    int rc = AC_OK;

    (void)fd;
    (void)what;
    for (int i = 0; i < 16; i++) {
        if ((rc = ac_iter_next(replies->iter, AC_POLL, &done)) != AC_OK)
            break;
        reply(done);
        ac_future_unref(done);
    }
    if (rc == AC_DONE)
        event_del(replies->event);
}

/* 0 or -1.  At the end: event_free(), then ac_iter_destroy(). */
int
watch_iter(struct event_base *base, struct replies *replies)
{
    int fd;

    if (ac_iter_fd(replies->iter, &fd) != AC_OK)
        return -1;
    replies->event = event_new(base, fd, EV_READ | EV_PERSIST,
                               on_replies, replies);
    if (replies->event == NULL)
        return -1;
    return event_add(replies->event, NULL);
}
