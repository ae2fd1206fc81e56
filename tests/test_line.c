/*
 * The line of those who wait for room: who is first, who gets past him (no
 * one), how they leave it, and what the clock does to it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "submitter.h"

/* ---- First come, first served --------------------------------------- */

enum { LINE = 4 };

typedef struct entry {
    size_t *n;
    int *order;
    int who;
} entry;

/* There is only one worker, so they come one after the other. */
static int
note_order(void *arg, void **result)
{
    const entry *e = arg;

    (void)result;
    e->order[(*e->n)++] = e->who;
    return 0;
}

/* A full pool, and those who wait for room in it, who came in this order. */
typedef struct queue_up {
    full_pool full;
    submitter s[LINE];
    entry entries[LINE + 1]; /* the last one is for a newcomer */
    int order[LINE + 1];
    size_t n;
} queue_up;

static void
queue_up_init(queue_up *q, size_t capacity)
{
    q->n = 0;
    full_pool_init(&q->full, capacity, 0);
    for (int i = 0; i <= LINE; i++)
        q->entries[i] = (entry){&q->n, q->order, i};
    for (int i = 0; i < LINE; i++) {
        q->s[i] = (submitter){.fn = note_order, .arg = &q->entries[i]};
        q->s[i].room_by = i % 2 == 0 ? AC_FOREVER : support_far();
        submitter_start(&q->s[i], q->full.pool, (size_t)i + 1);
    }
}

static int
newcomer(queue_up *q)
{
    return ac_submit(q->full.pool, NULL, note_order, &q->entries[LINE], NULL);
}

/* Those n have been started, in the order in which they came. */
static void
check_order(const queue_up *q, size_t n)
{
    ck_assert_uint_eq(q->n, n);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(q->order[i], (int)i);
}

START_TEST(s44_room_goes_to_who_came_first)
{
    queue_up q;

    queue_up_init(&q, LINE);
    for (size_t i = 0; i < LINE; i++) {
        full_pool_cancel(&q.full, LINE - 1 - i);
        await_line(q.full.pool, LINE - 1 - i);
        submitter_end(&q.s[i], AC_OK);
    }
    ck_assert_uint_eq(stat_of(q.full.pool, AC_STAT_QUEUED_MAX), LINE);
    ck_assert_uint_eq(full_pool_end(&q.full), 0);
    check_order(&q, LINE);
}
END_TEST

/* Room for all who wait and for one more, before any of them can have woken up:
 * their tasks are in the queue all the same. */
START_TEST(s44_who_comes_when_there_is_room_is_behind_those_who_waited)
{
    queue_up q;

    queue_up_init(&q, LINE + 1);
    for (size_t i = 0; i <= LINE; i++)
        full_pool_cancel(&q.full, i);
    ck_assert_uint_eq(stat_of(q.full.pool, AC_STAT_QUEUED), LINE);
    ck_assert_int_eq(newcomer(&q), AC_OK);
    for (size_t i = 0; i < LINE; i++)
        submitter_end(&q.s[i], AC_OK);
    ck_assert_uint_eq(stat_of(q.full.pool, AC_STAT_QUEUED_MAX), LINE + 1);
    ck_assert_uint_eq(full_pool_end(&q.full), 0);
    check_order(&q, LINE + 1);
}
END_TEST

/* The worker makes the room, as fast as it can. */
START_TEST(s44_s47_tasks_start_in_the_order_of_the_line)
{
    const size_t capacity = 1 + (size_t)_i % LINE;
    queue_up q;
    int rc;

    queue_up_init(&q, capacity);
    support_hold_release(&q.full.hold);
    while ((rc = newcomer(&q)) == AC_EAGAIN)
        sched_yield();
    ck_assert_int_eq(rc, AC_OK);
    for (size_t i = 0; i < LINE; i++)
        submitter_end(&q.s[i], AC_OK);
    ck_assert_uint_eq(stat_of(q.full.pool, AC_STAT_QUEUED_MAX), capacity);
    ck_assert_uint_eq(full_pool_end(&q.full), capacity);
    check_order(&q, LINE + 1);
}
END_TEST

/* Nobody gets past, however little he wants. */
static void
check_newcomers(const full_pool *full)
{
    void *args[1] = {NULL};
    ac_future *f = NULL;

    ck_assert_int_eq(ac_submit(full->pool, NULL, support_nothing, NULL, &f),
                     AC_EAGAIN);
    ck_assert_int_eq(
        ac_submit_until(full->pool, NULL, support_nothing, NULL, AC_POLL, &f),
        AC_ETIMEDOUT);
    ck_assert_int_eq(
        ac_submit_many(full->pool, NULL, support_nothing, args, 1, AC_POLL, &f),
        AC_ETIMEDOUT);
    ck_assert_ptr_null(f);
}

START_TEST(s44_who_wants_much_is_not_starved_by_those_who_want_little)
{
    submitter much = {.n = 4};
    submitter little = {.n = 0};
    full_pool full;

    full_pool_init(&full, 4, 0);
    submitter_start(&much, full.pool, 1);
    check_newcomers(&full);
    submitter_start(&little, full.pool, 2);
    for (size_t i = 0; i < 3; i++) {
        full_pool_cancel(&full, i);
        check_newcomers(&full);
        ck_assert_uint_eq(line_length(full.pool), 2);
    }
    full_pool_cancel(&full, 3);
    submitter_end(&much, AC_OK);
    ck_assert_uint_eq(line_length(full.pool), 1);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_QUEUED), 4);
    support_hold_release(&full.hold);
    submitter_end(&little, AC_OK);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_QUEUED_MAX), 4);
    ck_assert_uint_eq(full_pool_end(&full), 0);
}
END_TEST

/* What is left over when the first has got his goes to the next. */
START_TEST(s44_room_for_several_goes_to_several)
{
    submitter s[3] = {{.n = 2}, {.n = 1}, {.n = 3}};
    full_pool full;

    full_pool_init(&full, 6, 0);
    for (size_t i = 0; i < 3; i++)
        submitter_start(&s[i], full.pool, i + 1);
    full_pool_cancel(&full, 0);
    ck_assert_uint_eq(line_length(full.pool), 3);
    full_pool_cancel(&full, 1);
    submitter_end(&s[0], AC_OK);
    full_pool_cancel(&full, 2);
    submitter_end(&s[1], AC_OK);
    for (size_t i = 3; i < 5; i++)
        full_pool_cancel(&full, i);
    ck_assert_uint_eq(line_length(full.pool), 1);
    full_pool_cancel(&full, 5);
    submitter_end(&s[2], AC_OK);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_QUEUED_MAX), 6);
    ck_assert_uint_eq(full_pool_end(&full), 0);
}
END_TEST

/* ---- Out of the line ------------------------------------------------ */

START_TEST(s44_one_who_gives_up_lets_those_behind_him_go_on)
{
    submitter s[3] = {{.n = 3}, {.n = 0}, {.n = 1}};
    full_pool full;

    full_pool_init(&full, 3, 2);
    /* Nothing else happens from here on: two are behind him, for whom there is
     * room as soon as he goes. */
    s[0].room_by = ac_deadline_in_ms(50);
    for (size_t i = 0; i < 3; i++)
        submitter_go(&s[i], full.pool);
    submitter_end(&s[0], AC_ETIMEDOUT);
    ck_assert_int_ge(s[0].back, s[0].room_by);
    submitter_end(&s[1], AC_OK);
    submitter_end(&s[2], AC_OK);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_REJECTED), 3);
    ck_assert_uint_eq(full_pool_end(&full), 1);
}
END_TEST

START_TEST(s44_one_who_gives_up_behind_others_changes_nothing)
{
    submitter first = {.n = 2};
    full_pool full;

    full_pool_init(&full, 2, 1);
    submitter_start(&first, full.pool, 1);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(ac_submit_until(full.pool, NULL, support_nothing, NULL,
                                         ac_deadline_in_ms(1), NULL),
                         AC_ETIMEDOUT);
    ck_assert_uint_eq(line_length(full.pool), 1);
    check_newcomers(&full);
    full_pool_cancel(&full, 0);
    submitter_end(&first, AC_OK);
    ck_assert_uint_eq(full_pool_end(&full), 0);
}
END_TEST

typedef struct insider {
    support_gate started;
    support_gate go;
    submitter s;
} insider;

static int
submit_inside(void *arg, void **result)
{
    insider *in = arg;

    (void)result;
    support_gate_open(&in->started);
    support_gate_wait(&in->go);
    submitter_main(&in->s);
    return 0;
}

/* There is room for what it wants, but others came first. */
START_TEST(s42_a_worker_does_not_get_past_them_either)
{
    submitter first = {.n = 2};
    ac_pool *pool = bounded_pool(2, 2);
    insider in = {.s = {.pool = pool, .rc = -1}};
    support_hold hold;

    support_gate_init(&in.started);
    support_gate_init(&in.go);
    support_hold_worker(&hold, pool);
    ac_future *inside = support_submit(pool, submit_inside, &in);
    support_gate_wait(&in.started);
    ac_future *queued = support_submit(pool, support_nothing, NULL);
    submitter_start(&first, pool, 1);
    support_gate_open(&in.go);
    ck_assert_int_eq(ac_future_wait(inside, AC_FOREVER), AC_OK);
    ck_assert_int_eq(in.s.rc, AC_EAGAIN);
    submitter_end(&first, AC_OK);
    support_hold_end(&hold);
    support_pool_end(pool);
    ac_future_unref(inside);
    ac_future_unref(queued);
    support_gate_destroy(&in.started);
    support_gate_destroy(&in.go);
}
END_TEST

START_TEST(s44_shutdown_wakes_all_who_wait_for_room)
{
    const ac_shutdown how = _i == 0 ? AC_DRAIN : AC_CANCEL;
    submitter s[3] = {{.n = 0}, {.n = 2, .room_by = support_far()}, {.n = 0}};
    full_pool full;

    ck_assert_int_eq(ac_iter_open(&s[2].iter), AC_OK);
    full_pool_init(&full, 2, 0);
    for (size_t i = 0; i < 3; i++)
        submitter_start(&s[i], full.pool, i + 1);
    ck_assert_uint_eq(ac_iter_remaining(s[2].iter), 1);
    size_t left = 99;
    ck_assert_int_eq(ac_pool_shutdown(full.pool, how, AC_POLL, &left),
                     AC_ETIMEDOUT);
    for (size_t i = 0; i < 3; i++)
        submitter_end(&s[i], AC_ESHUTDOWN);
    ck_assert_uint_eq(ac_iter_remaining(s[2].iter), 0);
    ck_assert_int_eq(ac_submit_until(full.pool, NULL, support_nothing, NULL,
                                     AC_FOREVER, NULL),
                     AC_ESHUTDOWN);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_REJECTED), 5);
    ck_assert_uint_eq(left, how == AC_DRAIN ? 3 : 1);
    ac_iter_destroy(s[2].iter);
    ck_assert_uint_eq(full_pool_end(&full), how == AC_DRAIN ? 2 : 0);
}
END_TEST

/* Room came before the end of the pool, so his task is one of the pool's,
 * whether he has woken up by then or not. */
START_TEST(s44_s48_who_got_room_before_a_shutdown_is_in)
{
    const ac_shutdown how = _i % 2 == 0 ? AC_DRAIN : AC_CANCEL;
    submitter s[3] = {{.n = 2}, {.n = 0}, {.n = 0}};
    full_pool full;

    full_pool_init(&full, 3, 0);
    for (size_t i = 0; i < 3; i++)
        submitter_start(&s[i], full.pool, i + 1);
    for (size_t i = 0; i < 3; i++)
        full_pool_cancel(&full, i);
    size_t left = 99;
    ck_assert_int_eq(ac_pool_shutdown(full.pool, how, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, how == AC_DRAIN ? 4 : 1);
    submitter_end(&s[0], AC_OK);
    submitter_end(&s[1], AC_OK);
    submitter_end(&s[2], AC_ESHUTDOWN);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_REJECTED), 1);
    ck_assert_uint_eq(full_pool_end(&full), 0);
}
END_TEST

/* ---- The clock ------------------------------------------------------ */

START_TEST(s46_those_too_late_make_room_for_one_who_does_not_wait)
{
    ac_task_attr *attr = NULL;
    full_pool full;
    ac_future *late[2];

    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    full_pool_init(&full, 4, 2);
    ck_assert_int_eq(ac_task_attr_set_start_by(attr, 1), AC_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            ac_submit(full.pool, attr, support_count, &full.ran, &late[i]),
            AC_OK);
    /* Not before the room is needed, then all of them. */
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_QUEUED), 4);
    ck_assert_int_eq(ac_submit(full.pool, NULL, support_count, &full.ran, NULL),
                     AC_OK);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_QUEUED), 3);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_EXPIRED), 2);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ac_future_status(late[i]), AC_EEXPIRED);
        ac_future_unref(late[i]);
    }
    ac_task_attr_destroy(attr);
    ck_assert_uint_eq(full_pool_end(&full), 3);
}
END_TEST

/* The worker itself is held: only the clock makes this room. */
START_TEST(s46_who_waits_wakes_up_when_one_is_too_late)
{
    submitter s = {.n = 2};
    ac_task_attr *attr = NULL;
    full_pool full;

    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    full_pool_init(&full, 2, 2);
    const ac_deadline start_by = ac_deadline_in_ms(20);
    ck_assert_int_eq(ac_task_attr_set_start_by(attr, start_by), AC_OK);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            ac_submit(full.pool, attr, support_count, &full.ran, NULL), AC_OK);
    s.pool = full.pool;
    submitter_main(&s);
    ck_assert_int_eq(s.rc, AC_OK);
    ck_assert_int_ge(s.back, start_by);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_EXPIRED), 2);
    for (int i = 0; i < 2; i++)
        ac_future_unref(s.futures[i]);
    ac_task_attr_destroy(attr);
    ck_assert_uint_eq(full_pool_end(&full), 0);
}
END_TEST

/* Three in line.  The first brings in a task that is going to be too late; the
 * second gets room or gives up; so it is up to the third, who has fallen asleep
 * before that task was there, to wake up for it. */
START_TEST(s46_who_is_behind_learns_what_came_in_while_he_waited)
{
    submitter s[3] = {{.fn = support_count}, {.n = 0}, {.n = 0}};
    ac_task_attr *attr = NULL;
    full_pool full;

    full_pool_init(&full, 2, 0);
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    s[0].attr = attr;
    s[0].arg = &full.ran;
    for (size_t i = 1; i < 3; i++)
        s[i].room_by = i == 1 && _i == 1 ? ac_deadline_in_ms(100) : AC_FOREVER;
    ck_assert_int_eq(ac_task_attr_set_start_by(attr, ac_deadline_in_ms(200)),
                     AC_OK);
    submitter_start(&s[0], full.pool, 1);
    for (size_t i = 1; i < 3; i++)
        submitter_go(&s[i], full.pool);
    full_pool_cancel(&full, 0);
    submitter_end(&s[0], AC_OK);
    if (_i == 0)
        full_pool_cancel(&full, 1);
    support_thread_join(&s[1].thread);
    ck_assert(s[1].rc == AC_OK || (_i == 1 && s[1].rc == AC_ETIMEDOUT));
    ac_future_unref(s[1].futures[0]);
    if (_i == 1 && s[1].rc == AC_OK)
        full_pool_cancel(&full, 1); /* too slow: he got that room */
    submitter_end(&s[2], AC_OK);
    ck_assert_uint_eq(stat_of(full.pool, AC_STAT_EXPIRED), 1);
    ac_task_attr_destroy(attr);
    ck_assert_uint_eq(full_pool_end(&full),
                      _i == 0 || s[1].rc == AC_OK ? 0 : 1);
}
END_TEST

/* One of two who wait brings in a task with a time, so the other one has to
 * set his alarm anew.  He is not out of the line for it. */
START_TEST(s44_who_looks_at_the_clock_keeps_his_place)
{
    submitter first = {.n = 0};
    submitter second = {.n = 2};
    ac_task_attr *attr = NULL;
    full_pool full;

    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_start_by(attr, support_far()), AC_OK);
    first.attr = attr;
    full_pool_init(&full, 3, 0);
    submitter_start(&first, full.pool, 1);
    submitter_start(&second, full.pool, 2);
    full_pool_cancel(&full, 0);
    full_pool_cancel(&full, 1);
    for (int i = 0; i < 2000; i++)
        ck_assert_int_eq(
            ac_submit(full.pool, NULL, support_nothing, NULL, NULL), AC_EAGAIN);
    submitter_end(&first, AC_OK);
    ck_assert_uint_eq(line_length(full.pool), 1);
    full_pool_cancel(&full, 2);
    submitter_end(&second, AC_OK);
    ac_task_attr_destroy(attr);
    ck_assert_uint_eq(full_pool_end(&full), 0);
}
END_TEST

/* ---- Suite ---------------------------------------------------------- */

Suite *
test_suite(void)
{
    Suite *suite = suite_create("line");
    TCase *tcase = support_tcase("first come");

    tcase_add_test(tcase, s44_room_goes_to_who_came_first);
    tcase_add_loop_test(
        tcase, s44_who_comes_when_there_is_room_is_behind_those_who_waited, 0,
        5);
    tcase_add_loop_test(tcase, s44_s47_tasks_start_in_the_order_of_the_line, 0,
                        20);
    tcase_add_test(tcase,
                   s44_who_wants_much_is_not_starved_by_those_who_want_little);
    tcase_add_test(tcase, s44_room_for_several_goes_to_several);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("out of the line");
    tcase_add_test(tcase, s44_one_who_gives_up_lets_those_behind_him_go_on);
    tcase_add_test(tcase, s44_one_who_gives_up_behind_others_changes_nothing);
    tcase_add_test(tcase, s42_a_worker_does_not_get_past_them_either);
    tcase_add_loop_test(tcase, s44_shutdown_wakes_all_who_wait_for_room, 0, 2);
    tcase_add_loop_test(tcase, s44_s48_who_got_room_before_a_shutdown_is_in, 0,
                        10);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("clock");
    tcase_add_test(tcase,
                   s46_those_too_late_make_room_for_one_who_does_not_wait);
    tcase_add_test(tcase, s46_who_waits_wakes_up_when_one_is_too_late);
    tcase_add_loop_test(
        tcase, s46_who_is_behind_learns_what_came_in_while_he_waited, 0, 2);
    tcase_add_loop_test(tcase, s44_who_looks_at_the_clock_keeps_his_place, 0,
                        30);
    suite_add_tcase(suite, tcase);
    return suite;
}
