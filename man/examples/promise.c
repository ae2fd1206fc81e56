/* promise: four requests whose answers come from elsewhere.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void
must(int rc)
{
    if (rc != AC_OK) {
        fprintf(stderr, "%s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

static void
report(ac_future *done)
{
    void *result = NULL;
    int status = ac_future_get(done, AC_POLL, &result);

    printf("%s: ", (char *)ac_future_arg(done));
    if (status == AC_OK)
        printf("answered %s\n", (char *)result);
    else if (status == AC_EFAILED && ac_future_error(done) == EPIPE)
        puts("the connection broke");
    else if (status == AC_ECANCELED)
        puts("canceled");
    else if (status == AC_EBROKEN)
        puts("nobody answered");
}

int
main(void)
{
    char *names[] = { "a", "b", "c", "d" }, answer[] = "42";
    ac_promise *promises[4];
    ac_future *futures[4], *done;
    ac_iter *iter;
    int rc;

    for (int i = 0; i < 4; i++)
        must(ac_promise_create(NULL, names[i], &promises[i],
                               &futures[i]));
    must(ac_as_completed(futures, 4, &iter));

    /* What an event loop would do, as news come in. */
    must(ac_promise_fail(promises[1], EPIPE, NULL));
    must(ac_promise_resolve(promises[0], answer));
    must(ac_future_cancel(futures[2]));
    if (ac_promise_resolve(promises[2], answer) == AC_EALREADY)
        puts("c: too late, the answer is still mine");
    for (int i = 0; i < 4; i++)
        ac_promise_destroy(promises[i]);

    while ((rc = ac_iter_next(iter, AC_FOREVER, &done)) == AC_OK) {
        report(done);
        ac_future_unref(done);
    }
    ac_iter_destroy(iter);
    for (int i = 0; i < 4; i++)
        ac_future_unref(futures[i]);
    exit(rc == AC_DONE ? EXIT_SUCCESS : EXIT_FAILURE);
}
