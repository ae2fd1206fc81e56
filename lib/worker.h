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

#endif
