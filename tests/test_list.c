/*
 * The intrusive lists: order, unlinking anywhere, and links that are in none.
 *
 * SPDX-License-Identifier: MIT
 */
#include "support.h"

#include "list.h"

enum { N = 5 };

static void
expect_order(struct aci_list *head, struct aci_list *links, const int *order,
             int n)
{
    struct aci_list *at = head->next;

    for (int i = 0; i < n; i++) {
        ck_assert_ptr_eq(at, &links[order[i]]);
        ck_assert_ptr_eq(at->next->prev, at);
        ck_assert_ptr_eq(at->prev->next, at);
        at = at->next;
    }
    ck_assert_ptr_eq(at, head);
}

START_TEST(list_append_prepend_and_pop)
{
    static const int order[N] = {4, 3, 0, 1, 2};
    struct aci_list head;
    struct aci_list links[N];

    aci_list_init(&head);
    ck_assert(aci_list_empty(&head));
    ck_assert_ptr_null(aci_list_pop(&head));
    for (int i = 0; i < 3; i++)
        aci_list_append(&head, &links[i]);
    for (int i = 3; i < N; i++)
        aci_list_prepend(&head, &links[i]);
    ck_assert(!aci_list_empty(&head));
    expect_order(&head, links, order, N);
    for (int i = 0; i < N; i++) {
        ck_assert_ptr_eq(aci_list_pop(&head), &links[order[i]]);
        ck_assert(aci_list_empty(&links[order[i]])); /* in no list */
    }
    ck_assert(aci_list_empty(&head));
    ck_assert_ptr_null(aci_list_pop(&head));
}
END_TEST

START_TEST(list_remove_anywhere)
{
    static const int without_middle[] = {0, 1, 3, 4};
    static const int without_ends[] = {1, 3};
    static const int inserted[] = {1, 2, 3};
    struct aci_list head;
    struct aci_list links[N];

    aci_list_init(&head);
    for (int i = 0; i < N; i++)
        aci_list_append(&head, &links[i]);
    aci_list_remove(&links[2]);
    ck_assert(aci_list_empty(&links[2]));
    expect_order(&head, links, without_middle, 4);
    aci_list_remove(&links[0]);
    aci_list_remove(&links[4]);
    expect_order(&head, links, without_ends, 2);
    aci_list_append(&links[3], &links[2]); /* before another link */
    expect_order(&head, links, inserted, 3);
    aci_list_remove(&links[2]);
    aci_list_remove(&links[2]); /* in no list: no harm */
    expect_order(&head, links, without_ends, 2);
}
END_TEST

static void
expect_chain(struct aci_chain *head, struct aci_chain *links, const int *order,
             int n)
{
    struct aci_chain *at = head;

    for (int i = 0; i < n; i++) {
        ck_assert_ptr_eq(at, &links[order[i]]);
        ck_assert_ptr_eq(*at->slot, at);
        at = at->next;
    }
    ck_assert_ptr_null(at);
}

START_TEST(chain_push_and_remove_anywhere)
{
    static const int all[N] = {4, 3, 2, 1, 0};
    static const int without_head[] = {3, 2, 1, 0};
    static const int without_middle[] = {3, 1, 0};
    static const int without_last[] = {3, 1};
    struct aci_chain *head = NULL;
    struct aci_chain links[N] = {{NULL, NULL}};

    for (int i = 0; i < N; i++)
        aci_chain_push(&head, &links[i]);
    expect_chain(head, links, all, N);
    aci_chain_remove(&links[4]);
    expect_chain(head, links, without_head, 4);
    aci_chain_remove(&links[2]);
    expect_chain(head, links, without_middle, 3);
    aci_chain_remove(&links[0]);
    expect_chain(head, links, without_last, 2);
    aci_chain_remove(&links[0]); /* in no chain: no harm */
    ck_assert_ptr_null(links[0].slot);
    expect_chain(head, links, without_last, 2);
    aci_chain_remove(&links[3]);
    aci_chain_remove(&links[1]);
    ck_assert_ptr_null(head);
}
END_TEST

Suite *
test_suite(void)
{
    Suite *suite = suite_create("list");
    TCase *tcase = support_tcase("list");

    tcase_add_test(tcase, list_append_prepend_and_pop);
    tcase_add_test(tcase, list_remove_anywhere);
    tcase_add_test(tcase, chain_push_and_remove_anywhere);
    suite_add_tcase(suite, tcase);
    return suite;
}
