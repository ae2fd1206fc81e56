/* loop_epoll: one thread reads requests and sends replies; none blocks.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct request {
    char letter, reply;
};

static int
serve(void *arg, void **result)
{
    struct request *request = arg;

    request->reply = request->letter - 'a' + 'A';
    *result = request;
    return 0;
}

static void
must(int rc)
{
    if (rc != AC_OK) {
        fprintf(stderr, "%s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

/* A request has come.  True if there may be more. */
static int
on_client(int client, ac_iter *iter, ac_pool *pool)
{
    struct request *request = calloc(1, sizeof(*request));

    if (request == NULL)
        exit(EXIT_FAILURE);
    if (read(client, &request->letter, 1) != 1) {
        free(request);
        return 0;
    }
    if (ac_iter_submit(iter, pool, NULL, serve, request, AC_POLL, NULL)
        != AC_OK) {
        puts("refused"); /* no room, for example */
        free(request);
    }
    return 1;
}

/* Replies are ready: send up to 16, then let others have their turn.
 * False at the end. */
static int
on_replies(ac_iter *iter)
{
    ac_future *done[16];
    size_t n;
    int rc = ac_iter_next_many(iter, done, 1, 16, AC_POLL, &n);

    if (rc != AC_OK)
        return rc == AC_ETIMEDOUT;
    for (size_t i = 0; i < n; i++) {
        struct request *request = ac_future_arg(done[i]);

        printf("%c: %c\n", request->letter, request->reply);
        free(request);
        ac_future_unref(done[i]);
    }
    return 1;
}

static void
watch(int loop, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

    if (epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) != 0)
        exit(EXIT_FAILURE);
}

int
main(void)
{
    int loop = epoll_create1(EPOLL_CLOEXEC), client[2], replies;
    int more = 1;
    struct epoll_event event;
    ac_pool *pool;
    ac_iter *iter;

    if (loop == -1 || pipe(client) != 0)
        exit(EXIT_FAILURE);
    must(ac_pool_create(1, NULL, &pool));
    must(ac_iter_open(&iter));
    must(ac_iter_fd(iter, &replies));
    watch(loop, client[0]);
    watch(loop, replies);
    if (write(client[1], "abc", 3) != 3 || close(client[1]) != 0)
        exit(EXIT_FAILURE);

    while (more) {
        if (epoll_wait(loop, &event, 1, -1) != 1)
            exit(EXIT_FAILURE);
        if (event.data.fd == replies) {
            more = on_replies(iter);
        } else if (!on_client(client[0], iter, pool)) {
            close(client[0]);          /* epoll forgets it */
            must(ac_iter_close(iter)); /* ends when all is sent */
        }
    }
    close(loop); /* before the iterator closes its descriptor */
    ac_iter_destroy(iter);
    must(ac_pool_destroy(pool));
    exit(EXIT_SUCCESS);
}
