/*
 * Levels under load: two producers keep the highest level full, and one task
 * at a time of each lower level has to get through.  None is passed over more
 * often than is said, and nothing is lost.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { FLOODERS = 2, CAPACITY = 64 };

typedef struct shared {
    size_t rounds;
    ac_pool *pool;
    ac_task_attr *attrs[3];   /* by level */
    atomic_uint waiting;      /* producers that have yet to get through */
    atomic_size_t started[3]; /* by level */
    unsigned workers;
} shared;

/* A task, and how many had passed by when it was started. */
typedef struct task {
    stress_token token;
    shared *shared;
    ac_priority level;
    size_t passed;
} task;

static size_t
higher(shared *s, ac_priority level)
{
    size_t n = 0;

    for (int i = (int)level + 1; i < 3; i++)
        n += atomic_load(&s->started[i]);
    return n;
}

static int
run(void *arg, void **result)
{
    task *t = arg;

    atomic_fetch_add(&t->shared->started[t->level], 1);
    t->passed = higher(t->shared, t->level);
    return stress_brief(arg, result);
}

static void
submit(shared *s, ac_priority level, ac_future **future)
{
    task *t = stress_token_make(sizeof(*t));
    int rc;

    t->shared = s;
    t->level = level;
    rc = ac_submit_until(s->pool, s->attrs[level], run, t, AC_FOREVER, future);
    STRESS_MUST(rc == AC_OK);
    stress_token_said(t, rc);
}

static void
flood(shared *s)
{
    while (atomic_load(&s->waiting) > 0)
        submit(s, AC_PRIORITY_HIGH, NULL);
}

/* It is the only one of its level, so it is the oldest at once.  What the
 * worker had just taken before may not have been counted yet; of several
 * workers one may count after another has taken it, so that nothing is known.
 */
static void
get_through(shared *s, ac_priority level)
{
    for (size_t round = 0; round < s->rounds; round++) {
        ac_future *future;
        submit(s, level, &future);
        size_t before = higher(s, level);
        STRESS_MUST(ac_future_wait(future, AC_FOREVER) == AC_OK);
        const task *t = ac_future_arg(future);
        STRESS_MUST(s->workers > 1 || t->passed <= before + AC_MAX_PASSED + 1);
        stress_deliver(future);
    }
    atomic_fetch_sub(&s->waiting, 1);
}

static void
produce(void *arg, unsigned who)
{
    if (who < FLOODERS)
        flood(arg);
    else
        get_through(arg,
                    who == FLOODERS ? AC_PRIORITY_LOW : AC_PRIORITY_NORMAL);
}

static void
go(shared *s, unsigned workers)
{
    ac_pool_attr *attr;
    stress_crew crew;

    s->workers = workers;
    STRESS_MUST(ac_pool_attr_create(&attr) == AC_OK);
    STRESS_MUST(ac_pool_attr_set_capacity(attr, CAPACITY) == AC_OK);
    STRESS_MUST(ac_pool_create(workers, attr, &s->pool) == AC_OK);
    ac_pool_attr_destroy(attr);
    for (int i = 0; i < 3; i++)
        atomic_init(&s->started[i], 0);
    atomic_init(&s->waiting, 2);
    stress_crew_start(&crew, FLOODERS + 2, produce, s);
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_wait_idle(s->pool, AC_FOREVER) == AC_OK);
    stress_check_stats(s->pool, CAPACITY);
    STRESS_MUST(ac_pool_destroy(s->pool) == AC_OK);
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};

    s.rounds = (s.rounds + 9) / 10; /* some 64 others for each */
    for (int i = 0; i < 3; i++) {
        STRESS_MUST(ac_task_attr_create(&s.attrs[i]) == AC_OK);
        stress_attr_set(s.attrs[i]);
        STRESS_MUST(ac_task_attr_set_priority(s.attrs[i], (ac_priority)i) ==
                    AC_OK);
    }
    go(&s, 1);
    go(&s, 2);
    for (int i = 0; i < 3; i++)
        ac_task_attr_destroy(s.attrs[i]);
    return stress_end();
}
