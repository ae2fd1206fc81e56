/*
 * A task that ends its thread, in code that has no unwind tables: see
 * Makefile.am for how it is compiled.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>

int bare_quit_task(void *arg, void **result);

int
bare_quit_task(void *arg, void **result)
{
    *result = arg;
    pthread_exit(NULL);
}
