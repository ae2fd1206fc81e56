/*
 * Pools made and destroyed by several threads at the same time, with tasks
 * whose futures outlive them; some are refused by a start hook.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

enum { MAKERS = 4, TASKS = 4 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_pool_attr *plain;
    ac_pool_attr *hooked;
    ac_pool_attr *refused;
    atomic_size_t starts;
    atomic_size_t stops;
} shared;

static int
start(size_t worker, void *arg)
{
    shared *s = arg;

    (void)worker;
    atomic_fetch_add_explicit(&s->starts, 1, memory_order_relaxed);
    return 0;
}

/* The last worker of three says no. */
static int
start_or_refuse(size_t worker, void *arg)
{
    return worker == 2 ? 1 : start(worker, arg);
}

static void
stop(size_t worker, void *arg)
{
    shared *s = arg;

    (void)worker;
    atomic_fetch_add_explicit(&s->stops, 1, memory_order_relaxed);
}

/* What is left of it when the pool is gone. */
static void
collect(ac_iter *iter, ac_future *kept)
{
    ac_future *future;
    int rc;

    STRESS_MUST(ac_future_wait(kept, AC_POLL) == AC_OK);
    stress_deliver(kept);
    STRESS_MUST(ac_iter_close(iter) == AC_OK);
    while ((rc = ac_iter_next(iter, AC_POLL, &future)) == AC_OK)
        stress_deliver(future);
    STRESS_MUST(rc == AC_DONE);
    ac_iter_destroy(iter);
}

static void
use(ac_pool *pool, stress_dice *dice)
{
    ac_iter *iter;
    ac_future *kept;

    STRESS_MUST(ac_iter_open(&iter) == AC_OK);
    STRESS_MUST(stress_submit(pool, NULL, &kept) == AC_OK);
    for (int i = 0; i < TASKS; i++)
        STRESS_MUST(stress_submit(pool, i % 2 ? iter : NULL, NULL) == AC_OK);
    if (stress_dice_roll(dice, 2))
        stress_dawdle(dice);
    if (stress_dice_roll(dice, 3) == 0)
        STRESS_MUST(ac_pool_shutdown(pool, AC_CANCEL, AC_FOREVER, NULL) ==
                    AC_OK);
    STRESS_MUST(ac_pool_destroy(pool) == AC_OK);
    collect(iter, kept);
}

static void
maker(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who);

    for (size_t round = 0; round < s->rounds; round++) {
        ac_pool *pool = NULL;
        stress_rally_meet(&s->rally);
        switch (stress_dice_roll(&dice, 4)) {
        case 0:
            STRESS_MUST(ac_pool_create(3, s->refused, &pool) == AC_EHOOK);
            STRESS_MUST(pool == NULL);
            continue;
        case 1:
            STRESS_MUST(ac_pool_create(2, s->hooked, &pool) == AC_OK);
            break;
        default:
            STRESS_MUST(ac_pool_create(1 + who, s->plain, &pool) == AC_OK);
        }
        use(pool, &dice);
    }
}

static ac_pool_attr *
make_attr(shared *s, ac_start_fn *start_fn)
{
    ac_pool_attr *attr;

    STRESS_MUST(ac_pool_attr_create(&attr) == AC_OK);
    if (start_fn != NULL)
        STRESS_MUST(ac_pool_attr_set_hooks(attr, start_fn, stop, s) == AC_OK);
    return attr;
}

/* 1,000 pools at least, and 100,000 where everything else gets a million. */
int
main(int argc, char **argv)
{
    size_t pools = stress_begin(argc, argv) / 10;
    shared s = {.plain = NULL};
    stress_crew crew;

    s.rounds = (pools > 1000 ? pools : 1000) / MAKERS;
    s.plain = make_attr(&s, NULL);
    s.hooked = make_attr(&s, start);
    s.refused = make_attr(&s, start_or_refuse);
    stress_rally_init(&s.rally, MAKERS);
    stress_crew_start(&crew, MAKERS, maker, &s);
    stress_crew_join(&crew);
    STRESS_MUST(atomic_load(&s.starts) == atomic_load(&s.stops));
    ac_pool_attr_destroy(s.plain);
    ac_pool_attr_destroy(s.hooked);
    ac_pool_attr_destroy(s.refused);
    return stress_end();
}
