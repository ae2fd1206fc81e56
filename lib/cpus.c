/*
 * cpus - how many processors this process may use, and which one this is
 *
 * /proc/self/cgroup has a line "0::/path" for version 2 and "4:cpu,cpuacct:
 * /path" for version 1.  The quota is in cpu.max ("200000 100000": so many
 * microseconds of processor time in each such period, or "max"), or in
 * cpu.cfs_quota_us (-1 for none) and cpu.cfs_period_us.  A group is bound by
 * all above it as well, so every parent is looked at; in a container those
 * that are out of sight are skipped.
 *
 * Locking: none.  Lifetime: nothing is kept, nothing allocated.
 *
 * SPDX-License-Identifier: MIT
 */
#include "port.h"

#include "cpus.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Small enough for a worker's stack; what does not fit is left out. */
#define PATH_SIZE 1024
#define TEXT_SIZE 4096

/* The start of a small file as a string; false where it cannot be read. */
static bool
read_text(const char *path, char *text, size_t size)
{
    ssize_t n = 0;
    size_t used = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while (used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    close(fd);
    text[used] = '\0';
    return n >= 0;
}

/* 0 for anything that is not a positive number. */
static long long
positive(const char *text)
{
    char *end;
    long long value = strtoll(text, &end, 10);
    return end != text && value > 0 ? value : 0;
}

static size_t
processors(long long quota, long long period)
{
    if (quota <= 0 || period <= 0)
        return 0;
    return (size_t)((quota - 1) / period + 1);
}

static size_t
quota_v2(const char *folder)
{
    char path[PATH_SIZE], text[128];
    int n = snprintf(path, sizeof path, "%s/cpu.max", folder);
    if (n >= PATH_SIZE || !read_text(path, text, sizeof text))
        return 0;
    const char *period = strchr(text, ' ');
    return period == NULL ? 0 : processors(positive(text), positive(period));
}

static size_t
quota_v1(const char *folder)
{
    char path[PATH_SIZE], quota[64], period[64];
    int n = snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
    if (n >= PATH_SIZE || !read_text(path, quota, sizeof quota))
        return 0;
    n = snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
    if (n >= PATH_SIZE || !read_text(path, period, sizeof period))
        return 0;
    return processors(positive(quota), positive(period));
}

static size_t
smaller(size_t a, size_t b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

/* The smallest quota from mount + group up to the mount itself. */
static size_t
quota_above(const char *mount, const char *group,
            size_t (*quota)(const char *folder))
{
    char folder[PATH_SIZE];
    size_t least = 0, bottom = strlen(mount);
    int n = snprintf(folder, sizeof folder, "%s%s", mount, group);
    if (n >= PATH_SIZE)
        return 0;
    for (char *cut = folder + n; cut != NULL && cut >= folder + bottom;
         cut = strrchr(folder, '/')) {
        *cut = '\0';
        least = smaller(least, quota(folder));
    }
    return least;
}

/* Is `word` one of the controllers in "cpu,cpuacct"? */
static bool
lists(const char *controllers, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = controllers; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, word, n) == 0 && (at[n] == ',' || at[n] == '\0'))
            return true;
    }
    return false;
}

/* One line of /proc/self/cgroup: "number:controllers:path". */
static size_t
quota_of_line(const char *root, char *line)
{
    char mount[PATH_SIZE];
    char *controllers = strchr(line, ':');
    char *group = controllers == NULL ? NULL : strchr(controllers + 1, ':');
    if (group == NULL)
        return 0;
    *controllers++ = '\0';
    *group++ = '\0';
    if (strcmp(group, "/") == 0)
        group = line + strlen(line); /* the mount itself */
    if (*controllers == '\0') {
        snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root);
        return quota_above(mount, group, quota_v2);
    }
    if (!lists(controllers, "cpu"))
        return 0;
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/%s", root, controllers);
    size_t quota = quota_above(mount, group, quota_v1);
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/cpu", root);
    return smaller(quota, quota_above(mount, group, quota_v1));
}

size_t
aci_cpus_quota(const char *root)
{
    char path[PATH_SIZE], text[TEXT_SIZE];
    size_t least = 0;
    char *rest = NULL;
    int n = snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    if (n >= PATH_SIZE || !read_text(path, text, sizeof text))
        return 0;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        least = smaller(least, quota_of_line(root, line));
    return least;
}

static size_t
online(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (size_t)n : 1;
}

static size_t
affinity(void)
{
#ifdef HAVE_SCHED_GETAFFINITY
    /* Large enough for any kernel's mask; too small a set is refused. */
    static const size_t words = 16;
    cpu_set_t set[16];
    if (sched_getaffinity(0, words * sizeof *set, set) == 0)
        return (size_t)CPU_COUNT_S(words * sizeof *set, set);
#endif
    return online();
}

static size_t
within_quota(size_t n)
{
    int cancelable = aci_cancel_disable(); /* reading files can be a point */
    n = smaller(n, aci_cpus_quota(""));
    aci_cancel_restore(cancelable);
    return n > 0 ? n : 1;
}

size_t
aci_cpus(void)
{
    return within_quota(affinity());
}

size_t
aci_cpus_at_most(void)
{
    return within_quota(online());
}

int
aci_cpu_here(void)
{
#ifdef HAVE_SCHED_GETCPU
    return sched_getcpu();
#else
    return -1;
#endif
}
