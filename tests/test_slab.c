/*
 * The slab by itself: every node is one's own, what is freed is used again,
 * and empty chunks go back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "slab.h"

enum { SIZE = 96, MANY = 5000, THREADS = 4, TURNS = 20000, IN_HAND = 64 };

/* A slab, and how many chunks it has by what its calls have said. */
typedef struct bench {
    struct aci_slab slab;
    atomic_size_t grown;
    atomic_size_t given_back;
} bench;

static void
bench_init(bench *b)
{
    atomic_init(&b->grown, 0);
    atomic_init(&b->given_back, 0);
    ck_assert_int_eq(aci_slab_init(&b->slab, SIZE), AC_OK);
}

static size_t
chunks(bench *b)
{
    return atomic_load(&b->grown) - atomic_load(&b->given_back);
}

static void
bench_close(bench *b)
{
    atomic_fetch_add(&b->given_back, aci_slab_close(&b->slab));
}

static void
bench_end(bench *b)
{
    ck_assert_uint_eq(chunks(b), 0);
    aci_slab_destroy(&b->slab);
}

/* A node that is full of `mark`. */
static unsigned char *
take(bench *b, int mark)
{
    bool grew = false;
    unsigned char *node = aci_slab_alloc(&b->slab, &grew);

    if (node == NULL)
        abort();
    atomic_fetch_add(&b->grown, grew);
    memset(node, mark, SIZE);
    return node;
}

/* It has to be full of `mark` still: nobody else has it. */
static void
give(bench *b, unsigned char *node, int mark)
{
    for (size_t i = 0; i < SIZE; i++)
        SUPPORT_CHECK_INT(node[i], mark & 0xff);
    atomic_fetch_add(&b->given_back, aci_slab_free(node));
}

static unsigned char *all[MANY];

static void
take_all(bench *b)
{
    for (int i = 0; i < MANY; i++) {
        all[i] = take(b, i);
        ck_assert_uint_eq((uintptr_t)all[i] % sizeof(void *), 0);
    }
}

/* In an order that has nothing to do with that of taking: 7 and MANY have no
 * common divisor. */
static void
give_all(bench *b)
{
    for (int i = 0; i < MANY; i++) {
        const int at = (int)((size_t)i * 7 % MANY);
        give(b, all[at], at);
    }
}

START_TEST(each_node_is_ones_own)
{
    bench b;

    bench_init(&b);
    take_all(&b);
    give_all(&b);
    bench_close(&b);
    bench_end(&b);
}
END_TEST

START_TEST(nodes_are_used_again_and_one_empty_chunk_is_kept)
{
    bench b;

    bench_init(&b);
    take_all(&b);
    const size_t most = chunks(&b);
    /* What a chunk has beside its nodes is less than a hundredth. */
    ck_assert_uint_le(most * 32 * 1024, (size_t)MANY * SIZE * 102 / 100 + 32768);
    for (int turn = 0; turn < 3; turn++) {
        give_all(&b);
        ck_assert_uint_eq(chunks(&b), 1);
        take_all(&b);
        ck_assert_uint_eq(chunks(&b), most);
    }
    for (int i = 0; i < MANY; i++) {
        give(&b, all[i], i);
        all[i] = take(&b, i);
    }
    ck_assert_uint_eq(chunks(&b), most);
    give_all(&b);
    bench_close(&b);
    bench_end(&b);
}
END_TEST

START_TEST(closed_it_keeps_nothing)
{
    bench b;

    bench_init(&b);
    take_all(&b);
    give(&b, all[MANY - 1], MANY - 1);
    bench_close(&b);
    ck_assert_uint_gt(chunks(&b), 0);
    for (int i = 0; i < MANY - 1; i++)
        give(&b, all[i], i);
    bench_end(&b);
}
END_TEST

START_TEST(never_used_it_closes)
{
    bench b;

    bench_init(&b);
    ck_assert_uint_eq(aci_slab_close(&b.slab), 0);
    bench_end(&b);
}
END_TEST

/* ---- Threads -------------------------------------------------------- */

typedef struct party {
    bench b;
    atomic_uint number;
    _Atomic(unsigned char *) table[IN_HAND]; /* nodes that anyone may free */
} party;

/* Each puts its nodes where others find them, and frees what was there: its
 * first byte is the mark. */
static void *
swap(void *arg)
{
    party *p = arg;
    const unsigned me = atomic_fetch_add(&p->number, 1) + 1;

    for (unsigned i = 0; i < TURNS; i++) {
        unsigned char *mine = take(&p->b, (int)(me * 32 + i % 32));
        unsigned char *old =
            atomic_exchange(&p->table[(i * 13 + me) % IN_HAND], mine);
        if (old != NULL)
            give(&p->b, old, old[0]);
    }
    return NULL;
}

START_TEST(threads_free_what_others_took)
{
    static party p;
    pthread_t threads[THREADS];

    bench_init(&p.b);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, swap, &p), 0);
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    bench_close(&p.b);
    for (int i = 0; i < IN_HAND; i++) {
        unsigned char *left = atomic_load(&p.table[i]);
        if (left != NULL)
            give(&p.b, left, left[0]);
    }
    bench_end(&p.b);
}
END_TEST

/* Two that find no chunk make one each. */
enum { PAIR = 2, MEETINGS = 3000 };

typedef struct meeting {
    bench b;
    atomic_uint come; /* so many times one has come to meet the others */
} meeting;

/* Leave together: a barrier of mutexes would let them go one by one. */
static void
meet(meeting *m, unsigned *times)
{
    atomic_fetch_add(&m->come, 1);
    ++*times;
    while (atomic_load(&m->come) < *times * (PAIR + 1))
        sched_yield();
}

static void *
begin_it(void *arg)
{
    meeting *m = arg;
    unsigned times = 0;

    for (int i = 0; i < MEETINGS; i++) {
        meet(m, &times);
        give(&m->b, take(&m->b, i), i);
        meet(m, &times);
    }
    return NULL;
}

START_TEST(two_that_begin_it_leave_nothing)
{
    static meeting m;
    pthread_t threads[PAIR];
    unsigned times = 0;

    for (int i = 0; i < PAIR; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, begin_it, &m), 0);
    for (int i = 0; i < MEETINGS; i++) {
        bench_init(&m.b);
        meet(&m, &times);
        meet(&m, &times);
        bench_close(&m.b);
        bench_end(&m.b);
    }
    for (int i = 0; i < PAIR; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("slab");
    TCase *tcase = support_tcase("slab");

    tcase_add_test(tcase, each_node_is_ones_own);
    tcase_add_test(tcase, nodes_are_used_again_and_one_empty_chunk_is_kept);
    tcase_add_test(tcase, closed_it_keeps_nothing);
    tcase_add_test(tcase, never_used_it_closes);
    tcase_add_test(tcase, threads_free_what_others_took);
    tcase_add_test(tcase, two_that_begin_it_leave_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
