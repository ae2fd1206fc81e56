/* deadline: points in time, and the ends of the scale.
 * SPDX-License-Identifier: MIT */
#include <ascompleted.h>
#include <stdio.h>
#include <stdlib.h>

int
main(void)
{
    ac_deadline before = ac_now();
    ac_deadline deadline = ac_deadline_in_ms(500);

    if (deadline - before >= 500 * (int64_t)1000000)
        puts("half a second from now");
    if (ac_deadline_in_ms(-1) < ac_now())
        puts("a negative duration is already past");
    if (ac_deadline_in_ns(INT64_MAX) == AC_FOREVER)
        puts("too long is for ever");
    if (AC_POLL < ac_now())
        puts("AC_POLL is long past");
    exit(EXIT_SUCCESS);
}
