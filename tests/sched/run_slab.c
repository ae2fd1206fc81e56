/*
 * run_slab.c - the slab by itself; in what the other scenarios run, each node
 * is an allocation of its own
 *
 * SPDX-License-Identifier: MIT
 */
#include "scenario.h"

#include <stdlib.h>

#include "slab.h"

/* So few fit into a chunk.  The first node that a thread frees has it look
 * after the shard, the next ones are only left there. */
enum { SIZE = 1000, CHUNK = 32 };

static struct aci_slab *slab;
static char *nodes[CHUNK + 2];

static void
begin(int n)
{
    slab = aligned_alloc(ACI_CACHE_LINE, sizeof *slab);
    SK_MUST(slab != NULL);
    aci_slab_init(slab, SIZE);
    for (int i = 0; i < n; i++) {
        nodes[i] = aci_slab_alloc(slab);
        SK_MUST(nodes[i] != NULL);
    }
}

/* Each node is one's own: an access by two would be seen. */
static void
give(int i)
{
    nodes[i][0] = 1;
    nodes[i][SIZE - 1] = 1;
    if (aci_slab_free(nodes[i]))
        free(slab);
}

static void
end(void)
{
    if (aci_slab_close(slab))
        free(slab);
}

/* ---- The last nodes are freed while it is closed ---- */

static void *
give_two(void *first)
{
    give(*(int *)first);
    give(*(int *)first + 1);
    return NULL;
}

SK_SCENARIO(slab_close)
{
    static int first[] = {0, 2};
    begin(4);
    pthread_t one = sk_start(give_two, &first[0]);
    pthread_t two = sk_start(give_two, &first[1]);
    end();
    sk_join(one);
    sk_join(two);
}

/* ---- Nodes are freed while others are taken ---- */

SK_SCENARIO(slab_alloc)
{
    static int first = 1;
    begin(CHUNK);
    pthread_t other = sk_start(give_two, &first);
    give(0);
    for (int i = CHUNK; i < CHUNK + 2; i++) {
        nodes[i] = aci_slab_alloc(slab);
        SK_MUST(nodes[i] != NULL);
    }
    sk_join(other);
    for (int i = 3; i < CHUNK + 2; i++)
        give(i);
    end();
}

/* ---- Two begin it ---- */

static void *
take_and_give(void *unused)
{
    (void)unused;
    nodes[0] = aci_slab_alloc(slab);
    SK_MUST(nodes[0] != NULL);
    give(0);
    return NULL;
}

SK_SCENARIO(slab_begin)
{
    begin(0);
    pthread_t other = sk_start(take_and_give, NULL);
    for (int i = 1; i < 4; i++) {
        nodes[i] = aci_slab_alloc(slab);
        SK_MUST(nodes[i] != NULL);
    }
    give(2);
    sk_join(other);
    end();
    give(1);
    give(3);
}
