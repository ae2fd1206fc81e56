/* pool_create: four workers, one task, and an orderly end.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>

static int
say(void *arg, void **result)
{
    (void)result;
    return puts(arg) == EOF;
}

int
main(void)
{
    ac_pool *pool;
    int rc = ac_pool_create(4, NULL, &pool);

    if (rc != AC_OK) {
        fprintf(stderr, "no pool: %s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
    /* No future: nobody will ask how it went. */
    rc = ac_submit(pool, NULL, say, "from a worker", NULL);
    if (rc != AC_OK) {
        fprintf(stderr, "not submitted: %s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
    /* Runs what is queued before it ends the workers. */
    rc = ac_pool_destroy(pool);
    if (rc != AC_OK) {
        fprintf(stderr, "not destroyed: %s\n", ac_strerror(rc));
        exit(EXIT_FAILURE);
    }
    puts("the pool is gone");
    exit(EXIT_SUCCESS);
}
