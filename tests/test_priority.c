/*
 * Priorities: which task a worker starts next.  (The queue by itself:
 * test_runq.c.)
 *
 * SPDX-License-Identifier: MIT
 */
#include "submitter.h"

/* A pool of one worker, which is held while the test queues what it likes;
 * each task then leaves its number, in the order of starting. */
enum { MOST = 400 };

typedef struct stage {
    ac_pool *pool;
    support_hold hold;
    ac_task_attr *attrs[3];
    size_t queued;
    size_t started; /* the worker's, until the pool has ended */
    size_t order[MOST];
    struct number {
        struct stage *stage;
        size_t number;
    } numbers[MOST];
} stage;

static void
stage_init(stage *s, ac_pool *pool)
{
    s->pool = pool;
    s->queued = 0;
    s->started = 0;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(ac_task_attr_create(&s->attrs[i]), AC_OK);
        ck_assert_int_eq(ac_task_attr_set_priority(s->attrs[i], (ac_priority)i),
                         AC_OK);
    }
    for (size_t i = 0; i < MOST; i++)
        s->numbers[i] = (struct number){s, i};
    support_hold_worker(&s->hold, pool);
}

static int
note_start(void *arg, void **result)
{
    const struct number *n = arg;

    (void)result;
    n->stage->order[n->stage->started++] = n->number;
    return 0;
}

/* Returns its number. */
static size_t
queue(stage *s, const ac_task_attr *attr, ac_future **future)
{
    const size_t number = s->queued++;

    ck_assert_uint_lt(number, MOST);
    ck_assert_int_eq(
        ac_submit(s->pool, attr, note_start, &s->numbers[number], future),
        AC_OK);
    return number;
}

static void
queue_some(stage *s, ac_priority level, size_t n)
{
    while (n-- > 0)
        queue(s, s->attrs[level], NULL);
}

/* Let it go; return when all has run. */
static void
stage_run(stage *s)
{
    support_hold_end(&s->hold);
    support_pool_end(s->pool);
    for (int i = 0; i < 3; i++)
        ac_task_attr_destroy(s->attrs[i]);
}

/* At which place was that one started? */
static size_t
place_of(const stage *s, size_t number)
{
    for (size_t i = 0; i < s->started; i++)
        if (s->order[i] == number)
            return i;
    ck_abort_msg("it never started");
}

/* ---- Levels --------------------------------------------------------- */

START_TEST(the_highest_level_first_and_on_it_the_oldest)
{
    /* By level, from the highest; on each in the order of their numbers. */
    const size_t expected[] = {2, 5, 8, 1, 4, 7, 0, 3, 6};
    static stage s;

    stage_init(&s, support_pool(1));
    for (int i = 0; i < 9; i++)
        queue(&s, s.attrs[i % 3], NULL);
    stage_run(&s);
    ck_assert_uint_eq(s.started, 9);
    for (size_t i = 0; i < 9; i++)
        ck_assert_uint_eq(s.order[i], expected[i]);
}
END_TEST

START_TEST(the_level_is_normal_if_nothing_is_said)
{
    ac_task_attr *plain = NULL;
    static stage s;

    ck_assert_int_eq(ac_task_attr_create(&plain), AC_OK);
    stage_init(&s, support_pool(1));
    const size_t low = queue(&s, s.attrs[AC_PRIORITY_LOW], NULL);
    const size_t none = queue(&s, NULL, NULL);
    const size_t normal = queue(&s, s.attrs[AC_PRIORITY_NORMAL], NULL);
    const size_t created = queue(&s, plain, NULL);
    const size_t high = queue(&s, s.attrs[AC_PRIORITY_HIGH], NULL);
    stage_run(&s);
    ck_assert_uint_eq(place_of(&s, high), 0);
    ck_assert_uint_eq(place_of(&s, none), 1);
    ck_assert_uint_eq(place_of(&s, normal), 2);
    ck_assert_uint_eq(place_of(&s, created), 3);
    ck_assert_uint_eq(place_of(&s, low), 4);
    ac_task_attr_destroy(plain);
}
END_TEST

START_TEST(a_level_that_is_none_is_refused_and_nothing_changes)
{
    const int none[] = {-1, 3, 64, INT32_MAX, INT32_MIN};
    static stage s;

    stage_init(&s, support_pool(1));
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        ck_assert_int_eq(ac_task_attr_set_priority(s.attrs[AC_PRIORITY_HIGH],
                                                   (ac_priority)none[i]),
                         AC_EINVAL);
    ck_assert_int_eq(ac_task_attr_set_priority(NULL, AC_PRIORITY_LOW),
                     AC_EINVAL);
    const size_t normal = queue(&s, NULL, NULL);
    const size_t high = queue(&s, s.attrs[AC_PRIORITY_HIGH], NULL);
    stage_run(&s);
    ck_assert_uint_eq(place_of(&s, high), 0);
    ck_assert_uint_eq(place_of(&s, normal), 1);
}
END_TEST

/* By each of the calls: the level goes with all of them. */
START_TEST(every_call_knows_the_levels)
{
    ac_iter *iter = NULL;
    static stage s;

    ck_assert_int_eq(ac_iter_open(&iter), AC_OK);
    stage_init(&s, support_pool(1));
    queue_some(&s, AC_PRIORITY_NORMAL, 2);
    const size_t first = s.queued;
    void *args[2] = {&s.numbers[first], &s.numbers[first + 1]};
    const ac_task_attr *high = s.attrs[AC_PRIORITY_HIGH];
    ck_assert_int_eq(
        ac_submit_many(s.pool, high, note_start, args, 2, AC_POLL, NULL),
        AC_OK);
    ck_assert_int_eq(ac_iter_submit(iter, s.pool, high, note_start,
                                    &s.numbers[first + 2], AC_POLL, NULL),
                     AC_OK);
    ck_assert_int_eq(ac_submit_until(s.pool, high, note_start,
                                     &s.numbers[first + 3], AC_POLL, NULL),
                     AC_OK);
    stage_run(&s);
    ck_assert_uint_eq(s.started, 6);
    for (size_t i = 0; i < 4; i++)
        ck_assert_uint_eq(s.order[i], first + i);
    ac_iter_destroy(iter);
}
END_TEST

typedef struct asking {
    stage *stage;
    size_t place;
} asking;

/* While it runs, something more urgent comes in. */
static int
bring_urgent(void *arg, void **result)
{
    asking *a = arg;
    stage *s = a->stage;

    (void)result;
    a->place = s->started;
    SUPPORT_CHECK_INT(ac_submit(s->pool, s->attrs[AC_PRIORITY_HIGH], note_start,
                                &s->numbers[MOST - 1], NULL),
                      AC_OK);
    return 0;
}

START_TEST(a_worker_looks_at_the_higher_levels_before_each_start)
{
    static stage s;
    asking a = {&s, 0};

    stage_init(&s, support_pool(1));
    queue_some(&s, AC_PRIORITY_NORMAL, 3);
    ck_assert_int_eq(ac_submit(s.pool, NULL, bring_urgent, &a, NULL), AC_OK);
    queue_some(&s, AC_PRIORITY_NORMAL, 3);
    support_hold_release(&s.hold);
    ck_assert_int_eq(ac_pool_wait_idle(s.pool, AC_FOREVER), AC_OK);
    stage_run(&s);
    ck_assert_uint_eq(a.place, 3);
    ck_assert_uint_eq(place_of(&s, MOST - 1), 3);
    ck_assert_uint_eq(s.started, 7);
}
END_TEST

/* The room is one for all: a high one does not get in where a low one would
 * not, and takes nobody's place. */
START_TEST(s45_levels_do_not_make_room)
{
    static stage s;

    stage_init(&s, bounded_pool(1, 3));
    queue_some(&s, AC_PRIORITY_LOW, 2);
    queue_some(&s, AC_PRIORITY_NORMAL, 1);
    ck_assert_int_eq(ac_submit(s.pool, s.attrs[AC_PRIORITY_HIGH], note_start,
                               &s.numbers[MOST - 1], NULL),
                     AC_EAGAIN);
    stage_run(&s);
    ck_assert_uint_eq(s.started, 3);
    ck_assert_uint_eq(s.order[0], 2);
}
END_TEST

/* ---- None starves --------------------------------------------------- */

START_TEST(one_is_passed_by_exactly_so_many_and_then_its_turn)
{
    const ac_priority level = _i == 0 ? AC_PRIORITY_LOW : AC_PRIORITY_NORMAL;
    static stage s;
    size_t lower[3];

    stage_init(&s, support_pool(1));
    for (int i = 0; i < 3; i++)
        lower[i] = queue(&s, s.attrs[level], NULL);
    queue_some(&s, AC_PRIORITY_HIGH, 2 * AC_MAX_PASSED + 10);
    stage_run(&s);
    /* The second is the oldest only from then on. */
    ck_assert_uint_eq(place_of(&s, lower[0]), AC_MAX_PASSED);
    ck_assert_uint_eq(place_of(&s, lower[1]), 2 * AC_MAX_PASSED + 1);
    ck_assert_uint_eq(place_of(&s, lower[2]), 2 * AC_MAX_PASSED + 12);
    ck_assert_uint_eq(s.started, 2 * AC_MAX_PASSED + 13);
}
END_TEST

START_TEST(the_normal_ones_pass_the_low_ones_too)
{
    static stage s;

    stage_init(&s, support_pool(1));
    const size_t low = queue(&s, s.attrs[AC_PRIORITY_LOW], NULL);
    queue_some(&s, AC_PRIORITY_NORMAL, AC_MAX_PASSED);
    queue_some(&s, AC_PRIORITY_HIGH, AC_MAX_PASSED / 2);
    stage_run(&s);
    ck_assert_uint_eq(place_of(&s, low), AC_MAX_PASSED);
    ck_assert_uint_eq(s.started, AC_MAX_PASSED + AC_MAX_PASSED / 2 + 1);
}
END_TEST

START_TEST(so_many_less_one_do_not_make_it_its_turn)
{
    static stage s;

    stage_init(&s, support_pool(1));
    const size_t low = queue(&s, s.attrs[AC_PRIORITY_LOW], NULL);
    queue_some(&s, AC_PRIORITY_HIGH, AC_MAX_PASSED - 1);
    queue_some(&s, AC_PRIORITY_NORMAL, 2);
    stage_run(&s);
    /* One of the normal ones still, then the low one, then the other. */
    ck_assert_uint_eq(place_of(&s, low), AC_MAX_PASSED);
    ck_assert_uint_eq(s.started, AC_MAX_PASSED + 2);
}
END_TEST

/* ---- And whatever else happens to a task ---------------------------- */

START_TEST(s26_the_next_oldest_waits_no_longer_for_a_canceled_one)
{
    static stage s;
    ac_future *first = NULL;

    stage_init(&s, support_pool(1));
    queue(&s, s.attrs[AC_PRIORITY_LOW], &first);
    const size_t second = queue(&s, s.attrs[AC_PRIORITY_LOW], NULL);
    queue_some(&s, AC_PRIORITY_HIGH, AC_MAX_PASSED + 5);
    ck_assert_int_eq(ac_future_cancel(first), AC_OK);
    ac_future_unref(first);
    stage_run(&s);
    ck_assert_uint_eq(place_of(&s, second), AC_MAX_PASSED);
    ck_assert_uint_eq(s.started, AC_MAX_PASSED + 6);
}
END_TEST

typedef struct helper {
    stage *stage;
    ac_future *wanted;
    size_t started_before;
} helper;

static int
wait_for_low(void *arg, void **result)
{
    helper *h = arg;

    (void)result;
    h->started_before = h->stage->started;
    SUPPORT_CHECK_INT(ac_future_wait(h->wanted, AC_FOREVER), AC_OK);
    SUPPORT_CHECK_INT(h->stage->started, h->started_before + 1);
    return 0;
}

/* Whoever waits in a task runs what he waits for, and nothing more urgent. */
START_TEST(s39_a_wait_runs_its_own_task_whatever_its_level)
{
    static stage s;
    helper h = {.stage = &s};

    stage_init(&s, support_pool(1));
    ck_assert_int_eq(
        ac_submit(s.pool, s.attrs[AC_PRIORITY_HIGH], wait_for_low, &h, NULL),
        AC_OK);
    queue_some(&s, AC_PRIORITY_HIGH, 3);
    const size_t low = queue(&s, s.attrs[AC_PRIORITY_LOW], &h.wanted);
    stage_run(&s);
    ck_assert_uint_eq(place_of(&s, low), 0);
    ck_assert_uint_eq(s.started, 4);
    ac_future_unref(h.wanted);
}
END_TEST

/* ---- Suite ---------------------------------------------------------- */

Suite *
test_suite(void)
{
    Suite *suite = suite_create("priority");
    TCase *tcase = support_tcase("levels");

    tcase_add_test(tcase, the_highest_level_first_and_on_it_the_oldest);
    tcase_add_test(tcase, the_level_is_normal_if_nothing_is_said);
    tcase_add_test(tcase, a_level_that_is_none_is_refused_and_nothing_changes);
    tcase_add_test(tcase, every_call_knows_the_levels);
    tcase_add_test(tcase,
                   a_worker_looks_at_the_higher_levels_before_each_start);
    tcase_add_test(tcase, s45_levels_do_not_make_room);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("none starves");
    tcase_add_loop_test(
        tcase, one_is_passed_by_exactly_so_many_and_then_its_turn, 0, 2);
    tcase_add_test(tcase, the_normal_ones_pass_the_low_ones_too);
    tcase_add_test(tcase, so_many_less_one_do_not_make_it_its_turn);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("whatever happens");
    tcase_add_test(tcase,
                   s26_the_next_oldest_waits_no_longer_for_a_canceled_one);
    tcase_add_test(tcase, s39_a_wait_runs_its_own_task_whatever_its_level);
    suite_add_tcase(suite, tcase);
    return suite;
}
