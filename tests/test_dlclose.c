/*
 * The shared library, loaded at run time and closed while its pool lives: its
 * code stays, and everything goes on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "child.h"

CHILD_TSAN_OPTIONS("die_after_fork=0:report_thread_leaks=0")

/* What is called in the loaded library; what support.c calls is another one's,
 * which is part of this program. */
typedef struct loaded {
    void *handle;
    int (*create)(size_t workers, const ac_pool_attr *attr, ac_pool **pool);
    int (*destroy)(ac_pool *pool);
    int (*submit)(ac_pool *pool, const ac_task_attr *attr, ac_task_fn *fn,
                  void *arg, ac_future **future);
    int (*get)(ac_future *future, ac_deadline deadline, void **result);
    int (*cancel)(ac_future *future);
    void (*unref)(ac_future *future);
    int (*idle)(ac_pool *pool, ac_deadline deadline);
} loaded;

static char *
library(void)
{
    static char path[4096];
    const char *top = getenv("top_builddir");

    snprintf(path, sizeof(path), "%s/lib/.libs/libascompleted.so",
             top != NULL ? top : ".");
    return path;
}

/* ISO C has no conversion from an object pointer to one to a function. */
static void
find(void *handle, const char *name, void *function)
{
    void *symbol = dlsym(handle, name);

    ck_assert_msg(symbol != NULL, "%s: not there", name);
    *(void **)function = symbol;
}

static void
load(loaded *l)
{
    l->handle = dlopen(library(), RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(l->handle != NULL, "%s", dlerror());
    find(l->handle, "ac_pool_create", &l->create);
    find(l->handle, "ac_pool_destroy", &l->destroy);
    find(l->handle, "ac_submit", &l->submit);
    find(l->handle, "ac_future_get", &l->get);
    find(l->handle, "ac_future_cancel", &l->cancel);
    find(l->handle, "ac_future_unref", &l->unref);
    find(l->handle, "ac_pool_wait_idle", &l->idle);
    ck_assert(l->create != ac_pool_create);
}

typedef struct held {
    support_gate started;
    support_gate release;
} held;

static int
hold(void *arg, void **result)
{
    held *h = arg;

    support_gate_open(&h->started);
    support_gate_wait(&h->release);
    *result = h;
    return 0;
}

/* ---- Tests ---------------------------------------------------------- */

/* A task that runs, one that waits, and a worker that sleeps. */
START_TEST(s53_closed_with_a_live_pool_it_goes_on)
{
    ac_pool *pool = NULL;
    ac_pool *idle = NULL;
    ac_future *f[2];
    void *result;
    loaded l;
    held h;

    support_gate_init(&h.started);
    support_gate_init(&h.release);
    load(&l);
    ck_assert_int_eq(l.create(1, NULL, &pool), AC_OK);
    ck_assert_int_eq(l.create(2, NULL, &idle), AC_OK);
    ck_assert_int_eq(l.submit(pool, NULL, hold, &h, &f[0]), AC_OK);
    support_gate_wait(&h.started);
    ck_assert_int_eq(l.submit(pool, NULL, support_echo, &l, &f[1]), AC_OK);
    ck_assert_int_eq(dlclose(l.handle), 0);
    support_gate_open(&h.release);
    ck_assert_int_eq(l.get(f[0], AC_FOREVER, &result), AC_OK);
    ck_assert_ptr_eq(result, &h);
    ck_assert_int_eq(l.get(f[1], AC_FOREVER, &result), AC_OK);
    ck_assert_ptr_eq(result, &l);
    for (int i = 0; i < 2; i++)
        l.unref(f[i]);
    ck_assert_int_eq(l.submit(idle, NULL, support_echo, &h, &f[0]), AC_OK);
    ck_assert_int_eq(l.get(f[0], AC_FOREVER, &result), AC_OK);
    l.unref(f[0]);
    ck_assert_int_eq(l.destroy(idle), AC_OK);
    ck_assert_int_eq(l.destroy(pool), AC_OK);
    support_gate_destroy(&h.started);
    support_gate_destroy(&h.release);
}
END_TEST

START_TEST(s53_loaded_again_it_is_the_same)
{
    ac_pool *pool = NULL;
    ac_future *f = NULL;
    loaded l;
    loaded again;

    load(&l);
    ck_assert_int_eq(l.create(1, NULL, &pool), AC_OK);
    ck_assert_int_eq(dlclose(l.handle), 0);
    load(&again);
    ck_assert(again.create == l.create);
    ck_assert_int_eq(again.submit(pool, NULL, support_nothing, NULL, &f),
                     AC_OK);
    ck_assert_int_eq(again.get(f, AC_FOREVER, NULL), AC_OK);
    again.unref(f);
    ck_assert_int_eq(again.destroy(pool), AC_OK);
    ck_assert_int_eq(dlclose(again.handle), 0);
}
END_TEST

typedef struct inherited {
    loaded *l;
    ac_pool *pool;
} inherited;

static void
use_in_child(void *arg)
{
    inherited *in = arg;
    ac_pool *pool;

    CHILD_MUST(in->l->idle(in->pool, AC_POLL) == AC_EFORKED);
    CHILD_MUST(in->l->create(1, NULL, &pool) == AC_OK);
    CHILD_MUST(in->l->submit(pool, NULL, support_nothing, NULL, NULL) == AC_OK);
    CHILD_MUST(in->l->destroy(pool) == AC_OK);
}

/* The handler that counts forks is in the library.  The worker stands still at
 * the fork: one that is just starting may hold a lock of a sanitizer's. */
START_TEST(s53_s56_closed_it_still_knows_of_forks)
{
    loaded l;
    inherited in = {.l = &l};
    held h;

    if (CHILD_NO_THREADS)
        return;
    support_gate_init(&h.started);
    support_gate_init(&h.release);
    load(&l);
    ck_assert_int_eq(l.create(1, NULL, &in.pool), AC_OK);
    ck_assert_int_eq(l.submit(in.pool, NULL, hold, &h, NULL), AC_OK);
    support_gate_wait(&h.started);
    ck_assert_int_eq(dlclose(l.handle), 0);
    ck_assert_int_eq(child_run(use_in_child, &in), 0);
    support_gate_open(&h.release);
    ck_assert_int_eq(l.destroy(in.pool), AC_OK);
    support_gate_destroy(&h.started);
    support_gate_destroy(&h.release);
}
END_TEST

/* Leaving with it closed and its pool alive. */
static void
leave(void *arg)
{
    ac_pool *pool;
    loaded l;

    (void)arg;
    load(&l);
    CHILD_MUST(l.create(2, NULL, &pool) == AC_OK);
    for (int i = 0; i < 100; i++)
        CHILD_MUST(l.submit(pool, NULL, support_nothing, NULL, NULL) == AC_OK);
    CHILD_MUST(dlclose(l.handle) == 0);
    exit(0);
}

START_TEST(s53_a_program_may_end_that_way)
{
    ck_assert_int_eq(child_run(leave, NULL), 0);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("dlclose");
    TCase *tcase = support_tcase("dlclose");
    FILE *file = fopen(library(), "r");

    if (file == NULL) {
        puts("skipped: there is no shared library");
        exit(77);
    }
    fclose(file);
    tcase_add_test(tcase, s53_closed_with_a_live_pool_it_goes_on);
    tcase_add_test(tcase, s53_loaded_again_it_is_the_same);
    tcase_add_test(tcase, s53_s56_closed_it_still_knows_of_forks);
    tcase_add_test(tcase, s53_a_program_may_end_that_way);
    suite_add_tcase(suite, tcase);
    return suite;
}
