/*
 * crew - threads that begin together, for workloads with several submitters
 *
 * Locking: a crew's mutex guards all but what is said to be fixed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>

struct bench_crew {
    pthread_mutex_t mu;
    pthread_cond_t all_there;
    size_t missing;   /* mu */
    int64_t began;    /* mu; when the last of them was prepared */
    int64_t ended;    /* mu; when the last of them was through */
    bench_hand *hand; /* fixed */
    void *shared;     /* fixed */
};

struct member {
    pthread_t thread;
    bench_crew *crew;
    size_t who;
};

void
bench_begin(bench_crew *crew)
{
    pthread_mutex_lock(&crew->mu);
    if (--crew->missing == 0) {
        crew->began = bench_now();
        pthread_cond_broadcast(&crew->all_there);
    }
    while (crew->missing > 0)
        pthread_cond_wait(&crew->all_there, &crew->mu);
    pthread_mutex_unlock(&crew->mu);
}

void
bench_end(bench_crew *crew)
{
    int64_t now = bench_now();

    pthread_mutex_lock(&crew->mu);
    if (now > crew->ended)
        crew->ended = now;
    pthread_mutex_unlock(&crew->mu);
}

static void *
member_main(void *arg)
{
    struct member *member = arg;

    member->crew->hand(member->crew, member->crew->shared, member->who);
    return NULL;
}

int64_t
bench_crew_run(size_t n, bench_hand *hand, void *shared)
{
    bench_crew crew = {.missing = n, .hand = hand, .shared = shared};
    struct member *members = bench_array(n, sizeof(*members));

    BENCH_MUST(pthread_mutex_init(&crew.mu, NULL) == 0);
    BENCH_MUST(pthread_cond_init(&crew.all_there, NULL) == 0);
    for (size_t i = 0; i < n; i++) {
        members[i].crew = &crew;
        members[i].who = i;
        BENCH_MUST(pthread_create(&members[i].thread, NULL, member_main,
                                  &members[i]) == 0);
    }
    for (size_t i = 0; i < n; i++)
        BENCH_MUST(pthread_join(members[i].thread, NULL) == 0);
    pthread_cond_destroy(&crew.all_there);
    pthread_mutex_destroy(&crew.mu);
    free(members);
    return crew.ended - crew.began;
}
