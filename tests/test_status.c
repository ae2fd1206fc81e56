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
    {AC_OK, 0},       {AC_DONE, 1},       {AC_ETIMEDOUT, 2},  {AC_EAGAIN, 3},
    {AC_EINVAL, 4},   {AC_ENOMEM, 5},     {AC_EBUSY, 6},      {AC_EALREADY, 7},
    {AC_EDEADLK, 8},  {AC_ENOENT, 9},     {AC_ESHUTDOWN, 10}, {AC_ECLOSED, 11},
    {AC_EFAILED, 32}, {AC_ECANCELED, 33},
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
    const int unknown[] = {-1, 12, 31, 34, 127, 128, INT_MAX, INT_MIN};

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
    tcase_add_test(tcase, s8_every_code_has_a_text_of_its_own);
    tcase_add_test(tcase, s8_a_text_is_constant);
    tcase_add_test(tcase, s8_an_unknown_code_has_a_text_too);
    tcase_add_test(tcase, the_library_is_of_the_version_of_its_header);
    suite_add_tcase(suite, tcase);
    return suite;
}
