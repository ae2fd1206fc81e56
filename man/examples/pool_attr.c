/* pool_attr: two pools with the same options.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>

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
    ac_pool_attr *attr;
    ac_pool *first, *second;

    must(ac_pool_attr_create(&attr));
    must(ac_pool_attr_set_name(attr, "dns"));
    must(ac_pool_attr_set_stack_size(attr, 256 * 1024));
    must(ac_pool_attr_set_help(attr, AC_HELP_ALWAYS));

    must(ac_pool_create(2, attr, &first));
    must(ac_pool_create(1, attr, &second));
    ac_pool_attr_destroy(attr);         /* the pools do not need it */

    must(ac_pool_destroy(second));
    must(ac_pool_destroy(first));
    puts("two pools came and went");
    exit(EXIT_SUCCESS);
}
