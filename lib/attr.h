/*
 * attr - options of pools and tasks
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ACI_ATTR_H
#define ACI_ATTR_H

#include "port.h"

#include <stdbool.h>
#include <stddef.h>

#define ACI_NAME_SIZE 16 /* a thread's name on Linux, with the NUL */

struct ac_pool_attr {
    char name[ACI_NAME_SIZE]; /* owner thread */
    size_t stack_size;        /* owner thread */
    size_t capacity;          /* owner thread; 0: no limit */
    ac_help help;             /* owner thread */
    bool timing;              /* owner thread */
    ac_start_fn *start;       /* owner thread */
    ac_stop_fn *stop;         /* owner thread */
    void *hook_arg;           /* owner thread */
    ac_trace_fn *trace;       /* owner thread */
    void *trace_arg;          /* owner thread */
};

struct ac_task_attr {
    ac_free_fn *free_arg;    /* owner thread */
    ac_free_fn *free_result; /* owner thread */
    ac_priority priority;    /* owner thread */
    ac_deadline start_by;    /* owner thread */
};

extern const struct ac_task_attr aci_task_defaults;

/* The attr, or the defaults for NULL. */
const struct ac_pool_attr *aci_pool_attr(const ac_pool_attr *attr);

static inline const struct ac_task_attr *
aci_task_attr(const ac_task_attr *attr)
{
    return attr != NULL ? attr : &aci_task_defaults;
}

#endif
