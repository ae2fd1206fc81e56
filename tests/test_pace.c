/*
 * The pace by itself: which workers keep up.  Times are made up.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "pace.h"

enum { PROCESSORS = 2, AWAKE = 2, QUICK = 100, SLOW = 4 };

static struct aci_pace pace;
static int64_t now;

static void
begin_anew(void)
{
    now = INT64_C(1000000000);
    aci_pace_init(&pace, PROCESSORS);
    /* The first stretch has taken all the time since the machine started. */
    ck_assert(!aci_pace_suffices_locked(&pace, AWAKE, 0, now));
}

static void
run_tasks(int n)
{
    for (int i = 0; i < n; i++)
        aci_pace_end_locked(&pace, aci_pace_begin_locked(&pace));
}

/* A stretch has passed, and so many tasks are being run: do they keep up? */
static bool
keep_up(size_t awake, size_t tasks)
{
    now += ACI_STRETCH_NS;
    return aci_pace_suffices_locked(&pace, awake, tasks, now);
}

START_TEST(many_short_tasks_need_no_more_workers)
{
    begin_anew();
    run_tasks(QUICK);
    ck_assert(keep_up(AWAKE, 0));
    /* It is so until the next stretch has passed. */
    ck_assert(aci_pace_suffices_locked(&pace, AWAKE, AWAKE, now + 1));
    run_tasks(QUICK);
    ck_assert(keep_up(AWAKE, 0));
    ck_assert(!keep_up(AWAKE, 0));
}
END_TEST

START_TEST(tasks_that_may_have_slept_do)
{
    begin_anew();
    run_tasks(SLOW);
    ck_assert(!keep_up(AWAKE, 0));
}
END_TEST

START_TEST(there_must_be_one_for_each_processor)
{
    begin_anew();
    run_tasks(QUICK);
    ck_assert(!keep_up(PROCESSORS - 1, 0));
    ck_assert(!aci_pace_suffices_locked(&pace, 0, 0, now + 1));
}
END_TEST

START_TEST(each_of_them_must_be_quick)
{
    begin_anew();
    run_tasks(QUICK);
    ck_assert(!keep_up((size_t)QUICK * AWAKE, 0));
}
END_TEST

START_TEST(a_long_task_does_not_count)
{
    begin_anew();
    unsigned began = aci_pace_begin_locked(&pace);
    run_tasks(QUICK);
    /* It began in this stretch: it may have been a short one. */
    ck_assert(keep_up(AWAKE, 1));
    run_tasks(QUICK);
    ck_assert(!keep_up(AWAKE, 1));
    ck_assert(aci_pace_suffices_locked(&pace, AWAKE + 1, 1, now + 1));
    aci_pace_end_locked(&pace, began);
    run_tasks(QUICK);
    ck_assert(keep_up(AWAKE, 0));
}
END_TEST

START_TEST(in_doubt_they_do_not_for_a_while)
{
    begin_anew();
    run_tasks(QUICK);
    ck_assert(keep_up(AWAKE, 0));
    aci_pace_doubt_locked(&pace, now);
    run_tasks(QUICK);
    ck_assert(!keep_up(AWAKE, 0));
    for (int i = 0; i < 100; i++) {
        run_tasks(QUICK);
        now += ACI_STRETCH_NS;
        (void)aci_pace_suffices_locked(&pace, AWAKE, 0, now);
    }
    run_tasks(QUICK);
    ck_assert(keep_up(AWAKE, 0));
}
END_TEST

START_TEST(after_a_long_silence_they_do_not)
{
    begin_anew();
    run_tasks(QUICK);
    now += INT64_C(1000000000);
    ck_assert(!aci_pace_suffices_locked(&pace, AWAKE, 0, now));
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("pace");
    TCase *tcase = support_tcase("pace");

    tcase_add_test(tcase, many_short_tasks_need_no_more_workers);
    tcase_add_test(tcase, tasks_that_may_have_slept_do);
    tcase_add_test(tcase, there_must_be_one_for_each_processor);
    tcase_add_test(tcase, each_of_them_must_be_quick);
    tcase_add_test(tcase, a_long_task_does_not_count);
    tcase_add_test(tcase, in_doubt_they_do_not_for_a_while);
    tcase_add_test(tcase, after_a_long_silence_they_do_not);
    suite_add_tcase(suite, tcase);
    return suite;
}
