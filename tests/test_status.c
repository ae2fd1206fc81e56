/*
 * The numbers and texts of the codes, and the version.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    int value;
} codes[] = {
    {AC_OK, 0},        {AC_DONE, 1},     {AC_ETIMEDOUT, 2},  {AC_EAGAIN, 3},
    {AC_EINVAL, 4},    {AC_ENOMEM, 5},   {AC_EBUSY, 6},      {AC_EALREADY, 7},
    {AC_EDEADLK, 8},   {AC_ENOENT, 9},   {AC_ESHUTDOWN, 10}, {AC_ECLOSED, 11},
    {AC_EFORKED, 12},  {AC_EHOOK, 13},   {AC_EFAILED, 32},   {AC_ECANCELED, 33},
    {AC_EEXPIRED, 34}, {AC_EBROKEN, 35}, {AC_EABORTED, 36},
};
#define N_CODES (sizeof(codes) / sizeof(codes[0]))

/* They are part of the binary interface: a change breaks every user. */
START_TEST(s8_the_numbers_of_the_codes_are_fixed)
{
    for (size_t i = 0; i < N_CODES; i++)
        ck_assert_int_eq(codes[i].code, codes[i].value);
    ck_assert_int_eq(AC_TASK_CANCELED, INT_MIN);
    ck_assert(AC_FOREVER == INT64_MAX);
    ck_assert(AC_POLL == 0);
}
END_TEST

START_TEST(s8_outcomes_and_statuses_are_apart)
{
    for (size_t i = 0; i < N_CODES; i++) {
        ck_assert_int_lt(codes[i].code, 128);
        ck_assert_int_eq(codes[i].code >= 32, i >= 14); /* AC_EFAILED */
    }
}
END_TEST

/* So are the numbers of everything else that has one. */
START_TEST(the_other_numbers_are_fixed)
{
    const int values[] = {AC_STAT_WORKERS,     AC_STAT_BUSY,
                          AC_STAT_QUEUED,      AC_STAT_QUEUED_MAX,
                          AC_STAT_SUBMITTED,   AC_STAT_COMPLETED,
                          AC_STAT_FAILED,      AC_STAT_CANCELED,
                          AC_STAT_EXPIRED,     AC_STAT_ABORTED,
                          AC_STAT_REJECTED,    AC_STAT_WAIT_NS,
                          AC_STAT_WAIT_MAX_NS, AC_STAT_RUN_NS,
                          AC_STAT_RUN_MAX_NS,  AC_STATS};

    for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
        ck_assert_int_eq(values[i], i);
    ck_assert_int_eq(AC_PRIORITY_LOW, 0);
    ck_assert_int_eq(AC_PRIORITY_NORMAL, 1);
    ck_assert_int_eq(AC_PRIORITY_HIGH, 2);
    ck_assert_int_eq(AC_TRACE_SUBMITTED, 0);
    ck_assert_int_eq(AC_TRACE_REFUSED, 1);
    ck_assert_int_eq(AC_TRACE_STARTED, 2);
    ck_assert_int_eq(AC_TRACE_ENDED, 3);
    ck_assert_int_eq(AC_HELP_UNTIMED, 0);
    ck_assert_int_eq(AC_HELP_ALWAYS, 1);
    ck_assert_int_eq(AC_DRAIN, 0);
    ck_assert_int_eq(AC_CANCEL, 1);
    ck_assert_int_eq(AC_ALL, 0);
    ck_assert_int_eq(AC_FIRST, 1);
    ck_assert_int_eq(AC_FIRST_ERROR, 2);
}
END_TEST

START_TEST(s8_every_code_has_a_text_of_its_own)
{
    for (size_t i = 0; i < N_CODES; i++) {
        const char *text = ac_strerror(codes[i].code);
        ck_assert_ptr_nonnull(text);
        ck_assert_uint_gt(strlen(text), 0);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(text, ac_strerror(codes[j].code));
    }
}
END_TEST

START_TEST(s8_a_text_is_constant)
{
    const char *first = ac_strerror(AC_ETIMEDOUT);
    char copy[128];

    ck_assert_uint_lt(strlen(first), sizeof(copy));
    strcpy(copy, first);
    for (int code = -300; code <= 300; code++)
        (void)ac_strerror(code);
    ck_assert_ptr_eq(ac_strerror(AC_ETIMEDOUT), first);
    ck_assert_str_eq(first, copy);
}
END_TEST

START_TEST(s8_an_unknown_code_has_a_text_too)
{
    const int unknown[] = {-1, 14, 31, 37, 127, 128, INT_MAX, INT_MIN};

    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        const char *text = ac_strerror(unknown[i]);
        ck_assert_ptr_nonnull(text);
        ck_assert_uint_gt(strlen(text), 0);
        for (size_t j = 0; j < N_CODES; j++)
            ck_assert_str_ne(text, ac_strerror(codes[j].code));
    }
}
END_TEST

START_TEST(the_library_is_of_the_version_of_its_header)
{
    char text[64];

    snprintf(text, sizeof(text), "%d.%d.%d", AC_VERSION_MAJOR, AC_VERSION_MINOR,
             AC_VERSION_PATCH);
    ck_assert_str_eq(AC_VERSION, text);
    ck_assert_str_eq(ac_version(), AC_VERSION);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("status");
    TCase *tcase = support_tcase("codes");

    tcase_add_test(tcase, s8_the_numbers_of_the_codes_are_fixed);
    tcase_add_test(tcase, s8_outcomes_and_statuses_are_apart);
    tcase_add_test(tcase, the_other_numbers_are_fixed);
    tcase_add_test(tcase, s8_every_code_has_a_text_of_its_own);
    tcase_add_test(tcase, s8_a_text_is_constant);
    tcase_add_test(tcase, s8_an_unknown_code_has_a_text_too);
    tcase_add_test(tcase, the_library_is_of_the_version_of_its_header);
    suite_add_tcase(suite, tcase);
    return suite;
}
