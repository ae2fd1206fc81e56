/*
 * checksum_walk: visit the regular files below a path, as find -type f does
 *
 * SPDX-License-Identifier: MIT
 *
 * A stack of open directories instead of a recursion; each file is opened
 * relative to its directory.  So neither the length of a path nor a link that
 * someone slips in can lead the walk astray, and its depth is bounded only by
 * the number of files that the process may have open.
 */
#define _DEFAULT_SOURCE /* d_type */

#include "checksum_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk_dir {
    struct walk_dir *parent; /* used by the walk only */
    DIR *stream;
    size_t path_len; /* of its path, "/" included */
    size_t refs;     /* the walk's own, and those of its caller */
};

struct walker {
    const struct walk_calls *calls;
    struct walk_dir *dir; /* the top of the stack */
    char *path;           /* that of dir, then a name in it */
    size_t len, size;
};

struct walk_dir *
walk_dir_ref(struct walk_dir *dir)
{
    if (dir != NULL)
        dir->refs++;
    return dir;
}

void
walk_dir_unref(struct walk_dir *dir)
{
    if (dir == NULL || --dir->refs > 0)
        return;
    closedir(dir->stream);
    free(dir);
}

int
walk_dir_fd(const struct walk_dir *dir)
{
    return dir == NULL ? AT_FDCWD : dirfd(dir->stream);
}

/* The path of that name in the current directory. */
static int
set_path(struct walker *walker, const char *name)
{
    size_t at = walker->dir == NULL ? 0 : walker->dir->path_len;
    size_t len = at + strlen(name);

    if (len + 2 > walker->size) { /* the end, and a "/" */
        char *path = realloc(walker->path, 2 * (len + 2));
        if (path == NULL) {
            walker->calls->error(name, strerror(ENOMEM));
            return ENOMEM;
        }
        walker->path = path;
        walker->size = 2 * (len + 2);
    }
    memcpy(walker->path + at, name, len - at + 1);
    walker->len = len;
    return 0;
}

static DIR *
open_directory(int at, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = openat(at, name, flags);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);

    if (fd >= 0 && stream == NULL) {
        int error = errno;
        close(fd);
        errno = error;
    }
    return stream;
}

static void
enter(struct walker *walker, const char *name)
{
    DIR *stream = open_directory(walk_dir_fd(walker->dir), name);
    struct walk_dir *dir = stream == NULL ? NULL : malloc(sizeof(*dir));

    if (dir == NULL) {
        walker->calls->error(walker->path, strerror(errno));
        if (stream != NULL)
            closedir(stream);
        return;
    }
    if (walker->path[walker->len - 1] != '/')
        walker->path[walker->len++] = '/';
    dir->parent = walker->dir;
    dir->stream = stream;
    dir->path_len = walker->len;
    dir->refs = 1;
    walker->dir = dir;
}

static void
leave(struct walker *walker)
{
    struct walk_dir *dir = walker->dir;
    walker->dir = dir->parent;
    walk_dir_unref(dir);
}

/* Not every file system says what a name is. */
static mode_t
entry_type(struct walker *walker, const struct dirent *entry)
{
    struct stat status;
#ifdef DTTOIF
    if (entry->d_type != DT_UNKNOWN)
        return (mode_t)DTTOIF(entry->d_type);
#endif
    if (fstatat(walk_dir_fd(walker->dir), entry->d_name, &status,
                AT_SYMLINK_NOFOLLOW) == 0)
        return status.st_mode & S_IFMT;
    walker->calls->error(walker->path, strerror(errno));
    return 0;
}

/* Links, devices, sockets and FIFOs are passed over. */
static void
visit(struct walker *walker, const char *name, mode_t type)
{
    size_t at = walker->dir == NULL ? 0 : walker->dir->path_len;

    if (S_ISREG(type))
        walker->calls->file(walker->dir, walker->path, walker->path + at);
    else if (S_ISDIR(type))
        enter(walker, name);
}

static void
step(struct walker *walker)
{
    errno = 0;
    struct dirent *entry = readdir(walker->dir->stream);

    if (entry == NULL) {
        walker->path[walker->dir->path_len] = '\0';
        if (errno != 0)
            walker->calls->error(walker->path, strerror(errno));
        leave(walker);
    } else if (strcmp(entry->d_name, ".") != 0 &&
               strcmp(entry->d_name, "..") != 0 &&
               set_path(walker, entry->d_name) == 0) {
        visit(walker, entry->d_name, entry_type(walker, entry));
    }
}

/* What the user names must not vanish without a word. */
static void
visit_operand(struct walker *walker, const char *path, mode_t type)
{
    if (S_ISLNK(type))
        walker->calls->error(path, "Symbolic links are not followed");
    else if (!S_ISREG(type) && !S_ISDIR(type))
        walker->calls->error(path, "Not a regular file or a directory");
    else
        visit(walker, path, type);
}

int
walk(const char *path, const struct walk_calls *calls)
{
    struct walker walker = {calls, NULL, NULL, 0, 0};
    struct stat status;
    int stopped = calls->stop();

    if (stopped || set_path(&walker, path) != 0)
        return stopped;
    if (lstat(path, &status) == 0)
        visit_operand(&walker, path, status.st_mode & S_IFMT);
    else
        calls->error(path, strerror(errno));

    while (walker.dir != NULL && !(stopped = calls->stop()))
        step(&walker);
    while (walker.dir != NULL)
        leave(&walker);
    free(walker.path);
    return stopped;
}
