/*
 * Tasks that are too late, and a queue that is full: who finds it full ends
 * them and takes their room; who stands in line for room wakes up for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "owned.h"

enum { SOON_MS = 50 };

/* A pool whose only worker is stuck. */
typedef struct full {
    ac_pool *pool;
    support_hold hold;
} full;

static void
full_init(full *p, size_t capacity)
{
    ac_pool_attr *attr = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, capacity), AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &p->pool), AC_OK);
    ac_pool_attr_destroy(attr);
    support_hold_worker(&p->hold, p->pool);
}

static void
full_end(full *p)
{
    support_hold_end(&p->hold);
    support_pool_end(p->pool);
}

static ac_task_attr *
start_by(ac_deadline deadline)
{
    ac_task_attr *attr = owned_attr();

    ck_assert_int_eq(ac_task_attr_set_start_by(attr, deadline), AC_OK);
    return attr;
}

static ac_future *
put(full *p, ac_deadline deadline, owned *o)
{
    ac_task_attr *attr = start_by(deadline);
    ac_future *f = NULL;

    *o = (owned){.runs = 0};
    ck_assert_int_eq(ac_submit(p->pool, attr, owned_run, o, &f), AC_OK);
    ac_task_attr_destroy(attr);
    return f;
}

static uint64_t
stat(full *p, int which)
{
    uint64_t values[AC_STATS];

    ck_assert_int_eq(ac_pool_stats(p->pool, values, AC_STATS), AC_OK);
    return values[which];
}

static void
drop(ac_future *f, int status)
{
    ck_assert_int_eq(ac_future_status(f), status);
    ac_future_unref(f);
}

/* ---- Who finds it full ---------------------------------------------- */

/* Return when it has passed; nobody is met by that. */
static void
let_pass(full *p, ac_deadline deadline)
{
    ck_assert_int_eq(ac_future_wait(p->hold.future, deadline), AC_ETIMEDOUT);
}

enum { SUBMIT, UNTIL, MANY, ITER, CALLS };

static int
submit_as(int call, full *p, ac_iter *iter, owned *mine)
{
    void *args[2] = {mine, mine + 1};

    if (call == SUBMIT)
        return ac_submit(p->pool, NULL, owned_run, mine, NULL);
    if (call == UNTIL)
        return ac_submit_until(p->pool, NULL, owned_run, mine, AC_POLL, NULL);
    if (call == MANY)
        return ac_submit_many(p->pool, NULL, owned_run, args, 2, AC_POLL, NULL);
    return ac_iter_submit(iter, p->pool, NULL, owned_run, mine, AC_POLL, NULL);
}

/* Two of three are too late: they end here, the third one keeps its place. */
START_TEST(s46_a_full_queue_is_rid_of_them)
{
    for (int call = 0; call < CALLS; call++) {
        full p;
        owned o[3], mine[2] = {{.runs = 0}, {.runs = 0}};
        ac_future *f[3];
        called c[3];
        ac_iter *iter = NULL;
        const ac_deadline soon = ac_deadline_in_ms(SOON_MS);
        full_init(&p, 3);
        ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
        for (int i = 0; i < 3; i++) {
            f[i] = put(&p, i == 1 ? support_far() : soon, &o[i]);
            called_when_done(&c[i], f[i]);
        }
        let_pass(&p, soon);
        ck_assert_int_eq(submit_as(call, &p, iter, mine), AC_OK);
        for (int i = 0; i < 3; i++) {
            ck_assert_int_eq(c[i].times, i != 1);
            if (i != 1)
                ck_assert(pthread_equal(c[i].thread, pthread_self()));
        }
        ck_assert_uint_eq(stat(&p, AC_STAT_EXPIRED), 2);
        ck_assert_uint_eq(stat(&p, AC_STAT_QUEUED), call == MANY ? 3 : 2);
        drop(f[0], AC_EEXPIRED);
        drop(f[2], AC_EEXPIRED);
        full_end(&p);
        drop(f[1], AC_OK);
        ck_assert_int_eq(mine[0].runs, 1);
        ck_assert_int_eq(mine[1].runs, call == MANY);
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(o[i].freed_as_arg, i != 1);
        ac_iter_destroy(iter);
    }
}
END_TEST

/* It is as full as before: none of those in it is too late. */
START_TEST(s44_s46_those_in_time_keep_their_room)
{
    const int full_says[CALLS] = {AC_EAGAIN, AC_ETIMEDOUT, AC_ETIMEDOUT,
                                  AC_ETIMEDOUT};
    full p;
    owned o[2], mine[2];
    ac_future *f[2];
    ac_iter *iter = NULL;

    full_init(&p, 2);
    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    f[0] = put(&p, support_far(), &o[0]);
    f[1] = put(&p, INT64_MAX - 1, &o[1]);
    for (int call = 0; call < CALLS; call++)
        ck_assert_int_eq(submit_as(call, &p, iter, mine), full_says[call]);
    ck_assert_uint_eq(stat(&p, AC_STAT_QUEUED), 2);
    ck_assert_uint_eq(stat(&p, AC_STAT_EXPIRED), 0);
    ac_iter_destroy(iter);
    full_end(&p);
    for (int i = 0; i < 2; i++)
        drop(f[i], AC_OK);
}
END_TEST

/* Both are late, and room for both is wanted; one would not do. */
START_TEST(s43_s46_not_enough_room_is_no_room)
{
    full p;
    owned o[2], mine[2] = {{.runs = 0}, {.runs = 0}};
    void *args[2] = {&mine[0], &mine[1]};
    const ac_deadline soon = ac_deadline_in_ms(SOON_MS);

    full_init(&p, 2);
    ac_future *late = put(&p, soon, &o[0]);
    ac_future *other = put(&p, AC_FOREVER, &o[1]);
    let_pass(&p, soon);
    ck_assert_int_eq(
        ac_submit_many(p.pool, NULL, owned_run, args, 2, AC_POLL, NULL),
        AC_ETIMEDOUT);
    drop(late, AC_EEXPIRED); /* it was met all the same */
    ck_assert_int_eq(ac_submit(p.pool, NULL, owned_run, &mine[0], NULL), AC_OK);
    full_end(&p);
    drop(other, AC_OK);
    ck_assert_int_eq(mine[0].runs, 1);
    ck_assert_int_eq(mine[1].runs, 0);
}
END_TEST

/* ---- Who stands in line --------------------------------------------- */

typedef struct place {
    support_thread thread;
    full *pool;
    ac_deadline start_by; /* of the task that he wants in */
    owned o;
    ac_future *f;
    int rc;
} place;

static void
stand_main(void *arg)
{
    place *w = arg;
    ac_task_attr *attr = NULL;

    SUPPORT_CHECK_INT(ac_task_attr_create(&attr), AC_OK);
    SUPPORT_CHECK_INT(ac_task_attr_set_start_by(attr, w->start_by), AC_OK);
    w->rc = ac_submit_until(w->pool->pool, attr, owned_run, &w->o, AC_FOREVER,
                            &w->f);
    ac_task_attr_destroy(attr);
}

static void
stand_in_line(place *w, full *p, ac_deadline deadline)
{
    *w = (place){.pool = p, .start_by = deadline, .rc = -1};
    support_thread_start(&w->thread, stand_main, w);
    support_thread_await_sleep(&w->thread);
}

/* He got in. */
static void
leave_line(place *w)
{
    support_thread_join(&w->thread);
    ck_assert_int_eq(w->rc, AC_OK);
}

START_TEST(s46_who_stands_in_line_wakes_for_it)
{
    full p;
    owned o;
    place w[2];

    full_init(&p, 1);
    ac_future *f = put(&p, ac_deadline_in_ms(SOON_MS), &o);
    stand_in_line(&w[0], &p, ac_deadline_in_ms(2 * (int64_t)SOON_MS));
    stand_in_line(&w[1], &p, AC_FOREVER);
    leave_line(&w[0]);
    drop(f, AC_EEXPIRED);
    leave_line(&w[1]); /* he waited for the task of the one before him */
    drop(w[0].f, AC_EEXPIRED);
    full_end(&p);
    drop(w[1].f, AC_OK);
    ck_assert_int_eq(w[0].o.runs, 0);
    ck_assert_int_eq(w[1].o.runs, 1);
}
END_TEST

/*
 * Three in line, and room for two of them; the task of the first expires
 * then, of which only the third can make use.
 */
START_TEST(s46_the_next_in_line_learns_of_an_expiry)
{
    full p;
    owned o[2];
    place w[3];

    full_init(&p, 2);
    ac_future *f[2] = {put(&p, AC_FOREVER, &o[0]), put(&p, AC_FOREVER, &o[1])};
    stand_in_line(&w[0], &p, ac_deadline_in_ms(4 * (int64_t)SOON_MS));
    stand_in_line(&w[1], &p, AC_FOREVER);
    stand_in_line(&w[2], &p, AC_FOREVER);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ac_future_cancel(f[i]), AC_OK);
        drop(f[i], AC_ECANCELED);
        leave_line(&w[i]);
    }
    leave_line(&w[2]);
    full_end(&p);
    drop(w[0].f, AC_EEXPIRED);
    drop(w[1].f, AC_OK);
    drop(w[2].f, AC_OK);
}
END_TEST

typedef struct overtaker {
    place place;
    ac_future *other; /* makes room once he is in */
    int second;       /* what his second submission said */
} overtaker;

static void
overtake_main(void *arg)
{
    overtaker *t = arg;

    stand_main(&t->place);
    SUPPORT_CHECK_INT(ac_future_cancel(t->other), AC_OK);
    t->second =
        ac_submit(t->place.pool->pool, NULL, owned_run, &t->place.o, NULL);
}

/* The one behind him has waited for that room: he is told of the expiry, and
 * must not lose his place by it. */
START_TEST(s46_nobody_gets_past_one_that_is_told_of_an_expiry)
{
    for (int i = 0; i < 20; i++) {
        full p;
        owned o[2];
        overtaker t = {.second = -1};
        place w;
        full_init(&p, 2);
        ac_future *f = put(&p, AC_FOREVER, &o[0]);
        t.other = put(&p, AC_FOREVER, &o[1]);
        t.place = (place){.pool = &p, .start_by = support_far(), .rc = -1};
        support_thread_start(&t.place.thread, overtake_main, &t);
        support_thread_await_sleep(&t.place.thread);
        stand_in_line(&w, &p, AC_FOREVER);
        ck_assert_int_eq(ac_future_cancel(f), AC_OK);
        leave_line(&t.place);
        ck_assert_int_eq(t.second, AC_EAGAIN);
        leave_line(&w);
        full_end(&p);
        drop(f, AC_ECANCELED);
        drop(t.other, AC_ECANCELED);
        drop(t.place.f, AC_OK);
        drop(w.f, AC_OK);
    }
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("start by, and room");
    TCase *tcase = support_tcase("full");

    tcase_add_test(tcase, s46_a_full_queue_is_rid_of_them);
    tcase_add_test(tcase, s44_s46_those_in_time_keep_their_room);
    tcase_add_test(tcase, s43_s46_not_enough_room_is_no_room);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("in line");
    tcase_add_test(tcase, s46_who_stands_in_line_wakes_for_it);
    tcase_add_test(tcase, s46_the_next_in_line_learns_of_an_expiry);
    tcase_add_test(tcase, s46_nobody_gets_past_one_that_is_told_of_an_expiry);
    suite_add_tcase(suite, tcase);
    return suite;
}
