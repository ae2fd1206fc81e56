/*
 * backend: one question to one backend, as a task of the pool
 *
 * SPDX-License-Identifier: MIT
 *
 * Each worker has a curl multi handle with one easy handle in it: the pair
 * waits like curl_easy_perform(), but another thread can wake it.  So a call
 * that nobody needs any more stops at once: whoever cancels it raises the
 * flag of its task, then wakes the worker; curl calls progress(), which sees
 * the flag.
 *
 * Locking: `lock` guards which worker runs a call, and that its handle lives
 * while it is woken.  A worker enters itself before it looks at the flag, a
 * canceler raises the flag before it looks for a worker: one of the two sees
 * the other.
 */
#define _POSIX_C_SOURCE 200809L

#include "backend.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BODY ((size_t)1 << 20) /* bytes of one reply */
#define GRACE_MS 1000              /* for a canceler, after the deadline */

struct worker {
    CURLM *multi; /* lock; set and cleared by the worker alone */
    CURL *easy;   /* the worker's */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct worker *workers; /* as many as the pool has */
static size_t n_workers;
static _Thread_local struct worker *self;

/* ---- curl's calls to us --------------------------------------------- */

static int
progress(void *unused, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)unused, (void)a, (void)b, (void)c, (void)d;
    return ac_cancel_requested();
}

/* Anything but `count` ends the call with an error. */
static size_t
receive(char *bytes, size_t one, size_t count, void *cls)
{
    struct call *call = cls;
    (void)one; /* is 1 */

    if (count > MAX_BODY - call->body.length)
        return 0;
    buffer_add(&call->body, bytes, count);
    return call->body.broken ? 0 : count;
}

/* ---- Workers -------------------------------------------------------- */

static void
worker_stop(size_t number, void *arg)
{
    struct worker *worker = &workers[number];
    (void)arg;

    pthread_mutex_lock(&lock);
    CURLM *multi = worker->multi;
    worker->multi = NULL;
    pthread_mutex_unlock(&lock);
    curl_easy_cleanup(worker->easy);
    curl_multi_cleanup(multi);
}

/* What is the same for all calls is set here, once. */
static int
configure(CURL *easy)
{
    return curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
#if CURL_AT_LEAST_VERSION(7, 85, 0)
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") !=
               CURLE_OK ||
#else
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                            CURLPROTO_HTTP | CURLPROTO_HTTPS) != CURLE_OK ||
#endif
           curl_easy_setopt(easy, CURLOPT_PROXY, "") != CURLE_OK ||
           curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) != CURLE_OK ||
           curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) != CURLE_OK ||
           curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, progress) !=
               CURLE_OK ||
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive) != CURLE_OK;
}

/* Anything but 0: no pool. */
static int
worker_start(size_t number, void *arg)
{
    const struct options *options = arg;
    struct worker *worker = &workers[number];

    CURL *easy = curl_easy_init();
    CURLM *multi = curl_multi_init();
    if (easy == NULL || multi == NULL || configure(easy) != 0 ||
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                          (long)options->n_backends) != CURLM_OK) {
        curl_easy_cleanup(easy);
        curl_multi_cleanup(multi);
        return 1;
    }
    pthread_mutex_lock(&lock);
    *worker = (struct worker){multi, easy};
    pthread_mutex_unlock(&lock);
    self = worker;
    return 0;
}

int
backend_pool_create(const struct options *options, ac_pool **pool)
{
    ac_pool_attr *attr;
    int rc = ac_pool_attr_create(&attr);
    if (rc != AC_OK)
        return rc;
    workers = calloc(options->workers, sizeof(*workers));
    n_workers = options->workers;
    rc = workers == NULL ? AC_ENOMEM : AC_OK;
    if (rc == AC_OK)
        rc = ac_pool_attr_set_name(attr, "call");
    if (rc == AC_OK)
        rc = ac_pool_attr_set_capacity(attr, options->capacity);
    if (rc == AC_OK)
        rc = ac_pool_attr_set_timing(attr, 1);
    if (rc == AC_OK)
        rc = ac_pool_attr_set_hooks(attr, worker_start, worker_stop,
                                    (void *)options);
    if (rc == AC_OK)
        rc = ac_pool_create(options->workers, attr, pool);
    ac_pool_attr_destroy(attr);
    if (rc != AC_OK)
        free(workers);
    return rc;
}

void
backend_pool_destroy(ac_pool *pool)
{
    ac_pool_destroy(pool);
    free(workers);
    workers = NULL;
}

/* End its wait for the network.  One that is woken without need looks around
 * and waits again. */
static void
wake(struct worker *worker)
{
    if (worker != NULL && worker->multi != NULL)
        curl_multi_wakeup(worker->multi);
}

void
backend_wake_all(void)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_workers; i++)
        wake(&workers[i]);
    pthread_mutex_unlock(&lock);
}

/* ---- Calls ---------------------------------------------------------- */

struct call *
call_create(const char *base, const char *path, size_t backend,
            ac_deadline deadline)
{
    struct call *call = calloc(1, sizeof(*call));
    if (call == NULL)
        return NULL;
    size_t size = strlen(base) + strlen(path) + 1;
    call->url = malloc(size);
    if (call->url == NULL) {
        free(call);
        return NULL;
    }
    snprintf(call->url, size, "%s%s", base, path);
    call->backend = backend;
    call->deadline = deadline;
    return call;
}

void
call_free(void *object)
{
    struct call *call = object;
    buffer_free(&call->body);
    free(call->url);
    free(call);
}

/* As curl_easy_perform() does it. */
static CURLcode
perform(struct worker *worker)
{
    CURLcode result = CURLE_FAILED_INIT;
    int running = 0, left;

    if (curl_multi_add_handle(worker->multi, worker->easy) != CURLM_OK)
        return CURLE_OUT_OF_MEMORY;
    CURLMcode rc = curl_multi_perform(worker->multi, &running);
    while (rc == CURLM_OK && running > 0) {
        rc = curl_multi_poll(worker->multi, NULL, 0, 1000, NULL);
        if (rc == CURLM_OK)
            rc = curl_multi_perform(worker->multi, &running);
    }
    CURLMsg *message = curl_multi_info_read(worker->multi, &left);
    if (message != NULL && message->msg == CURLMSG_DONE)
        result = message->data.result;
    curl_multi_remove_handle(worker->multi, worker->easy);
    return result;
}

/* Its own limit of time is for a call whose canceler is kept by a slow client;
 * at the deadline itself all processors are for the reply. */
static CURLcode
ask(struct call *call, int64_t left_ns)
{
    CURL *easy = self->easy;
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_URL, call->url);

    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    if (rc == CURLE_OK)
        rc = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                              (long)(left_ns / 1000000 + GRACE_MS));
    return rc == CURLE_OK ? perform(self) : rc;
}

int
call_run(void *arg, void **result)
{
    struct call *call = arg;
    ac_deadline start = ac_now();
    long status = 0;

    *result = call; /* from here on it goes with the result */
    if (start >= call->deadline)
        return CURLE_OPERATION_TIMEDOUT;
    pthread_mutex_lock(&lock);
    call->worker = self;
    pthread_mutex_unlock(&lock);

    CURLcode rc = ask(call, call->deadline - start);
    call->took_ns = ac_now() - start;
    if (rc == CURLE_ABORTED_BY_CALLBACK)
        return AC_TASK_CANCELED;
    if (rc == CURLE_OK)
        rc = curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
    if (rc != CURLE_OK)
        return (int)rc;
    if (status < 100)
        return CURLE_WEIRD_SERVER_REPLY;
    return status >= 200 && status <= 299 ? 0 : (int)status;
}

void
call_cancel(ac_future *future)
{
    struct call *call = ac_future_arg(future);

    if (ac_future_cancel(future) != AC_EBUSY)
        return; /* it will not run, or has ended */
    pthread_mutex_lock(&lock);
    wake(call->worker);
    pthread_mutex_unlock(&lock);
}

const char *
call_error(int error, char *text, size_t size)
{
    if (error < 100)
        return curl_easy_strerror((CURLcode)error);
    snprintf(text, size, "HTTP status %d", error);
    return text;
}
