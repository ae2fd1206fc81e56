/* cancellation: five ways in which a future may end without a result.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

static sem_t started;

/* Looks once in each turn, and cleans up before it says so. */
static int
polite(void *arg, void **result)
{
    (void)arg;
    (void)result;
    if (sem_post(&started) != 0)
        return 1;
    while (!ac_cancel_requested())
        sched_yield(); /* a piece of work goes here */
    return AC_TASK_CANCELED;
}

/* Has finished when it sees that it need not have. */
static int
stubborn(void *arg, void **result)
{
    int rc = polite(arg, result);

    return rc == AC_TASK_CANCELED ? 0 : rc;
}

static void
must(int rc)
{
    if (rc != AC_OK) {
        fprintf(stderr, "%s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

static const char *
name(int code)
{
    switch (code) {
    case AC_OK:
        return "AC_OK";
    case AC_EBUSY:
        return "AC_EBUSY";
    case AC_EALREADY:
        return "AC_EALREADY";
    case AC_ECANCELED:
        return "AC_ECANCELED";
    case AC_EEXPIRED:
        return "AC_EEXPIRED";
    case AC_EBROKEN:
        return "AC_EBROKEN";
    default:
        return "?";
    }
}

static void
end(const char *what, ac_future *future)
{
    int canceled = ac_future_cancel(future);

    must(ac_future_wait(future, AC_FOREVER));
    printf("%-12s %-11s -> %s\n", what, name(canceled),
           name(ac_future_status(future)));
    ac_future_unref(future);
}

int
main(void)
{
    ac_pool *pool;
    ac_task_attr *attr;
    ac_promise *promise;
    ac_future *running, *queued, *late, *promised;

    if (sem_init(&started, 0, 0) != 0)
        exit(EXIT_FAILURE);
    must(ac_pool_create(1, NULL, &pool));
    must(ac_task_attr_create(&attr));
    must(ac_task_attr_set_start_by(attr, ac_deadline_in_ms(0)));

    must(ac_submit(pool, NULL, polite, NULL, &running));
    if (sem_wait(&started) != 0)
        exit(EXIT_FAILURE);
    must(ac_submit(pool, NULL, polite, NULL, &queued));
    must(ac_submit(pool, attr, polite, NULL, &late));
    end("queued", queued);
    end("too late", late);
    end("running", running);
    must(ac_submit(pool, NULL, stubborn, NULL, &running));
    if (sem_wait(&started) != 0)
        exit(EXIT_FAILURE);
    end("stubborn", running);

    must(ac_promise_create(NULL, NULL, &promise, &promised));
    ac_promise_destroy(promise);
    end("broken", promised);

    ac_task_attr_destroy(attr);
    must(ac_pool_destroy(pool));
    exit(EXIT_SUCCESS);
}
