/* strerror: say why a call failed.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>

int
main(void)
{
    int rc = ac_iter_add(NULL, NULL);

    if (rc == AC_OK)
        exit(EXIT_FAILURE);
    printf("ac_iter_add: code %d\n", rc);
    fprintf(stderr, "ac_iter_add: %s\n", ac_strerror(rc));
    exit(EXIT_SUCCESS);
}
