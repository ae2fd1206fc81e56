/*
 * Start and stop hooks: in which thread, how often, in what order with the
 * tasks, and a pool that is refused by one of them.  (What such a thread is,
 * and may do: test_worker.c.)
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

enum { MOST = 16, CALLS = 64 };

/* What the hooks and the tasks of one pool have done, in order. */
typedef enum kind { START, STOP, TASK } kind;

typedef struct event {
    kind what;
    size_t worker;
    pthread_t thread;
} event;

typedef struct record {
    pthread_mutex_t mu;
    size_t n;            /* mu */
    event events[CALLS]; /* mu */
    size_t refuse;       /* immutable: the start hooks of these say no, */
    size_t every;        /* ... that is of `refuse`, and of each so many more */
} record;

static void
record_init(record *r)
{
    ck_assert_int_eq(pthread_mutex_init(&r->mu, NULL), 0);
    r->n = 0;
    r->refuse = SIZE_MAX;
    r->every = 0;
}

static void
note(record *r, kind what, size_t worker)
{
    pthread_mutex_lock(&r->mu);
    SUPPORT_CHECK(r->n < CALLS);
    if (r->n < CALLS)
        r->events[r->n++] = (event){what, worker, pthread_self()};
    pthread_mutex_unlock(&r->mu);
}

static size_t
count(record *r, kind what)
{
    size_t n = 0;

    pthread_mutex_lock(&r->mu);
    for (size_t i = 0; i < r->n; i++)
        n += r->events[i].what == what;
    pthread_mutex_unlock(&r->mu);
    return n;
}

/* The k-th that is it; all threads that write are gone. */
static const event *
find(const record *r, kind what, size_t worker, size_t k)
{
    for (size_t i = 0; i < r->n; i++) {
        const event *e = &r->events[i];
        if (e->what == what && e->worker == worker && k-- == 0)
            return e;
    }
    return NULL;
}

static int
refuses(const record *r, size_t worker)
{
    return worker >= r->refuse &&
           (worker == r->refuse ||
            (r->every > 0 && (worker - r->refuse) % r->every == 0));
}

static int
start_hook(size_t worker, void *arg)
{
    record *r = arg;

    note(r, START, worker);
    return refuses(r, worker) ? -1 : 0;
}

static void
stop_hook(size_t worker, void *arg)
{
    note(arg, STOP, worker);
}

static int
note_task(void *arg, void **result)
{
    (void)result;
    note(arg, TASK, SIZE_MAX);
    return 0;
}

static int
create(size_t workers, ac_start_fn *start, ac_stop_fn *stop, record *r,
       ac_pool **pool)
{
    ac_pool_attr *attr = NULL;

    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_hooks(attr, start, stop, r), AC_OK);
    const int rc = ac_pool_create(workers, attr, pool);
    ac_pool_attr_destroy(attr);
    return rc;
}

static ac_pool *
hooked_pool(size_t workers, record *r)
{
    ac_pool *pool = NULL;

    ck_assert_int_eq(create(workers, start_hook, stop_hook, r, &pool), AC_OK);
    return pool;
}

/* ---- In their place ------------------------------------------------- */

START_TEST(each_worker_starts_and_stops_once_in_its_own_thread)
{
    record r;

    record_init(&r);
    ac_pool *pool = hooked_pool(MOST, &r);
    ck_assert_uint_eq(count(&r, START), MOST); /* before create returns */
    ck_assert_uint_eq(count(&r, STOP), 0);
    support_pool_end(pool);
    ck_assert_uint_eq(r.n, 2 * MOST);
    for (size_t k = 0; k < MOST; k++) {
        const event *start = find(&r, START, k, 0);
        const event *stop = find(&r, STOP, k, 0);
        ck_assert(start != NULL && stop != NULL && start < stop);
        ck_assert_ptr_null(find(&r, START, k, 1));
        ck_assert_ptr_null(find(&r, STOP, k, 1));
        ck_assert(pthread_equal(start->thread, stop->thread));
        ck_assert(!pthread_equal(start->thread, pthread_self()));
        for (size_t i = 0; i < k; i++)
            ck_assert(
                !pthread_equal(find(&r, START, i, 0)->thread, start->thread));
    }
}
END_TEST

START_TEST(tasks_run_between_them_and_in_the_same_threads)
{
    record r;

    record_init(&r);
    ac_pool *pool = hooked_pool(2, &r);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, note_task, &r, NULL), AC_OK);
    support_pool_end(pool);
    ck_assert_uint_eq(r.n, 24);
    for (size_t i = 0; i < r.n; i++) {
        const event *e = &r.events[i];
        if (e->what != TASK)
            continue;
        const size_t k =
            pthread_equal(e->thread, find(&r, START, 0, 0)->thread) ? 0 : 1;
        const event *start = find(&r, START, k, 0);
        ck_assert(pthread_equal(e->thread, start->thread));
        ck_assert(start < e && e < find(&r, STOP, k, 0));
    }
}
END_TEST

START_TEST(either_may_be_left_out)
{
    ac_pool *pool = NULL;
    ac_pool_attr *attr = NULL;
    record r;

    record_init(&r);
    ck_assert_int_eq(create(2, start_hook, NULL, &r, &pool), AC_OK);
    support_pool_end(pool);
    ck_assert_uint_eq(r.n, 2);
    ck_assert_int_eq(create(2, NULL, stop_hook, &r, &pool), AC_OK);
    support_pool_end(pool);
    ck_assert_uint_eq(r.n, 4);
    ck_assert_uint_eq(count(&r, STOP), 2);
    /* Taken back. */
    ck_assert_int_eq(ac_pool_attr_create(&attr), AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_hooks(attr, start_hook, stop_hook, &r),
                     AC_OK);
    ck_assert_int_eq(ac_pool_attr_set_hooks(attr, NULL, NULL, NULL), AC_OK);
    ck_assert_int_eq(ac_pool_create(2, attr, &pool), AC_OK);
    support_pool_end(pool);
    ck_assert_uint_eq(r.n, 4);
    ck_assert_int_eq(ac_pool_attr_set_hooks(NULL, start_hook, NULL, &r),
                     AC_EINVAL);
    ac_pool_attr_destroy(attr);
}
END_TEST

/* ---- Refused -------------------------------------------------------- */

/* Those that refuse: one of them, each in turn; some; all. */
START_TEST(s54_one_that_refuses_and_there_is_no_pool)
{
    const size_t threads = support_thread_count();
    const size_t refuse[] = {0, 1, 2, 3, 4, 1, 0, 0};
    const size_t every[] = {0, 0, 0, 0, 0, 2, 2, 1};
    const size_t workers = 5;
    record r;

    record_init(&r);
    r.refuse = refuse[_i];
    r.every = every[_i];
    ac_pool *pool = (ac_pool *)&r;
    ck_assert_int_eq(create(workers, start_hook, stop_hook, &r, &pool),
                     AC_EHOOK);
    ck_assert_ptr_eq(pool, &r);
    support_await_threads(threads);
    ck_assert_uint_eq(count(&r, START), workers);
    for (size_t k = 0; k < workers; k++) {
        const event *stop = find(&r, STOP, k, 0);
        ck_assert_int_eq(stop == NULL, refuses(&r, k));
        ck_assert_ptr_null(find(&r, STOP, k, 1));
        if (stop != NULL)
            ck_assert(
                pthread_equal(stop->thread, find(&r, START, k, 0)->thread));
    }
    /* The same again without: nothing is left of the first. */
    r.refuse = SIZE_MAX;
    support_pool_end(hooked_pool(workers, &r));
}
END_TEST

START_TEST(s54_refused_a_hundred_times_it_takes_no_memory)
{
    const int rounds = support_instrumented() ? 50 : 500;
    size_t memory = 0;
    record r;

    record_init(&r);
    r.refuse = 1;
    for (int i = 0; i < rounds; i++) {
        ac_pool *pool = NULL;
        r.n = 0;
        ck_assert_int_eq(create(3, start_hook, stop_hook, &r, &pool), AC_EHOOK);
        if (i == rounds / 5)
            memory = support_resident_bytes();
    }
    if (!support_instrumented())
        ck_assert_uint_le(support_resident_bytes(), memory + (2u << 20));
}
END_TEST

/* ---- Workers that are replaced -------------------------------------- */

static int
end_thread(void *arg, void **result)
{
    (void)result;
    note(arg, TASK, SIZE_MAX);
    pthread_exit(NULL);
}

/* Of the new ones nobody asks what the hook returns: from then on it says no.
 */
START_TEST(s55_a_worker_that_is_replaced_stops_and_starts)
{
    enum { TIMES = 5 };
    record r;

    record_init(&r);
    ac_pool *pool = hooked_pool(1, &r);
    r.refuse = 0;
    for (int i = 0; i < TIMES; i++)
        ck_assert_int_eq(ac_submit(pool, NULL, end_thread, &r, NULL), AC_OK);
    ck_assert_int_eq(ac_submit(pool, NULL, note_task, &r, NULL), AC_OK);
    support_pool_end(pool);
    ck_assert_uint_eq(r.n, 3 * (TIMES + 1));
    for (size_t i = 0; i < r.n; i += 3) {
        const event *e = &r.events[i];
        ck_assert_int_eq(e[0].what, START);
        ck_assert_int_eq(e[1].what, TASK);
        ck_assert_int_eq(e[2].what, STOP);
        ck_assert_uint_eq(e[0].worker, 0);
        ck_assert_uint_eq(e[2].worker, 0);
        ck_assert(pthread_equal(e[0].thread, e[1].thread));
        ck_assert(pthread_equal(e[0].thread, e[2].thread));
    }
}
END_TEST

/* ---- Suite ---------------------------------------------------------- */

Suite *
test_suite(void)
{
    Suite *suite = suite_create("hooks");
    TCase *tcase = support_tcase("in their place");

    tcase_add_test(tcase, each_worker_starts_and_stops_once_in_its_own_thread);
    tcase_add_test(tcase, tasks_run_between_them_and_in_the_same_threads);
    tcase_add_test(tcase, either_may_be_left_out);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("refused");
    tcase_add_loop_test(tcase, s54_one_that_refuses_and_there_is_no_pool, 0, 8);
    tcase_add_test(tcase, s54_refused_a_hundred_times_it_takes_no_memory);
    suite_add_tcase(suite, tcase);

    tcase = support_tcase("replaced");
    tcase_add_test(tcase, s55_a_worker_that_is_replaced_stops_and_starts);
    suite_add_tcase(suite, tcase);
    return suite;
}
