/* submit: requests go out, replies come back through one open iterator.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>

struct request {
    int id, reply;
};

static int
serve(void *arg, void **result)
{
    struct request *request = arg;

    (void)result;
    request->reply = request->id * 10;
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

int
main(void)
{
    struct request requests[] = { { 1, 0 }, { 2, 0 }, { 3, 0 } };
    ac_pool *pool;
    ac_iter *iter;
    ac_future *done;
    int rc;

    must(ac_pool_create(1, NULL, &pool));   /* one worker: in order */
    must(ac_iter_open(&iter));
    for (int i = 0; i < 3; i++)
        must(ac_iter_submit(iter, pool, NULL, serve, &requests[i],
                            AC_FOREVER, NULL));
    must(ac_iter_close(iter));
    while ((rc = ac_iter_next(iter, AC_FOREVER, &done)) == AC_OK) {
        struct request *request = ac_future_arg(done);

        printf("request %d: %d\n", request->id, request->reply);
        ac_future_unref(done);
    }
    ac_iter_destroy(iter);
    must(ac_pool_destroy(pool));
    exit(rc == AC_DONE ? EXIT_SUCCESS : EXIT_FAILURE);
}
