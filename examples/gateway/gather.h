/*
 * gather: ask several backends for one request, and take what comes in time
 *
 * SPDX-License-Identifier: MIT
 *
 * The first K backends are asked at once, all or none.  A spare is asked as
 * soon as one fails, and each time that the hedge time has passed.  It ends
 * with a quorum of answers, when no more can come, or at the deadline.
 *
 * A gather belongs to one thread, which waits in it and must not be a worker
 * of the pool: the calls it waits for need those.
 */
#ifndef GATHER_H
#define GATHER_H

#include "metrics.h"
#include "options.h"

#include <ascompleted.h>

struct gather {
    const struct options *options;
    ac_pool *pool;
    const char *path;
    ac_deadline deadline;
    ac_iter *iter;
    size_t asked;                   /* backends 0 to asked - 1 */
    size_t good;                    /* of them, have answered */
    ac_future *calls[MAX_BACKENDS]; /* references, of those asked */
    enum outcome outcomes[MAX_BACKENDS];
};

/*
 * AC_OK, with good < quorum when that was all that came; then, also after an
 * error, gather_free() it.  No room in the pool: AC_ETIMEDOUT; it is stopping:
 * AC_ESHUTDOWN; AC_ENOMEM.
 */
int gather_run(struct gather *gather, const struct options *options,
               ac_pool *pool, const char *path, ac_deadline deadline);

/* The call of a backend that was asked, once it is no longer late; NULL if it
 * never ran. */
struct call *gather_call(const struct gather *gather, size_t backend);

/* Cancel what is still out, and let go of all.  Call it when the reply is out:
 * at the deadline, those who end their calls would be in its way. */
void gather_free(struct gather *gather);

#endif
