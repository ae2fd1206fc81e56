/* task_priority: three levels, and a request that has waited too long.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

static sem_t started, go;

static int
hold(void *arg, void **result)
{
    (void)arg;
    (void)result;
    return sem_post(&started) != 0 || sem_wait(&go) != 0;
}

static int
say(void *arg, void **result)
{
    (void)result;
    return puts(arg) == EOF;
}

static void
must(int rc)
{
    if (rc != AC_OK) {
        fprintf(stderr, "%s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

static ac_pool *pool;
static ac_task_attr *attr;

static void
send_one(ac_priority priority, char *text)
{
    must(ac_task_attr_set_priority(attr, priority));
    must(ac_submit(pool, attr, say, text, NULL));
}

int
main(void)
{
    char batch[] = "low: the nightly report", page[] = "normal: a page",
         health[] = "high: the health check", late[] = "never said";
    ac_future *stale;

    if (sem_init(&started, 0, 0) != 0 || sem_init(&go, 0, 0) != 0)
        exit(EXIT_FAILURE);
    must(ac_task_attr_create(&attr));
    must(ac_pool_create(1, NULL, &pool));
    must(ac_submit(pool, NULL, hold, NULL, NULL));
    if (sem_wait(&started) != 0) /* the worker is busy now */
        exit(EXIT_FAILURE);
    send_one(AC_PRIORITY_LOW, batch);
    send_one(AC_PRIORITY_NORMAL, page);
    send_one(AC_PRIORITY_HIGH, health);

    must(ac_task_attr_set_start_by(attr, ac_deadline_in_ms(20)));
    must(ac_submit(pool, attr, say, late, &stale));
    if (ac_future_wait(stale, AC_FOREVER) != AC_OK
        || ac_future_status(stale) != AC_EEXPIRED)
        exit(EXIT_FAILURE);
    puts("20 ms are over, and nobody has started it");

    if (sem_post(&go) != 0)
        exit(EXIT_FAILURE);
    ac_future_unref(stale);
    ac_task_attr_destroy(attr);
    must(ac_pool_destroy(pool));
    exit(EXIT_SUCCESS);
}
