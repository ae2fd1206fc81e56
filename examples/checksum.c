/*
 * checksum: the SHA-256 of every file below some directories, on all processors
 *
 * SPDX-License-Identifier: MIT
 *
 * usage: checksum [--jobs N] [--timeout SECONDS] [--] PATH...
 *
 * The main thread walks the trees and gives each regular file to the pool as a
 * job; a worker opens and hashes it.  The results come back through one
 * iterator and are printed as they complete, in the format of sha256sum.  The
 * number of jobs out at a time is bounded, so memory does not grow with the
 * number of files.  One deadline bounds the walk and the hashing.
 *
 * Ownership: the main thread creates jobs and frees them; between the submit
 * and the completion a job is its worker's.
 */
#define _DEFAULT_SOURCE /* getopt_long() */

#include "checksum_walk.h"

#include <ascompleted.h>
#include <errno.h>
#include <fcntl.h>
#include <gcrypt.h>
#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGEST_SIZE 32
#define BLOCK_SIZE 65536 /* read at once; a hash can stop between blocks */
#define MAX_OUT 256      /* jobs out at a time */
#define MAX_JOBS 1024    /* workers */
#define GRACE_MS 50      /* after the timeout, to count what is left */
#define PROGRESS_MS 200  /* between two updates of the progress line */
#define EXIT_USAGE 2

struct job {
    struct walk_dir *dir; /* a reference: it stays open */
    const char *name;     /* in dir; the end of path */
    unsigned char digest[DIGEST_SIZE];
    uint64_t bytes;
    char path[]; /* as it is printed */
};

/* All that the main thread knows. */
static struct {
    ac_pool *pool;
    ac_iter *iter;
    size_t max_out; /* jobs */
    ac_deadline start;
    ac_deadline deadline;    /* of the hashing */
    ac_deadline end;         /* of counting what is left, a little later */
    ac_deadline progress_at; /* AC_FOREVER: never */
    uint64_t files, bytes, failed, unfinished;
    int progress_shown;
    int gave_up;
    int walk_cut;
} run;

static atomic_uint_fast64_t hashed; /* bytes so far, for the progress line */

/* ---- Messages ------------------------------------------------------- */

static void
clear_progress(void)
{
    if (run.progress_shown)
        fputs("\r\033[K", stderr);
    run.progress_shown = 0;
}

static void
show_progress(void)
{
    clear_progress();
    fflush(stdout); /* which may be the same terminal */
    fprintf(stderr, "%ju files, %.1f MB, %.1f s", (uintmax_t)run.files,
            (double)atomic_load(&hashed) / 1e6,
            (double)(ac_now() - run.start) / 1e9);
    fflush(stderr);
    run.progress_shown = 1;
    run.progress_at = ac_deadline_in_ms(PROGRESS_MS);
}

/* A file that is not in the output: the rest goes on. */
static void
report(const char *path, const char *why)
{
    clear_progress();
    fprintf(stderr, "checksum: %s: %s\n", path, why);
    run.failed++;
}

static void
die(const char *what, const char *why)
{
    clear_progress();
    fprintf(stderr, "checksum: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void
check(int rc, const char *what)
{
    if (rc != AC_OK)
        die(what, ac_strerror(rc));
}

/* ---- Hashing: in the workers ---------------------------------------- */

static int
hash_fd(int fd, gcry_md_hd_t md, uint64_t *bytes)
{
    unsigned char block[BLOCK_SIZE];
    ssize_t n;

    while ((n = read(fd, block, sizeof(block))) > 0) {
        gcry_md_write(md, block, (size_t)n);
        *bytes += (uint64_t)n;
        atomic_fetch_add_explicit(&hashed, (uint64_t)n, memory_order_relaxed);
        if (ac_cancel_requested())
            return AC_TASK_CANCELED;
    }
    return n == 0 ? 0 : errno;
}

/* The walk saw a regular file; what is there now may be anything.  Opening a
 * FIFO without O_NONBLOCK would wait for a writer. */
static int
open_regular(const struct job *job)
{
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = openat(walk_dir_fd(job->dir), job->name, flags);
    struct stat status;

    if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(fd);
        fd = -1;
        errno = ESTALE;
    }
    return fd;
}

/* The task: 0, or an errno. */
static int
hash_file(void *arg, void **result)
{
    struct job *job = arg;
    gcry_md_hd_t md;
    (void)result; /* it goes into the job */

    int fd = open_regular(job);
    if (fd < 0)
        return errno;
    int error = ENOMEM;
    if (gcry_md_open(&md, GCRY_MD_SHA256, 0) == 0) {
        error = hash_fd(fd, md, &job->bytes);
        if (error == 0)
            memcpy(job->digest, gcry_md_read(md, 0), DIGEST_SIZE);
        gcry_md_close(md);
    }
    close(fd);
    return error;
}

/* ---- Results -------------------------------------------------------- */

static void
job_free(struct job *job)
{
    walk_dir_unref(job->dir);
    free(job);
}

/* As sha256sum does: a name that would break its line is escaped, and the line
 * starts with a backslash to say so. */
static void
print_digest(const struct job *job)
{
    static const char hex[] = "0123456789abcdef";
    char text[2 * DIGEST_SIZE + 3];
    char *end = text;
    int escaped = strpbrk(job->path, "\\\n\r") != NULL;

    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        *end++ = hex[job->digest[i] >> 4];
        *end++ = hex[job->digest[i] & 15];
    }
    memcpy(end, "  ", 3);
    clear_progress();
    if (escaped)
        putchar('\\');
    fputs(text, stdout);
    for (const char *c = job->path; *c != '\0'; c++) {
        if (*c == '\\' || *c == '\n' || *c == '\r')
            putchar('\\');
        putchar(*c == '\n' ? 'n' : *c == '\r' ? 'r' : *c);
    }
    putchar('\n');
}

static void
finish_job(ac_future *done)
{
    struct job *job = ac_future_arg(done);

    switch (ac_future_status(done)) {
    case AC_OK:
        print_digest(job);
        run.files++;
        run.bytes += job->bytes;
        break;
    case AC_EFAILED:
        report(job->path, strerror(ac_future_error(done)));
        break;
    default: /* canceled */
        run.unfinished++;
        break;
    }
    ac_future_unref(done);
    job_free(job);
}

static ac_deadline
earlier(ac_deadline a, ac_deadline b)
{
    return a < b ? a : b;
}

/* Finish one job, as soon as one is ready: AC_OK, AC_DONE or AC_ETIMEDOUT. */
static int
collect_one(ac_deadline deadline)
{
    ac_future *done;
    int rc;

    for (;;) {
        rc = ac_iter_next(run.iter, earlier(deadline, run.progress_at), &done);
        if (run.progress_at != AC_FOREVER && ac_now() >= run.progress_at)
            show_progress();
        if (rc != AC_ETIMEDOUT || ac_now() >= deadline)
            break;
    }
    if (rc == AC_OK)
        finish_job(done);
    else if (rc != AC_DONE && rc != AC_ETIMEDOUT)
        check(rc, "ac_iter_next");
    return rc;
}

/* ---- The walk: what it calls ---------------------------------------- */

/* The queued jobs will not run, the running ones are asked to stop.  All of
 * them come out of the iterator, and so does what was ready. */
static void
give_up(void)
{
    if (run.gave_up)
        return;
    run.gave_up = 1;
    run.progress_at = AC_FOREVER;
    check(ac_iter_cancel(run.iter), "ac_iter_cancel");
}

/* After the deadline the walk only counts, and not for long. */
static int
stop_walk(void)
{
    ac_deadline now = ac_now();
    if (now >= run.deadline)
        give_up();
    return now >= run.end;
}

/* Hand a file to the pool; when enough of them are out, finish one first. */
static void
submit_file(struct walk_dir *dir, const char *path, const char *name)
{
    while (collect_one(AC_POLL) == AC_OK)
        continue; /* print what is ready, now */
    if (ac_iter_remaining(run.iter) >= run.max_out &&
        collect_one(run.deadline) == AC_ETIMEDOUT)
        give_up();
    if (run.gave_up) {
        run.unfinished++;
        return;
    }
    size_t size = strlen(path) + 1;
    struct job *job = malloc(sizeof(*job) + size);
    if (job == NULL) {
        report(path, strerror(ENOMEM));
        return;
    }
    memcpy(job->path, path, size);
    job->name = job->path + (name - path);
    job->bytes = 0;
    job->dir = walk_dir_ref(dir);
    check(ac_iter_submit(run.iter, run.pool, NULL, hash_file, job, run.deadline,
                         NULL),
          "ac_iter_submit");
}

/* ---- The run -------------------------------------------------------- */

static void
hash_trees(char **paths)
{
    static const struct walk_calls calls = {submit_file, report, stop_walk};
    int rc;

    for (; *paths != NULL; paths++)
        run.walk_cut |= walk(*paths, &calls);
    check(ac_iter_close(run.iter), "ac_iter_close");
    while ((rc = collect_one(run.deadline)) == AC_OK)
        continue;
    if (rc == AC_DONE)
        return;
    give_up();
    while (collect_one(run.end) == AC_OK)
        continue;
    run.unfinished += ac_iter_remaining(run.iter); /* they hang in a read */
}

/* The exit status. */
static int
summarize(void)
{
    double seconds = (double)(ac_now() - run.start) / 1e9;
    int cut = run.walk_cut || run.unfinished > 0;
    int lost = ferror(stdout) != 0;

    clear_progress();
    lost |= fclose(stdout) != 0;
    if (lost)
        fputs("checksum: write error\n", stderr);
    if (cut)
        fprintf(stderr, "checksum: gave up after timeout%s\n",
                run.walk_cut ? ", with a part of the tree not visited" : "");
    fprintf(stderr,
            "checksum: %ju files, %ju bytes, %.1f MB/s, %ju failed, "
            "%ju not finished\n",
            (uintmax_t)run.files, (uintmax_t)run.bytes,
            (double)run.bytes / 1e6 / seconds, (uintmax_t)run.failed,
            (uintmax_t)run.unfinished);
    return lost || cut || run.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- The command line ----------------------------------------------- */

static void
usage(FILE *stream, int status)
{
    fprintf(stream,
            "usage: checksum [--jobs N] [--timeout SECONDS] [--] PATH...\n"
            "Print the SHA-256 of each regular file at or below the paths, as\n"
            "sha256sum does, in the order of completion.  Symbolic links are\n"
            "not followed.\n\n"
            "  --jobs N           hash N files at a time, from 1 to %d\n"
            "                     (the processors)\n"
            "  --timeout SECONDS  give up then; fractions are allowed\n"
            "  --help             print this text\n\n"
            "Exit status: 0; 1 if anything failed or was not finished; 2 for\n"
            "wrong usage.\n",
            MAX_JOBS);
    exit(status);
}

static void
hint(void)
{
    fputs("Try \"checksum --help\".\n", stderr);
    exit(EXIT_USAGE);
}

static void
parse_timeout(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0)) {
        fprintf(stderr, "checksum: --timeout: \"%s\" is no number from 0 on\n",
                text);
        hint();
    }
    if (seconds > 1e9)
        return; /* in thirty years: without end */
    int64_t ns = (int64_t)(seconds * 1e9);
    run.deadline = ac_deadline_in_ns(ns);
    run.end = ac_deadline_in_ns(ns + GRACE_MS * 1000000);
}

static size_t
parse_jobs(const char *text)
{
    char *end;
    unsigned long jobs = strtoul(text, &end, 10);
    if (end == text || *end != '\0' || jobs < 1 || jobs > MAX_JOBS) {
        fprintf(stderr, "checksum: --jobs: \"%s\" is no number from 1 to %d\n",
                text, MAX_JOBS);
        hint();
    }
    return jobs;
}

/* The number of workers. */
static size_t
parse(int argc, char **argv)
{
    static const struct option options[] = {
        {"jobs", required_argument, NULL, 'j'},
        {"timeout", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    size_t jobs = 0;
    int option;

    while ((option = getopt_long(argc, argv, "j:t:h", options, NULL)) != -1) {
        if (option == 'j')
            jobs = parse_jobs(optarg);
        else if (option == 't')
            parse_timeout(optarg);
        else if (option == 'h')
            usage(stdout, EXIT_SUCCESS);
        else
            hint(); /* getopt_long() has said what is wrong */
    }
    if (optind == argc)
        usage(stderr, EXIT_USAGE);
    return jobs;
}

/* A deep tree needs one descriptor for each level. */
static void
raise_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return; /* then what the limit stops is reported */
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int
main(int argc, char **argv)
{
    run.start = ac_now();
    run.deadline = run.end = AC_FOREVER;
    size_t jobs = parse(argc, argv);
    run.max_out = MAX_OUT + jobs;
    run.progress_at = isatty(STDERR_FILENO) ? run.start : AC_FOREVER;

    raise_open_files();
    if (gcry_check_version("1.6.0") == NULL)
        die("libgcrypt", "too old");
    gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
    gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);

    check(ac_pool_create(jobs, NULL, &run.pool), "ac_pool_create");
    check(ac_iter_open(&run.iter), "ac_iter_open");
    hash_trees(argv + optind);

    /* Destroy waits for every task: leave those that hang to the exit. */
    if (ac_iter_remaining(run.iter) == 0)
        check(ac_pool_destroy(run.pool), "ac_pool_destroy");
    ac_iter_destroy(run.iter);
    return summarize();
}
