/*
 * worker - a thread of a pool
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_WORKER_H
#define ACI_WORKER_H

#include "pool.h"

/* The thread's main function; `arg` is its struct aci_worker. */
void *aci_worker_main(void *arg);

/* Run a claimed task on top of the one that the calling thread is running,
 * finish it, drop the queue's reference, and settle. */
void aci_worker_run_nested(ac_pool *pool, ac_future *future);

#endif
