/*
 * The run queue by itself: its order, its counts, who is passed over how
 * often, and what is too late.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "runq.h"

enum { MANY = 600 };

/* A queue, and the futures that a test makes for it. */
typedef struct bench {
    struct aci_owner owner;
    struct aci_cache *cache;
    struct aci_runq q;
    size_t n;
    ac_future *all[MANY];
} bench;

static void
bench_init(bench *b)
{
    b->owner.ops = NULL; /* nobody is to ask */
    b->n = 0;
    ck_assert_int_eq(aci_cache_create(&b->owner, 1, 0, &b->cache), AC_OK);
    aci_runq_init(&b->q);
}

/* What is still in the queue is taken out first. */
static void
bench_end(bench *b)
{
    while (aci_runq_pop(&b->q) != NULL)
        continue;
    ck_assert_uint_eq(b->q.n, 0);
    for (size_t i = 0; i < b->n; i++)
        ac_future_unref(b->all[i]);
    aci_cache_unref(b->cache);
}

static ac_future *
push_late(bench *b, ac_priority level, ac_deadline start_by)
{
    const struct ac_task_attr attr = {.start_by = start_by, .priority = level};
    const struct aci_task task = {
        .attr = &attr, .fn = support_nothing, .refs = 1};

    ck_assert_uint_lt(b->n, MANY);
    ac_future *future = aci_future_create(b->cache, &task, NULL);
    ck_assert_ptr_nonnull(future);
    b->all[b->n++] = future;
    aci_future_accept(future);
    aci_runq_push(&b->q, future);
    return future;
}

static ac_future *
push(bench *b, ac_priority level)
{
    return push_late(b, level, AC_FOREVER);
}

/* What a worker does that finds it fit to run. */
static ac_future *
start(bench *b)
{
    ac_future *future = aci_runq_pop(&b->q);

    if (future != NULL)
        aci_runq_started(&b->q, aci_future_priority(aci_future_state(future)));
    return future;
}

/* ---- Order and counts ----------------------------------------------- */

START_TEST(an_empty_one_has_nothing)
{
    bench b;

    bench_init(&b);
    ck_assert_ptr_null(start(&b));
    ck_assert_uint_eq(b.q.n, 0);
    ck_assert_int_eq(b.q.next_expiry, AC_FOREVER);
    bench_end(&b);
}
END_TEST

START_TEST(s47_first_in_first_out_on_each_level)
{
    bench b;
    ac_future *f[9];

    bench_init(&b);
    for (int i = 0; i < 9; i++)
        f[i] = push(&b, (ac_priority)(i % 3));
    ck_assert_uint_eq(b.q.n, 9);
    for (int level = 2; level >= 0; level--)
        for (int i = 0; i < 3; i++)
            ck_assert_ptr_eq(start(&b), f[3 * i + level]);
    bench_end(&b);
}
END_TEST

START_TEST(the_highest_level_is_looked_at_each_time)
{
    bench b;

    bench_init(&b);
    ac_future *low = push(&b, AC_PRIORITY_LOW);
    ac_future *normal = push(&b, AC_PRIORITY_NORMAL);
    ck_assert_ptr_eq(start(&b), normal);
    ac_future *high = push(&b, AC_PRIORITY_HIGH);
    normal = push(&b, AC_PRIORITY_NORMAL);
    ck_assert_ptr_eq(start(&b), high);
    ck_assert_ptr_eq(start(&b), normal);
    ck_assert_ptr_eq(start(&b), low);
    bench_end(&b);
}
END_TEST

START_TEST(s26_out_of_the_middle_and_only_once)
{
    bench b;
    ac_future *f[5];

    bench_init(&b);
    for (int i = 0; i < 5; i++)
        f[i] = push(&b, AC_PRIORITY_NORMAL);
    aci_runq_remove(&b.q, f[2]);
    aci_runq_remove(&b.q, f[2]);
    aci_runq_remove(&b.q, f[0]);
    aci_runq_remove(&b.q, f[4]);
    ck_assert_uint_eq(b.q.n, 2);
    ck_assert_ptr_eq(start(&b), f[1]);
    aci_runq_remove(&b.q, f[1]);
    ck_assert_uint_eq(b.q.n, 1);
    ck_assert_ptr_eq(start(&b), f[3]);
    ck_assert_ptr_null(start(&b));
    bench_end(&b);
}
END_TEST

/* ---- Passed over ---------------------------------------------------- */

/* How many come out before one of `level`. */
static int
before(bench *b, const ac_future *future)
{
    int n = 0;
    const ac_future *popped;

    while ((popped = start(b)) != future) {
        ck_assert_ptr_nonnull(popped);
        n++;
    }
    return n;
}

START_TEST(none_is_passed_by_more_than_the_maximum)
{
    bench b;
    ac_future *low[3];

    bench_init(&b);
    for (int i = 0; i < 3; i++)
        low[i] = push(&b, (ac_priority)_i);
    for (int i = 0; i < 3 * AC_MAX_PASSED + 20; i++)
        push(&b, AC_PRIORITY_HIGH);
    /* The second becomes the oldest when the first has started. */
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(before(&b, low[i]), AC_MAX_PASSED);
    ck_assert_uint_eq(b.q.n, 20);
    bench_end(&b);
}
END_TEST

START_TEST(what_passed_before_it_came_does_not_count)
{
    bench b;

    bench_init(&b);
    for (int i = 0; i < 3 * AC_MAX_PASSED; i++)
        push(&b, AC_PRIORITY_HIGH);
    for (int i = 0; i < AC_MAX_PASSED / 2; i++)
        start(&b);
    ac_future *low = push(&b, AC_PRIORITY_LOW);
    for (int i = 0; i < AC_MAX_PASSED - 1; i++)
        ck_assert_ptr_ne(start(&b), low);
    /* A second one behind it does not begin anew for it. */
    push(&b, AC_PRIORITY_LOW);
    ck_assert_int_eq(before(&b, low), 1);
    bench_end(&b);
}
END_TEST

START_TEST(one_that_is_taken_out_and_not_started_has_passed_nobody)
{
    bench b;

    bench_init(&b);
    const ac_future *low = push(&b, AC_PRIORITY_LOW);
    for (int i = 0; i < 2 * AC_MAX_PASSED; i++)
        push(&b, AC_PRIORITY_HIGH);
    for (int i = 0; i < AC_MAX_PASSED; i++)
        ck_assert_ptr_ne(aci_runq_pop(&b.q), low);
    ck_assert_int_eq(before(&b, low), AC_MAX_PASSED);
    bench_end(&b);
}
END_TEST

START_TEST(both_lower_levels_have_their_turn)
{
    bench b;

    bench_init(&b);
    ac_future *low = push(&b, AC_PRIORITY_LOW);
    ac_future *normal = push(&b, AC_PRIORITY_NORMAL);
    for (int i = 0; i < 2 * AC_MAX_PASSED; i++)
        push(&b, AC_PRIORITY_HIGH);
    for (int i = 0; i < AC_MAX_PASSED; i++) {
        const ac_future *high = start(&b);
        ck_assert_ptr_ne(high, low);
        ck_assert_ptr_ne(high, normal);
    }
    /* Each has been passed by as many as may; which of them is first is not
     * said, but nothing of the high level is. */
    const ac_future *one = start(&b);
    const ac_future *other = start(&b);
    ck_assert((one == low && other == normal) ||
              (one == normal && other == low));
    bench_end(&b);
}
END_TEST

/* Against the rule itself, kept for each task: how many of higher levels were
 * started since it became the oldest of its level. */
typedef struct model {
    int n[ACI_LEVELS]; /* how many are queued */
    ac_future *queued[ACI_LEVELS][MANY];
    int passed[ACI_LEVELS]; /* those that passed the oldest */
} model;

static void
model_started(model *m, const ac_future *future)
{
    int level = 0;

    while (m->n[level] == 0 || m->queued[level][0] != future)
        ck_assert_int_lt(++level, ACI_LEVELS);
    for (int i = 0; i < ACI_LEVELS; i++) {
        if (m->n[i] == 0)
            continue;
        ck_assert_msg(i <= level || m->passed[level] >= AC_MAX_PASSED,
                      "a lower one came first without need");
        ck_assert_msg(i >= level || m->passed[i] < AC_MAX_PASSED,
                      "one was passed once too often");
        m->passed[i] += i < level;
    }
    m->passed[level] = 0;
    m->n[level]--;
    for (int i = 0; i < m->n[level]; i++)
        m->queued[level][i] = m->queued[level][i + 1];
}

START_TEST(any_order_of_coming_and_going_keeps_the_rule)
{
    static model m;
    bench b;
    uint32_t dice = 2463534242u + (uint32_t)_i;

    bench_init(&b);
    m = (model){.n = {0}};
    while (b.n < MANY) {
        dice ^= dice << 13;
        dice ^= dice >> 17;
        dice ^= dice << 5;
        /* Now and then it runs empty, or a level does; mostly they do not. */
        if (dice % 100 < 45 && b.q.n > 0) {
            model_started(&m, start(&b));
            continue;
        }
        const int level = dice / 128 % 100 < 85 ? 2 : (int)(dice / 65536 % 2);
        if (m.n[level] == 0)
            m.passed[level] = 0;
        m.queued[level][m.n[level]++] = push(&b, (ac_priority)level);
    }
    while (b.q.n > 0)
        model_started(&m, start(&b));
    bench_end(&b);
}
END_TEST

/* ---- Too late ------------------------------------------------------- */

START_TEST(s46_the_next_expiry_is_never_later_than_any)
{
    const ac_deadline far = support_far();
    bench b;

    bench_init(&b);
    push_late(&b, AC_PRIORITY_HIGH, far + 2);
    ck_assert_int_eq(b.q.next_expiry, far + 2);
    push_late(&b, AC_PRIORITY_LOW, far);
    push_late(&b, AC_PRIORITY_NORMAL, far + 1);
    push(&b, AC_PRIORITY_NORMAL);
    ck_assert_int_eq(b.q.next_expiry, far);
    aci_runq_remove(&b.q, b.all[1]);
    ck_assert_int_le(b.q.next_expiry, far + 1);
    while (aci_runq_pop(&b.q) != NULL)
        continue;
    ck_assert_int_eq(b.q.next_expiry, AC_FOREVER);
    bench_end(&b);
}
END_TEST

START_TEST(s46_those_too_late_and_no_others_are_taken_out)
{
    const ac_deadline far = support_far();
    struct aci_list expired;
    bench b;

    bench_init(&b);
    for (int i = 0; i < 12; i++)
        push_late(&b, (ac_priority)(i % 3),
                  i % 4 == 0   ? 1
                  : i % 4 == 1 ? far + i
                               : AC_FOREVER);
    /* Two of those are others' already, who have yet to take them out. */
    ck_assert(aci_future_claim(b.all[4]));
    ck_assert(aci_future_end(b.all[8], AC_ECANCELED));
    aci_list_init(&expired);
    aci_runq_expire(&b.q, &expired);
    ck_assert_uint_eq(b.q.n, 11);
    ck_assert_ptr_eq(aci_list_pop(&expired), &b.all[0]->tail.queue);
    ck_assert(aci_list_empty(&expired));
    ck_assert_int_eq(ac_future_status(b.all[0]), AC_EEXPIRED);
    ck_assert_int_eq(ac_future_status(b.all[8]), AC_ECANCELED);
    ck_assert_int_eq(ac_future_status(b.all[4]), AC_EAGAIN);
    ck_assert_int_eq(b.q.next_expiry, far + 1);
    /* The rest as it was. */
    const int order[] = {2, 5, 8, 11, 1, 4, 7, 10, 3, 6, 9};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        ck_assert_ptr_eq(aci_runq_pop(&b.q), b.all[order[i]]);
    bench_end(&b);
}
END_TEST

START_TEST(s46_when_all_are_too_late_it_is_empty)
{
    struct aci_list expired;
    bench b;
    int n = 0;

    bench_init(&b);
    for (int i = 0; i < 30; i++)
        push_late(&b, (ac_priority)(i % 3), AC_POLL);
    aci_list_init(&expired);
    aci_runq_expire(&b.q, &expired);
    while (aci_list_pop(&expired) != NULL)
        n++;
    ck_assert_int_eq(n, 30);
    ck_assert_uint_eq(b.q.n, 0);
    ck_assert_int_eq(b.q.next_expiry, AC_FOREVER);
    ck_assert_ptr_null(aci_runq_pop(&b.q));
    bench_end(&b);
}
END_TEST

/* ---- Suite ---------------------------------------------------------- */

Suite *
test_suite(void)
{
    Suite *suite = suite_create("runq");
    TCase *tcase = support_tcase("order");

    tcase_add_test(tcase, an_empty_one_has_nothing);
    tcase_add_test(tcase, s47_first_in_first_out_on_each_level);
    tcase_add_test(tcase, the_highest_level_is_looked_at_each_time);
    tcase_add_test(tcase, s26_out_of_the_middle_and_only_once);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("passed over");
    tcase_add_loop_test(tcase, none_is_passed_by_more_than_the_maximum, 0, 2);
    tcase_add_test(tcase, what_passed_before_it_came_does_not_count);
    tcase_add_test(tcase,
                   one_that_is_taken_out_and_not_started_has_passed_nobody);
    tcase_add_test(tcase, both_lower_levels_have_their_turn);
    tcase_add_loop_test(tcase, any_order_of_coming_and_going_keeps_the_rule, 0,
                        20);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("too late");
    tcase_add_test(tcase, s46_the_next_expiry_is_never_later_than_any);
    tcase_add_test(tcase, s46_those_too_late_and_no_others_are_taken_out);
    tcase_add_test(tcase, s46_when_all_are_too_late_it_is_empty);
    suite_add_tcase(suite, tcase);
    return suite;
}
