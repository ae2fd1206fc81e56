/*
 * The set that finds duplicates: wherever in memory its members are.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <stdint.h>

#include "set.h"

/* An address that is never followed. */
static const void *
address(uintptr_t bits)
{
    return (const void *)bits; /* NOLINT */
}

START_TEST(s12_an_empty_set_is_freed)
{
    struct aci_set set;

    aci_set_init(&set);
    aci_set_free(&set);
    aci_set_free(&set); /* once more: no harm */
}
END_TEST

/* Was it added? */
static bool
add(struct aci_set *set, const void *member)
{
    bool added = false;

    ck_assert_int_eq(aci_set_add(set, member, &added), AC_OK);
    return added;
}

START_TEST(s12_each_member_is_new_once)
{
    static const int order[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9};
    enum { N = sizeof(order) / sizeof(order[0]) };
    char things[10][ACI_APART];
    int seen[10] = {0};
    struct aci_set set;

    aci_set_init(&set);
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(add(&set, things[order[i]]), !seen[order[i]]);
        seen[order[i]] = 1;
    }
    aci_set_free(&set);
}
END_TEST

/* Strides that a table of a power of two, or of regions, does not like. */
static const uintptr_t strides[] = {32,   64,   96,      104,     112,
                                    4096, 4112, 1 << 16, 1 << 20, 12345};
#define N_STRIDES ((int)(sizeof(strides) / sizeof(strides[0])))

START_TEST(s12_full_to_the_last_with_any_stride)
{
    enum { N = 1000 };
    struct aci_set set;

    aci_set_init(&set);
    for (uintptr_t i = 1; i <= N; i++)
        ck_assert(add(&set, address(i * strides[_i])));
    for (uintptr_t i = N; i >= 1; i--)
        ck_assert(!add(&set, address(i * strides[_i])));
    aci_set_free(&set);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("set");
    TCase *tcase = support_tcase("set");

    tcase_add_test(tcase, s12_an_empty_set_is_freed);
    tcase_add_test(tcase, s12_each_member_is_new_once);
    tcase_add_loop_test(tcase, s12_full_to_the_last_with_any_stride, 0,
                        N_STRIDES);
    suite_add_tcase(suite, tcase);
    return suite;
}
