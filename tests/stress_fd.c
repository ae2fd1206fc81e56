/*
 * The descriptor raised and lowered: four producers submit and add, four
 * consumers wait for the descriptor alone and take what there is.  One that is
 * not raised leaves a consumer in poll() for ever.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stress.h"

#include <poll.h>

enum { PRODUCERS = 4, CONSUMERS = 4, TASKS = 3 };

typedef struct shared {
    size_t rounds;
    stress_rally rally;
    ac_pool *pool;
    ac_iter *iter;
    int fd;
    atomic_uint at_it; /* producers */
} shared;

/* The last of them closes it, which makes it readable for good. */
static void
produce(shared *s, stress_dice *dice)
{
    ac_future *future;

    for (int i = 0; i < TASKS; i++) {
        if (stress_dice_roll(dice, 2)) {
            STRESS_MUST(stress_submit(s->pool, s->iter, NULL) == AC_OK);
        } else {
            STRESS_MUST(stress_submit(s->pool, NULL, &future) == AC_OK);
            STRESS_MUST(ac_iter_add(s->iter, future) == AC_OK);
            ac_future_unref(future);
        }
        stress_dawdle(dice);
    }
    if (atomic_fetch_sub(&s->at_it, 1) == 1)
        STRESS_MUST(ac_iter_close(s->iter) == AC_OK);
}

static int
is_readable(int fd, int timeout)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    return poll(&poller, 1, timeout) == 1;
}

/* Until all is taken; another one may be faster each time. */
static void
consume(shared *s)
{
    ac_future *future;
    int rc;

    do {
        STRESS_MUST(is_readable(s->fd, -1));
        rc = ac_iter_next(s->iter, AC_POLL, &future);
        if (rc == AC_OK)
            stress_deliver(future);
    } while (rc == AC_OK || rc == AC_ETIMEDOUT);
    STRESS_MUST(rc == AC_DONE);
    STRESS_MUST(is_readable(s->fd, 0));
}

static void
take_part(void *arg, unsigned who)
{
    shared *s = arg;
    stress_dice dice = stress_dice_make(who + 1);

    for (size_t round = 0; round < s->rounds; round++) {
        stress_rally_meet(&s->rally);
        if (who < PRODUCERS)
            produce(s, &dice);
        else
            consume(s);
        stress_rally_meet(&s->rally);
    }
}

int
main(int argc, char **argv)
{
    shared s = {.rounds = stress_begin(argc, argv)};
    stress_crew crew;

    stress_rally_init(&s.rally, PRODUCERS + CONSUMERS + 1);
    STRESS_MUST(ac_pool_create(2, NULL, &s.pool) == AC_OK);
    stress_crew_start(&crew, PRODUCERS + CONSUMERS, take_part, &s);
    for (size_t round = 0; round < s.rounds; round++) {
        STRESS_MUST(ac_iter_open(&s.iter) == AC_OK);
        STRESS_MUST(ac_iter_fd(s.iter, &s.fd) == AC_OK);
        STRESS_MUST(!is_readable(s.fd, 0));
        atomic_store(&s.at_it, PRODUCERS);
        stress_rally_meet(&s.rally);
        stress_rally_meet(&s.rally);
        STRESS_MUST(stress_delivered() == stress_submitted());
        ac_iter_destroy(s.iter);
    }
    stress_crew_join(&crew);
    STRESS_MUST(ac_pool_destroy(s.pool) == AC_OK);
    return stress_end();
}
