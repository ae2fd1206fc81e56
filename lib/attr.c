/*
 * attr - options of pools and tasks
 *
 * Locking: none; an attr object belongs to one thread at a time.
 * Lifetime: the caller's; a call that takes one copies what it needs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "attr.h"

#include <string.h>

#include "mem.h"

#define DEFAULT_STACK ((size_t)8 << 20)

static const struct ac_pool_attr pool_defaults = {
    .name = "ac",
    .stack_size = DEFAULT_STACK,
    .help = AC_HELP_UNTIMED,
};

const struct ac_task_attr aci_task_defaults = {
    .priority = AC_PRIORITY_NORMAL,
    .start_by = AC_FOREVER,
};

const struct ac_pool_attr *
aci_pool_attr(const ac_pool_attr *attr)
{
    return attr != NULL ? attr : &pool_defaults;
}

int
ac_pool_attr_create(ac_pool_attr **out)
{
    if (out == NULL)
        return AC_EINVAL;
    ac_pool_attr *attr = aci_alloc(sizeof *attr);
    if (attr == NULL)
        return AC_ENOMEM;
    *attr = pool_defaults;
    *out = attr;
    return AC_OK;
}

void
ac_pool_attr_destroy(ac_pool_attr *attr)
{
    aci_free(attr);
}

int
ac_pool_attr_set_name(ac_pool_attr *attr, const char *name)
{
    if (attr == NULL || name == NULL)
        return AC_EINVAL;
    size_t n = strlen(name);
    if (n > ACI_NAME_SIZE - 1)
        n = ACI_NAME_SIZE - 1;
    memcpy(attr->name, name, n);
    attr->name[n] = '\0';
    return AC_OK;
}

int
ac_pool_attr_set_stack_size(ac_pool_attr *attr, size_t bytes)
{
    if (attr == NULL || bytes < aci_thread_min_stack())
        return AC_EINVAL;
    attr->stack_size = bytes;
    return AC_OK;
}

int
ac_pool_attr_set_help(ac_pool_attr *attr, ac_help help)
{
    if (attr == NULL || (help != AC_HELP_UNTIMED && help != AC_HELP_ALWAYS))
        return AC_EINVAL;
    attr->help = help;
    return AC_OK;
}

int
ac_pool_attr_set_capacity(ac_pool_attr *attr, size_t tasks)
{
    if (attr == NULL)
        return AC_EINVAL;
    attr->capacity = tasks;
    return AC_OK;
}

int
ac_pool_attr_set_timing(ac_pool_attr *attr, int on)
{
    if (attr == NULL)
        return AC_EINVAL;
    attr->timing = on != 0;
    return AC_OK;
}

int
ac_pool_attr_set_hooks(ac_pool_attr *attr, ac_start_fn *start, ac_stop_fn *stop,
                       void *arg)
{
    if (attr == NULL)
        return AC_EINVAL;
    attr->start = start;
    attr->stop = stop;
    attr->hook_arg = arg;
    return AC_OK;
}

int
ac_pool_attr_set_trace(ac_pool_attr *attr, ac_trace_fn *fn, void *arg)
{
    if (attr == NULL)
        return AC_EINVAL;
    attr->trace = fn;
    attr->trace_arg = arg;
    return AC_OK;
}

int
ac_task_attr_create(ac_task_attr **out)
{
    if (out == NULL)
        return AC_EINVAL;
    ac_task_attr *attr = aci_alloc(sizeof *attr);
    if (attr == NULL)
        return AC_ENOMEM;
    *attr = aci_task_defaults;
    *out = attr;
    return AC_OK;
}

void
ac_task_attr_destroy(ac_task_attr *attr)
{
    aci_free(attr);
}

int
ac_task_attr_set_free_arg(ac_task_attr *attr, ac_free_fn *fn)
{
    if (attr == NULL)
        return AC_EINVAL;
    attr->free_arg = fn;
    return AC_OK;
}

int
ac_task_attr_set_free_result(ac_task_attr *attr, ac_free_fn *fn)
{
    if (attr == NULL)
        return AC_EINVAL;
    attr->free_result = fn;
    return AC_OK;
}

int
ac_task_attr_set_priority(ac_task_attr *attr, ac_priority priority)
{
    if (attr == NULL ||
        (priority != AC_PRIORITY_LOW && priority != AC_PRIORITY_NORMAL &&
         priority != AC_PRIORITY_HIGH))
        return AC_EINVAL;
    attr->priority = priority;
    return AC_OK;
}

int
ac_task_attr_set_start_by(ac_task_attr *attr, ac_deadline start_by)
{
    if (attr == NULL)
        return AC_EINVAL;
    attr->start_by = start_by;
    return AC_OK;
}
