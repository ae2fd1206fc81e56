/*
 * The example of the header's overview, word for word, and what it does.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 3 };

/* What the example is put among: a report, and something that hears puts(). */
static ac_future *reported[N];
static size_t n_reported;
static const char *said;
static support_hold holds[N];

/* Each report lets the task of the next one end, the way round. */
static void
report(ac_future *done)
{
    reported[n_reported++] = done;
    if (n_reported < N)
        support_hold_release(&holds[N - 1 - n_reported]);
}

#define puts(text) (said = (text))

static int
example(ac_future *const futures[], size_t n)
{
    /* begin */
    ac_iter *iter;
    ac_future *done;
    int rc = ac_as_completed(futures, n, &iter);
    if (rc != AC_OK)
        return rc;
    ac_deadline deadline = ac_deadline_in_ms(500);
    while ((rc = ac_iter_next(iter, deadline, &done)) == AC_OK) {
        report(done);
        ac_future_unref(done);
    }
    if (rc == AC_ETIMEDOUT)
        puts("gave up after the timeout");
    ac_iter_destroy(iter);
    /* end */
    return rc;
}

#undef puts

static void
stage_init(ac_pool **pool, ac_future *futures[N])
{
    n_reported = 0;
    said = NULL;
    *pool = support_pool(N);
    for (int i = 0; i < N; i++) {
        support_hold_worker(&holds[i], *pool);
        futures[i] = holds[i].future;
    }
}

static void
stage_end(ac_pool *pool)
{
    for (int i = 0; i < N; i++)
        support_hold_end(&holds[i]);
    support_pool_end(pool);
}

START_TEST(s3_it_reports_in_the_order_of_completion)
{
    ac_pool *pool;
    ac_future *futures[N];
    int rc;

    /* Where half a second is not enough for the rest, the machine is at
     * fault: then only what was reported is looked at. */
    stage_init(&pool, futures);
    support_hold_release(&holds[N - 1]);
    ck_assert_int_eq(ac_future_wait(futures[N - 1], AC_FOREVER), AC_OK);
    rc = example(futures, N);
    ck_assert_uint_ge(n_reported, 1); /* ready beats expired */
    for (size_t i = 0; i < n_reported; i++)
        ck_assert_ptr_eq(reported[i], futures[N - 1 - i]);
    if (rc != AC_ETIMEDOUT) {
        ck_assert_int_eq(rc, AC_DONE);
        ck_assert_uint_eq(n_reported, N);
        ck_assert_ptr_null(said);
    }
    stage_end(pool);
}
END_TEST

START_TEST(s4_s6_it_gives_up_after_the_timeout)
{
    ac_pool *pool;
    ac_future *futures[N];
    ac_deadline before;

    stage_init(&pool, futures);
    before = ac_deadline_in_ms(500);
    ck_assert_int_eq(example(futures, N), AC_ETIMEDOUT);
    ck_assert_int_ge(ac_now(), before);
    ck_assert_uint_eq(n_reported, 0);
    ck_assert_str_eq(said, "gave up after the timeout");
    for (int i = 0; i < N; i++) /* they go on */
        ck_assert_int_eq(ac_future_status(futures[i]), AC_EAGAIN);
    stage_end(pool);
}
END_TEST

START_TEST(s10_nothing_to_do)
{
    n_reported = 0;
    said = NULL;
    ck_assert_int_eq(example(NULL, 0), AC_DONE);
    ck_assert_uint_eq(n_reported, 0);
    ck_assert_ptr_null(said);
}
END_TEST

/* ---- Word for word -------------------------------------------------- */

/* The text of a file between two lines, without indentation and comment
 * stars; NULL if the file is not there. */
static char *
excerpt(const char *path, const char *from, const char *to, int inclusive)
{
    char line[256];
    char *text = calloc(1, 4096);
    int inside = 0;
    FILE *file = fopen(path, "r");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        const char *word = line + strspn(line, " *");
        if (!inside) {
            inside = strncmp(word, from, strlen(from)) == 0;
            if (!inside || !inclusive)
                continue;
        }
        int last = strncmp(word, to, strlen(to)) == 0;
        if (!last || inclusive)
            strncat(text, word, 4095 - strlen(text));
        if (last)
            break;
    }
    if (file == NULL) {
        free(text);
        return NULL;
    }
    fclose(file);
    return text;
}

START_TEST(it_is_the_text_of_the_header)
{
    const char *srcdir = getenv("srcdir");
    char path[4096];
    char *header;
    char *here;

    if (srcdir == NULL)
        srcdir = ".";
    snprintf(path, sizeof(path), "%s/include/ascompleted.h", srcdir);
    header = excerpt(path, "ac_iter *iter;", "ac_iter_destroy(iter);", 1);
    snprintf(path, sizeof(path), "%s/tests/test_example.c", srcdir);
    here = excerpt(path, "/* begin", "/* end", 0);
    if (header == NULL || here == NULL) {
        puts("skipped: run it by make check, or at the top of the source");
        free(header);
        free(here);
        return;
    }
    ck_assert_uint_gt(strlen(header), 300);
    ck_assert_str_eq(header, here);
    free(header);
    free(here);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("example");
    TCase *tcase = support_tcase("example");

    tcase_add_test(tcase, s3_it_reports_in_the_order_of_completion);
    tcase_add_test(tcase, s4_s6_it_gives_up_after_the_timeout);
    tcase_add_test(tcase, s10_nothing_to_do);
    tcase_add_test(tcase, it_is_the_text_of_the_header);
    suite_add_tcase(suite, tcase);
    return suite;
}
