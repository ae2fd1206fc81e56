/*
 * checksum_walk: visit the regular files below a path, as find -type f does
 *
 * SPDX-License-Identifier: MIT
 *
 * Symbolic links are not followed.  What is neither a regular file nor a
 * directory is passed over in silence, but for the path itself.  All of this
 * belongs to one thread, but for the descriptor of a directory: while a
 * reference is held, any thread may open files relative to it.
 */
#ifndef CHECKSUM_WALK_H
#define CHECKSUM_WALK_H

/* An open directory, counted: it is closed with its last reference. */
struct walk_dir;
struct walk_dir *walk_dir_ref(struct walk_dir *dir);
void walk_dir_unref(struct walk_dir *dir);
int walk_dir_fd(const struct walk_dir *dir); /* AT_FDCWD for NULL */

struct walk_calls {
    /* A regular file: `name`, the end of `path`, in `dir`.  NULL is the working
     * directory.  All three end with the call; see walk_dir_ref(). */
    void (*file)(struct walk_dir *dir, const char *path, const char *name);

    /* What is at `path` is left out; the walk goes on. */
    void (*error)(const char *path, const char *why);

    /* Asked before each step: non-zero ends the walk. */
    int (*stop)(void);
};

/* 0, or 1 if it was stopped before its end. */
int walk(const char *path, const struct walk_calls *calls);

#endif
