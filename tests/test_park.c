/*
 * Parking: each thread sleeps on a record of its own, the waker picks one,
 * and the order is that of the list.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "park.h"

enum { N = 6 };

/* Threads that park in one list, and the order in which they came back. */
typedef struct lot {
    struct aci_mutex mu;
    struct aci_list waiting; /* mu */
    int order[N];            /* mu */
    int back;                /* mu */
} lot;

typedef struct sleeper {
    support_thread thread;
    struct aci_parked parked;
    lot *lot;
    int who;
    ac_deadline deadline;
    bool picked;
    bool linked; /* afterwards: is it in the list still? */
} sleeper;

static void
lot_init(lot *l)
{
    ck_assert_int_eq(aci_mutex_init(&l->mu), AC_OK);
    aci_list_init(&l->waiting);
    l->back = 0;
}

static void
sleep_main(void *arg)
{
    sleeper *s = arg;
    lot *l = s->lot;

    SUPPORT_CHECK_INT(aci_parked_init(&s->parked), AC_OK);
    aci_lock(&l->mu);
    aci_list_append(&l->waiting, &s->parked.link);
    s->picked = aci_park(&s->parked, &l->mu, s->deadline);
    s->linked = !aci_list_empty(&s->parked.link);
    l->order[l->back++] = s->who;
    aci_unlock(&l->mu);
    aci_parked_destroy(&s->parked);
}

static int
lot_size(lot *l)
{
    int n = 0;

    aci_lock(&l->mu);
    for (struct aci_list *at = l->waiting.next; at != &l->waiting;
         at = at->next)
        n++;
    aci_unlock(&l->mu);
    return n;
}

static int
lot_back(lot *l)
{
    aci_lock(&l->mu);
    int back = l->back;
    aci_unlock(&l->mu);
    return back;
}

/* Starts it; returns when it stands in the list. */
static void
sleeper_start(sleeper *s, lot *l, int who, ac_deadline deadline)
{
    int before = lot_size(l);

    *s = (sleeper){.lot = l, .who = who, .deadline = deadline};
    support_thread_start(&s->thread, sleep_main, s);
    while (lot_size(l) == before)
        support_thread_await_sleep(&s->thread);
}

static void
sleeper_end(sleeper *s, bool picked)
{
    support_thread_join(&s->thread);
    ck_assert_int_eq(s->picked, picked);
    ck_assert(!s->linked);
}

START_TEST(s60_the_first_in_is_the_first_out)
{
    lot l;
    sleeper sleepers[N];

    lot_init(&l);
    aci_lock(&l.mu);
    ck_assert(!aci_unpark_first(&l.waiting)); /* nobody waits */
    aci_unlock(&l.mu);
    for (int i = 0; i < N; i++)
        sleeper_start(&sleepers[i], &l, i, i % 2 ? AC_FOREVER : support_far());
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(lot_back(&l), i); /* nobody else woke */
        aci_lock(&l.mu);
        ck_assert(aci_unpark_first(&l.waiting));
        aci_unlock(&l.mu);
        sleeper_end(&sleepers[i], true);
        ck_assert_int_eq(l.order[i], i);
        ck_assert_int_eq(lot_size(&l), N - 1 - i);
    }
    aci_mutex_destroy(&l.mu);
}
END_TEST

START_TEST(s60_whom_it_picks_and_no_other)
{
    lot l;
    sleeper sleepers[N];

    lot_init(&l);
    for (int i = 0; i < N; i++)
        sleeper_start(&sleepers[i], &l, i, AC_FOREVER);
    aci_lock(&l.mu);
    aci_unpark(&sleepers[3].parked);
    aci_unlock(&l.mu);
    sleeper_end(&sleepers[3], true);
    ck_assert_int_eq(lot_size(&l), N - 1);
    aci_lock(&l.mu);
    aci_unpark_all(&l.waiting);
    ck_assert(aci_list_empty(&l.waiting));
    aci_unlock(&l.mu);
    for (int i = 0; i < N; i++)
        if (i != 3)
            sleeper_end(&sleepers[i], true);
    ck_assert_int_eq(l.order[0], 3);
    ck_assert_int_eq(l.back, N);
    aci_mutex_destroy(&l.mu);
}
END_TEST

START_TEST(s2_s6_s60_a_deadline_that_passes)
{
    struct aci_parked parked;
    lot l;

    lot_init(&l);
    ck_assert_int_eq(aci_parked_init(&parked), AC_OK);
    aci_lock(&l.mu);
    for (int i = 0; i < 10; i++) {
        ac_deadline deadline = i == 0 ? AC_POLL : ac_deadline_in_ns(i * 300007);
        aci_list_append(&l.waiting, &parked.link);
        ck_assert(!aci_park(&parked, &l.mu, deadline));
        ck_assert_int_ge(ac_now(), deadline);
        ck_assert(aci_list_empty(&parked.link)); /* out again */
        ck_assert(aci_list_empty(&l.waiting));
    }
    aci_unlock(&l.mu);
    aci_parked_destroy(&parked);
    aci_mutex_destroy(&l.mu);
}
END_TEST

START_TEST(s3_s60_picked_counts_also_when_the_deadline_has_passed)
{
    lot l;
    sleeper s;
    int64_t ms = 1;
    bool done = false;

    /* The mutex is held from before the deadline until after it, so that the
     * sleeper is awake and cannot look.  Too late to get it: once more. */
    lot_init(&l);
    while (!done) {
        ac_deadline deadline = ac_deadline_in_ms(ms);
        s = (sleeper){.lot = &l, .deadline = deadline};
        l.back = 0;
        support_thread_start(&s.thread, sleep_main, &s);
        support_thread_await_sleep(&s.thread);
        aci_lock(&l.mu);
        if (!aci_list_empty(&l.waiting)) {
            while (ac_now() <= deadline)
                continue;
            aci_unpark(&s.parked);
            done = true;
        }
        aci_unlock(&l.mu);
        sleeper_end(&s, done);
        ms *= 2;
    }
    aci_mutex_destroy(&l.mu);
}
END_TEST

/* Picked again and again: a record may be used any number of times. */
typedef struct ping {
    lot lot;
    struct aci_parked parked;
    int turns; /* lot.mu */
} ping;

static void
ping_main(void *arg)
{
    ping *p = arg;

    aci_lock(&p->lot.mu);
    for (int i = 0; i < 1000; i++) {
        aci_list_append(&p->lot.waiting, &p->parked.link);
        SUPPORT_CHECK(aci_park(&p->parked, &p->lot.mu, AC_FOREVER));
        p->turns++;
    }
    aci_unlock(&p->lot.mu);
}

START_TEST(s60_a_record_serves_again)
{
    ping p = {.turns = 0};
    support_thread thread;
    int woken = 0;

    lot_init(&p.lot);
    ck_assert_int_eq(aci_parked_init(&p.parked), AC_OK);
    support_thread_start(&thread, ping_main, &p);
    while (woken < 1000) {
        aci_lock(&p.lot.mu);
        woken += aci_unpark_first(&p.lot.waiting);
        aci_unlock(&p.lot.mu);
    }
    support_thread_join(&thread);
    ck_assert_int_eq(p.turns, 1000);
    aci_parked_destroy(&p.parked);
    aci_mutex_destroy(&p.lot.mu);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("park");
    TCase *tcase = support_tcase("park");

    tcase_add_test(tcase, s60_the_first_in_is_the_first_out);
    tcase_add_test(tcase, s60_whom_it_picks_and_no_other);
    tcase_add_test(tcase, s2_s6_s60_a_deadline_that_passes);
    tcase_add_test(tcase,
                   s3_s60_picked_counts_also_when_the_deadline_has_passed);
    tcase_add_test(tcase, s60_a_record_serves_again);
    suite_add_tcase(suite, tcase);
    return suite;
}
