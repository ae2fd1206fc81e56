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

enum { SIZE = 96, MANY = 200000, THREADS = 4, TURNS = 20000, IN_HAND = 64 };

typedef struct bench {
    struct aci_slab slab;
    atomic_bool ended; /* somebody was told that it was the last */
} bench;

static void
bench_init(bench *b)
{
    atomic_init(&b->ended, false);
    aci_slab_init(&b->slab, SIZE);
}

/* But for the one that it has for being open. */
static size_t
chunks(bench *b)
{
    return atomic_load(&b->slab.refs.n) - 1;
}

static void
end_if(bench *b, bool last)
{
    if (last)
        SUPPORT_CHECK_INT(atomic_exchange(&b->ended, true), false);
}

static void
bench_close(bench *b)
{
    end_if(b, aci_slab_close(&b->slab));
}

/* It is closed, and all nodes are freed. */
static void
bench_end(bench *b)
{
    ck_assert(atomic_load(&b->ended));
}

/* A node that is full of `mark`. */
static unsigned char *
take(bench *b, int mark)
{
    unsigned char *node = aci_slab_alloc(&b->slab);

    if (node == NULL)
        abort();
    memset(node, mark, SIZE);
    return node;
}

/* It has to be full of `mark` still: nobody else has it. */
static void
give(bench *b, unsigned char *node, int mark)
{
    for (size_t i = 0; i < SIZE; i++)
        SUPPORT_CHECK_INT(node[i], mark & 0xff);
    end_if(b, aci_slab_free(node));
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

/* In an order that has nothing to do with that of taking: 7919 and MANY have no
 * common divisor. */
static void
give_all(bench *b)
{
    for (int i = 0; i < MANY; i++) {
        const int at = (int)((size_t)i * 7919 % MANY);
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

/* What was left at a shard since somebody looked keeps a chunk each, at most;
 * and the shard keeps one. */
enum { LEFT = 64 + 1 };

START_TEST(nodes_are_used_again_and_empty_chunks_go_back)
{
    bench b;

    bench_init(&b);
    take_all(&b);
    const size_t most = chunks(&b);
    /* What a chunk has beside its nodes is less than a hundredth. */
    ck_assert_uint_le(most * 32 * 1024,
                      (size_t)MANY * SIZE * 102 / 100 + 32768);
    ck_assert_uint_gt(most, 2 * LEFT);
    for (int turn = 0; turn < 3; turn++) {
        give_all(&b);
        ck_assert_uint_le(chunks(&b), LEFT);
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
    ck_assert(!atomic_load(&b.ended));
    for (int i = 0; i < MANY - 1; i++)
        give(&b, all[i], i);
    bench_end(&b);
}
END_TEST

START_TEST(never_used_it_closes)
{
    bench b;

    bench_init(&b);
    bench_close(&b);
    bench_end(&b);
}
END_TEST

/* As many at once as there are shards, and more: the last finds them busy, and
 * does not wait. */
START_TEST(with_every_shard_busy_there_is_memory)
{
    bench b;

    bench_init(&b);
    for (int i = 0; i < ACI_SHARDS; i++)
        atomic_store(&b.slab.shards[i].busy, true);
    unsigned char *one = take(&b, 1), *two = take(&b, 2);
    give(&b, one, 1);
    for (int i = 0; i < ACI_SHARDS; i++)
        atomic_store(&b.slab.shards[i].busy, false);
    give(&b, two, 2);
    bench_close(&b);
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

/* Two that begin a slab meet in its first shard; again when all is freed. */
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
    tcase_add_test(tcase, nodes_are_used_again_and_empty_chunks_go_back);
    tcase_add_test(tcase, closed_it_keeps_nothing);
    tcase_add_test(tcase, never_used_it_closes);
    tcase_add_test(tcase, with_every_shard_busy_there_is_memory);
    tcase_add_test(tcase, threads_free_what_others_took);
    tcase_add_test(tcase, two_that_begin_it_leave_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
