/*
 * A done callback is called with no lock held, whoever calls it: while it
 * waits, another thread does all that there is to do with the same future, its
 * iterator, its pool and its neighbors.  (It must not wait, really.)
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "owned.h"

enum { NEIGHBORS = 64 }; /* enough for each lock of a pool's futures */

typedef struct scene {
    ac_pool *pool; /* its only worker is held up */
    support_hold hold;
    ac_iter *iter; /* has the future, and the hold's, which is pending */
    int n;         /* how many of these: */
    ac_future *neighbors[NEIGHBORS];
    ac_future *future; /* the one that is done */
    int calls;
} scene;

static void
visit_neighbors(scene *s)
{
    for (int i = 0; i < s->n; i++) {
        SUPPORT_CHECK_INT(ac_future_wait(s->neighbors[i], ac_now()),
                          AC_ETIMEDOUT);
        SUPPORT_CHECK_INT(ac_future_cancel(s->neighbors[i]), AC_OK);
    }
}

/* In a thread of its own. */
static void
rival(void *arg)
{
    scene *s = arg;
    ac_future *done = NULL;
    called c = {.times = 0};
    uint64_t stats[AC_STATS];

    SUPPORT_CHECK_INT(ac_future_on_done(s->future, called_note, &c), AC_OK);
    SUPPORT_CHECK_INT(c.times, 1);
    SUPPORT_CHECK_INT(ac_future_wait(s->future, AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(ac_iter_add(s->iter, s->future), AC_OK);
    for (int i = 0; i < 2; i++) {
        SUPPORT_CHECK_INT(ac_iter_next(s->iter, AC_FOREVER, &done), AC_OK);
        SUPPORT_CHECK(done == s->future);
        ac_future_unref(done);
    }
    SUPPORT_CHECK_INT(ac_iter_next(s->iter, AC_POLL, &done), AC_ETIMEDOUT);
    visit_neighbors(s);
    SUPPORT_CHECK_INT(ac_pool_wait_idle(s->pool, AC_POLL), AC_ETIMEDOUT);
    SUPPORT_CHECK_INT(ac_pool_stats(s->pool, stats, AC_STATS), AC_OK);
    /* Accepted or refused, but not stuck. */
    (void)ac_submit(s->pool, NULL, support_nothing, NULL, NULL);
}

static void
let_rival(ac_future *future, void *arg)
{
    scene *s = arg;
    support_thread thread;

    SUPPORT_CHECK(future == s->future);
    s->calls++;
    support_thread_start(&thread, rival, s);
    support_thread_join(&thread);
}

/* The queue has room for one more than the neighbors. */
static void
scene_init(scene *s, int neighbors)
{
    ac_pool_attr *attr = NULL;

    *s = (scene){.n = neighbors};
    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_capacity(attr, (size_t)neighbors + 1),
                     AC_OK);
    ck_assert_int_eq(ac_pool_create(1, attr, &s->pool), AC_OK);
    ac_pool_attr_destroy(attr);
    support_hold_worker(&s->hold, s->pool);
    for (int i = 0; i < neighbors; i++)
        s->neighbors[i] = support_submit(s->pool, support_nothing, NULL);
    ck_assert_int_eq(ac_iter_open(&s->iter), AC_OK);
    ck_assert_int_eq(ac_iter_add(s->iter, s->hold.future), AC_OK);
}

/* The future is the scene's now. */
static void
scene_watch(scene *s, ac_future *future)
{
    s->future = future;
    ck_assert_int_eq(ac_iter_add(s->iter, future), AC_OK);
    ck_assert_int_eq(ac_future_on_done(future, let_rival, s), AC_OK);
}

static void
scene_end(scene *s)
{
    ck_assert_int_eq(s->calls, 1);
    ac_iter_destroy(s->iter);
    for (int i = 0; i < s->n; i++)
        ac_future_unref(s->neighbors[i]);
    support_hold_end(&s->hold);
    support_pool_end(s->pool);
    ac_future_unref(s->future);
}

START_TEST(s37_no_lock_where_it_completes)
{
    scene s;
    support_gate gate;
    ac_pool *elsewhere = support_pool(1);

    support_gate_init(&gate);
    scene_init(&s, NEIGHBORS);
    scene_watch(&s, support_submit(elsewhere, support_wait_gate, &gate));
    support_gate_open(&gate);
    ck_assert_int_eq(ac_pool_wait_idle(elsewhere, AC_FOREVER), AC_OK);
    scene_end(&s);
    support_pool_end(elsewhere);
    support_gate_destroy(&gate);
}
END_TEST

START_TEST(s37_no_lock_where_it_is_canceled)
{
    for (int way = 0; way < 2; way++) {
        scene s;
        scene_init(&s, NEIGHBORS);
        scene_watch(&s, support_submit(s.pool, support_nothing, NULL));
        ck_assert_int_eq(way == 0 ? ac_future_cancel(s.future)
                                  : ac_iter_cancel(s.iter),
                         AC_OK);
        scene_end(&s);
    }
}
END_TEST

START_TEST(s37_no_lock_where_the_pool_is_stopped)
{
    scene s;
    size_t left = 0;

    scene_init(&s, 0);
    scene_watch(&s, support_submit(s.pool, support_nothing, NULL));
    ck_assert_int_eq(ac_pool_shutdown(s.pool, AC_CANCEL, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1);
    scene_end(&s);
}
END_TEST

START_TEST(s37_no_lock_where_a_promise_ends)
{
    for (int way = 0; way < 4; way++) {
        scene s;
        ac_promise *promise = NULL;
        ac_future *f = NULL;
        scene_init(&s, NEIGHBORS);
        ck_assert_int_eq(ac_promise_create(NULL, NULL, &promise, &f), AC_OK);
        if (way == 3) /* it is done when it is registered */
            ck_assert_int_eq(ac_promise_resolve(promise, NULL), AC_OK);
        scene_watch(&s, f);
        if (way == 0)
            ck_assert_int_eq(ac_promise_resolve(promise, NULL), AC_OK);
        else if (way == 1)
            ck_assert_int_eq(ac_future_cancel(f), AC_OK);
        ac_promise_destroy(promise);
        scene_end(&s);
    }
}
END_TEST

/* Met by a call about it, by one that submits, and by one who waits in line
 * to submit. */
START_TEST(s37_s46_no_lock_where_it_expires)
{
    for (int way = 0; way < 3; way++) {
        scene s;
        ac_task_attr *attr = NULL;
        ac_future *f = NULL;
        const ac_deadline start_by = ac_deadline_in_ms(100);
        scene_init(&s, NEIGHBORS);
        ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
        ck_assert_int_eq(ac_task_attr_set_start_by(attr, start_by), AC_OK);
        ck_assert_int_eq(ac_submit(s.pool, attr, support_nothing, NULL, &f),
                         AC_OK);
        scene_watch(&s, f);
        if (way < 2)
            (void)ac_future_wait(s.hold.future, start_by);
        if (way == 0)
            ck_assert_int_eq(ac_future_status(f), AC_EEXPIRED);
        else /* its callback lets the rival take this place too */
            ck_assert_int_eq(ac_submit_until(s.pool, NULL, support_nothing,
                                             NULL, AC_FOREVER, NULL),
                             AC_OK);
        ck_assert_int_eq(ac_future_status(f), AC_EEXPIRED);
        ac_task_attr_destroy(attr);
        scene_end(&s);
    }
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("locks and callbacks");
    TCase *tcase = support_tcase("locks");

    tcase_add_test(tcase, s37_no_lock_where_it_completes);
    tcase_add_test(tcase, s37_no_lock_where_it_is_canceled);
    tcase_add_test(tcase, s37_no_lock_where_the_pool_is_stopped);
    tcase_add_test(tcase, s37_no_lock_where_a_promise_ends);
    tcase_add_test(tcase, s37_s46_no_lock_where_it_expires);
    suite_add_tcase(suite, tcase);
    return suite;
}
