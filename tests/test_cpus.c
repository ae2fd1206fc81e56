/*
 * How many processors may we use?  Trees of files stand in for the systems
 * that we are not on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cpus.h"

/* A tree below tests/fixtures, and the quota that it sets; 0 for none. */
static const struct sample {
    const char *name;
    size_t quota;
} samples[] = {
    {"cgroup-v2", 3},        /* two and a half: rounded up */
    {"cgroup-v2-parent", 2}, /* the parent's binds as well */
    {"cgroup-v2-root", 1},   /* a fifth; the group is the mount itself */
    {"cgroup-v2-exact", 4},
    {"cgroup-v2-over", 5}, /* a hundred-thousandth more than four */
    {"cgroup-v2-max", 0},
    {"cgroup-v2-unseen", 2},  /* the group is not visible, the mount is */
    {"cgroup-v2-garbage", 0}, /* no numbers, a period of 0, odd lines */
    {"cgroup-v1", 7},         /* a cpuset is no cpu */
    {"cgroup-v1-none", 0},    /* -1 */
    {"cgroup-v1-alias", 4},   /* mounted by one of its two names */
    {"cgroup-hybrid", 5},     /* the second version without controllers */
    {"no-such-tree", 0},
};
#define N_SAMPLES ((int)(sizeof(samples) / sizeof(samples[0])))

START_TEST(the_quota_of_a_tree)
{
    const struct sample *sample = &samples[_i];
    const char *srcdir = getenv("srcdir");
    char root[4096];

    snprintf(root, sizeof(root), "%s/tests/fixtures",
             srcdir == NULL ? "." : srcdir);
    if (access(root, R_OK) != 0) {
        puts("skipped: run it by make check, or at the top of the source");
        return;
    }
    snprintf(root, sizeof(root), "%s/tests/fixtures/%s",
             srcdir == NULL ? "." : srcdir, sample->name);
    ck_assert_msg(aci_cpus_quota(root) == sample->quota, "%s: %zu, not %zu",
                  sample->name, aci_cpus_quota(root), sample->quota);
}
END_TEST

START_TEST(at_least_one_and_no_more_than_there_are)
{
    long configured = sysconf(_SC_NPROCESSORS_CONF);

    ck_assert_uint_ge(aci_cpus(), 1);
    if (configured > 0)
        ck_assert_uint_le(aci_cpus(), (size_t)configured);
}
END_TEST

#ifdef __linux__
START_TEST(the_affinity_mask_counts)
{
    cpu_set_t before;
    cpu_set_t one;
    size_t first = 0;

    /* A machine with more processors than fit here: nothing to see. */
    if (sched_getaffinity(0, sizeof(before), &before) != 0)
        return;
    while (!CPU_ISSET(first, &before))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
    ck_assert_uint_eq(aci_cpus(), 1);
    ck_assert_int_eq(sched_setaffinity(0, sizeof(before), &before), 0);
}
END_TEST
#endif

Suite *
test_suite(void)
{
    Suite *suite = suite_create("cpus");
    TCase *tcase = support_tcase("cpus");

    tcase_add_loop_test(tcase, the_quota_of_a_tree, 0, N_SAMPLES);
    tcase_add_test(tcase, at_least_one_and_no_more_than_there_are);
#ifdef __linux__
    tcase_add_test(tcase, the_affinity_mask_counts);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}
