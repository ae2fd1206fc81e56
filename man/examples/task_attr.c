/* task_attr: nothing leaks, whether the task runs or not.
 * SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Owns its argument while it runs; leaves a result on the heap. */
static int
copy(void *arg, void **result)
{
    *result = strdup(arg);
    free(arg);
    return *result == NULL;
}

static void
must(int rc)
{
    if (rc != AC_OK) {
        fprintf(stderr, "%s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
}

int
main(void)
{
    char *text = strdup("hello");
    ac_task_attr *attr;
    ac_pool *pool;

    if (text == NULL)
        exit(EXIT_FAILURE);
    must(ac_task_attr_create(&attr));
    must(ac_task_attr_set_free_arg(attr, free));    /* if not run */
    must(ac_task_attr_set_free_result(attr, free)); /* if not taken */

    must(ac_pool_create(1, NULL, &pool));
    if (ac_submit(pool, attr, copy, text, NULL) != AC_OK) {
        free(text);                                 /* still ours */
        exit(EXIT_FAILURE);
    }
    ac_task_attr_destroy(attr);
    must(ac_pool_destroy(pool));
    puts("all freed");
    exit(EXIT_SUCCESS);
}
