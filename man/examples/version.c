/* version: was this program built against the library that it runs with?
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(void)
{
    if (strcmp(ac_version(), AC_VERSION) != 0) {
        fprintf(stderr, "built with %s, running with %s\n", AC_VERSION,
                ac_version());
        exit(EXIT_FAILURE);
    }
    puts("header and library agree");
    exit(EXIT_SUCCESS);
}
