/*
 * What a done callback finishes waits until it has returned: callbacks are
 * queued, never nested.  So a chain of a hundred thousand needs no more stack
 * than one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "owned.h"

/* ---- Queued, not nested --------------------------------------------- */

/* Written by one thread: letters in the order of events. */
static char events[64];

static void
event(char letter)
{
    const size_t n = strlen(events);

    SUPPORT_CHECK(n + 1 < sizeof(events));
    events[n] = letter;
}

/* Says a small letter. */
static void
say(ac_future *future, void *arg)
{
    (void)future;
    event(*(const char *)arg);
}

typedef struct family {
    ac_future *task;  /* queued */
    pledge *pledge;   /* unresolved */
    ac_future *again; /* one that is done */
} family;

static void
finish_others(ac_future *future, void *arg)
{
    family *f = arg;

    (void)future;
    event('(');
    SUPPORT_CHECK_INT(ac_future_cancel(f->task), AC_OK);
    SUPPORT_CHECK_INT(ac_future_status(f->task), AC_ECANCELED);
    SUPPORT_CHECK_INT(ac_promise_resolve(f->pledge->promise, NULL), AC_OK);
    SUPPORT_CHECK_INT(ac_future_status(f->pledge->future), AC_OK);
    SUPPORT_CHECK_INT(ac_future_on_done(f->again, say, "c"), AC_OK);
    event(')');
}

START_TEST(s37_what_it_finishes_waits_for_its_return)
{
    ac_pool *pool = support_pool(1);
    support_hold hold;
    pledge p[2];
    family f = {.pledge = &p[1]};

    pledge_init(&p[0]);
    pledge_init(&p[1]);
    support_hold_worker(&hold, pool);
    f.task = support_submit(pool, support_nothing, NULL);
    f.again = p[0].future;
    ck_assert_int_eq(ac_future_on_done(f.task, say, "a"), AC_OK);
    ck_assert_int_eq(ac_future_on_done(f.pledge->future, say, "b"), AC_OK);
    ck_assert_int_eq(ac_future_on_done(p[0].future, say, "1"), AC_OK);
    ck_assert_int_eq(ac_future_on_done(p[0].future, finish_others, &f), AC_OK);
    ck_assert_int_eq(ac_future_on_done(p[0].future, say, "2"), AC_OK);
    ck_assert_int_eq(ac_promise_resolve(p[0].promise, NULL), AC_OK);
    ck_assert_str_eq(events, "1()2abc");
    ac_future_unref(f.task);
    pledge_end(&p[0], 0, 0);
    pledge_end(&p[1], 0, 0);
    support_hold_end(&hold);
    support_pool_end(pool);
}
END_TEST

/* ---- Chains --------------------------------------------------------- */

enum { CHAIN = 100000, CANCELS = 20000 };

typedef struct ring {
    ac_promise *promise;
    ac_future *future;
    struct ring *next;
} ring;

static uintptr_t lowest, highest; /* of the frames of callbacks */
static int ring_calls;

static void
note_frame(void)
{
    const uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    if (ring_calls++ == 0)
        lowest = highest = here;
    if (here < lowest)
        lowest = here;
    if (here > highest)
        highest = here;
}

/* Resolves the next one, and lets go of both ends of its own. */
static void
pull(ac_future *future, void *arg)
{
    ring *r = arg;

    note_frame();
    SUPPORT_CHECK(future == r->future);
    ac_future_unref(r->future);
    ac_promise_destroy(r->promise);
    if (r->next != NULL)
        SUPPORT_CHECK_INT(ac_promise_resolve(r->next->promise, NULL), AC_OK);
}

START_TEST(s37_a_long_chain_of_promises_needs_no_stack)
{
    ring *rings = calloc(CHAIN, sizeof(*rings));

    ck_assert_ptr_nonnull(rings);
    for (int i = 0; i < CHAIN; i++) {
        ring *r = &rings[i];
        ck_assert_int_eq(ac_promise_create(NULL, r, &r->promise, &r->future),
                         AC_OK);
        ck_assert_int_eq(ac_future_on_done(r->future, pull, r), AC_OK);
        r->next = i + 1 < CHAIN ? r + 1 : NULL;
    }
    ck_assert_int_eq(ac_promise_resolve(rings[0].promise, NULL), AC_OK);
    ck_assert_int_eq(ring_calls, CHAIN);
    ck_assert_uint_lt(highest - lowest, 4096);
    free(rings);
}
END_TEST

static void
pull_task(ac_future *future, void *arg)
{
    ac_future **next = (ac_future **)arg + 1;

    note_frame();
    SUPPORT_CHECK_INT(ac_future_status(future), AC_ECANCELED);
    if (*next != NULL)
        SUPPORT_CHECK_INT(ac_future_cancel(*next), AC_OK);
    ac_future_unref(future);
}

START_TEST(s37_a_long_chain_of_cancels_needs_no_stack)
{
    ac_future **futures = calloc(CANCELS + 1, sizeof(*futures));
    ac_pool *pool = support_pool(1);
    support_hold hold;
    size_t left = 0;

    ck_assert_ptr_nonnull(futures);
    support_hold_worker(&hold, pool);
    for (int i = 0; i < CANCELS; i++) {
        futures[i] = support_submit(pool, support_nothing, NULL);
        ck_assert_int_eq(ac_future_on_done(futures[i], pull_task, &futures[i]),
                         AC_OK);
    }
    ck_assert_int_eq(ac_future_cancel(futures[0]), AC_OK);
    ck_assert_int_eq(ring_calls, CANCELS);
    ck_assert_uint_lt(highest - lowest, 4096);
    ck_assert_int_eq(ac_pool_shutdown(pool, AC_DRAIN, AC_POLL, &left),
                     AC_ETIMEDOUT);
    ck_assert_uint_eq(left, 1);
    support_hold_end(&hold);
    support_pool_end(pool);
    free(futures);
}
END_TEST

/* ---- Free functions ------------------------------------------------- */

typedef struct heir {
    ac_future *next; /* queued; canceled when this one is released */
    ac_pool *pool;
} heir;

/* Runs when the callbacks have returned, and all that they ended is settled:
 * it may finish others, and ask the pool. */
static void
bequeath(void *object)
{
    heir *h = object;

    event('f');
    if (h->next != NULL) {
        SUPPORT_CHECK_INT(ac_future_cancel(h->next), AC_OK);
        ac_future_unref(h->next);
    }
    SUPPORT_CHECK_INT(ac_pool_wait_idle(h->pool, AC_POLL), AC_OK);
}

static void
drop_last(ac_future *future, void *arg)
{
    (void)arg;
    event('<');
    ac_future_unref(future);
    event('>'); /* it is kept until this has returned */
}

static void
destroy_promise(ac_future *future, void *arg)
{
    (void)future;
    ac_promise_destroy(arg);
}

/* The end of each is the cancel of the next. */
START_TEST(s37_a_free_function_may_finish_others)
{
    ac_task_attr *attr = NULL;
    ac_promise *promise = NULL;
    ac_future *f = NULL;
    heir h[3] = {{.next = NULL}, {.next = NULL}, {.next = NULL}};
    ac_pool *pool = support_pool(1);

    events[0] = '\0';
    ck_assert_int_eq(ac_task_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_task_attr_set_free_arg(attr, bequeath), AC_OK);
    for (int i = 0; i < 3; i++)
        h[i].pool = pool;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(
            ac_promise_create(attr, &h[i + 1], &promise, &h[i].next), AC_OK);
        ck_assert_int_eq(ac_future_on_done(h[i].next, say, i == 0 ? "b" : "c"),
                         AC_OK);
        ck_assert_int_eq(ac_future_on_done(h[i].next, destroy_promise, promise),
                         AC_OK);
    }
    ck_assert_int_eq(ac_promise_create(attr, &h[0], &promise, &f), AC_OK);
    ck_assert_int_eq(ac_future_on_done(f, drop_last, NULL), AC_OK);
    ck_assert_int_eq(ac_future_on_done(f, destroy_promise, promise), AC_OK);
    ck_assert_int_eq(ac_future_cancel(f), AC_OK);
    ck_assert_str_eq(events, "<>fbfcf");
    ac_task_attr_destroy(attr);
    support_pool_end(pool);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("chains of callbacks");
    TCase *tcase = support_tcase("chains");

    tcase_add_test(tcase, s37_what_it_finishes_waits_for_its_return);
    tcase_add_test(tcase, s37_a_long_chain_of_promises_needs_no_stack);
    tcase_add_test(tcase, s37_a_long_chain_of_cancels_needs_no_stack);
    tcase_add_test(tcase, s37_a_free_function_may_finish_others);
    suite_add_tcase(suite, tcase);
    return suite;
}
