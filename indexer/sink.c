/* A bounded queue between the reader and the thread that sends. The file is written beside its name and renamed at the end, so that a
 * file of that name is always whole. */
#include "indexer/sink.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/folder.h"
#include "server/cli/poster.h"

#define QUEUE_MOST 512
#define QUEUE_MOST_B ((size_t)32 << 20)
#define BATCH_EVENTS 200
#define RETRIES 20
#define CONNECT_MS 5000
#define TIMEOUT_MS 120000

struct item {
    char *text;
    size_t len;
};

struct eg_sink {
    struct eg_client *client;
    struct eg_poster *poster;
    FILE *file;
    char path[600], part[620];
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct item queue[QUEUE_MOST];
    size_t first, n, queued_b;
    bool ended, failed;
    struct eg_err err; /* of the thread, once failed */
    uint64_t events, sent;
};

static eg_status send_one(struct eg_sink *sink, const struct item *item, struct eg_err *err) {
    if (sink->poster) {
        return eg_poster_add(sink->poster, item->text, item->len, err);
    }
    fwrite(item->text, 1, item->len, sink->file);
    if (putc('\n', sink->file) == EOF) {
        return eg_err_set(err, EG_E_INTERNAL, sink->part, "%s", strerror(errno));
    }
    return EG_OK;
}

static void *run(void *ctx) {
    struct eg_sink *sink = ctx;
    struct eg_err err = {0};
    bool good = true;
    pthread_mutex_lock(&sink->lock);
    for (;;) {
        while (sink->n == 0 && !sink->ended) {
            pthread_cond_wait(&sink->changed, &sink->lock);
        }
        if (sink->n == 0) {
            break;
        }
        struct item item = sink->queue[sink->first];
        sink->first = (sink->first + 1) % QUEUE_MOST;
        sink->n--;
        sink->queued_b -= item.len;
        pthread_cond_broadcast(&sink->changed);
        pthread_mutex_unlock(&sink->lock);
        good = good && send_one(sink, &item, &err) == EG_OK;
        free(item.text);
        pthread_mutex_lock(&sink->lock);
        sink->sent += good;
        sink->failed = !good;
        sink->err = good ? sink->err : err;
    }
    pthread_mutex_unlock(&sink->lock);
    if (good && sink->poster && eg_poster_flush(sink->poster, &err)) {
        sink->failed = true;
        sink->err = err;
    }
    return NULL;
}

static eg_status open_file(struct eg_sink *sink, const char *folder, struct eg_err *err) {
    snprintf(sink->path, sizeof(sink->path), "%s/events.ndjson", folder);
    snprintf(sink->part, sizeof(sink->part), "%s.part", sink->path);
    eg_folders_make(sink->part);
    sink->file = fopen(sink->part, "we");
    return sink->file ? EG_OK : eg_err_set(err, EG_E_USAGE, sink->part, "%s", strerror(errno));
}

static eg_status open_server(struct eg_sink *sink, const struct eg_sink_config *config, struct eg_err *err) {
    struct eg_client_config client = {.server = config->server, .token_file = config->token_file, .connect_ms = CONNECT_MS,
                                      .timeout_ms = TIMEOUT_MS};
    if (eg_client_open(&client, &sink->client, err)) {
        return EG_FAIL;
    }
    struct eg_poster_config poster = {.client = sink->client, .most_events = BATCH_EVENTS, .retries = RETRIES, .name = "egdb-index"};
    sink->poster = eg_poster_new(&poster);
    return sink->poster ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
}

static void sink_free(struct eg_sink *sink) {
    if (sink->file) {
        fclose(sink->file);
        remove(sink->part);
    }
    eg_poster_free(sink->poster);
    eg_client_close(sink->client);
    pthread_mutex_destroy(&sink->lock);
    pthread_cond_destroy(&sink->changed);
    free(sink);
}

eg_status eg_sink_open(const struct eg_sink_config *config, struct eg_sink **out, struct eg_err *err) {
    struct eg_sink *sink = *out = calloc(1, sizeof(*sink));
    if (!sink) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    pthread_mutex_init(&sink->lock, NULL);
    pthread_cond_init(&sink->changed, NULL);
    eg_status status = config->out ? open_file(sink, config->out, err) : open_server(sink, config, err);
    if (status == EG_OK && pthread_create(&sink->thread, NULL, run, sink)) {
        status = eg_err_set(err, EG_E_INTERNAL, NULL, "no thread can be started");
    }
    if (status) {
        sink_free(sink);
        *out = NULL;
    }
    return status;
}

eg_status eg_sink_put(struct eg_sink *sink, const char *event, size_t len, struct eg_err *err) {
    char *copy = malloc(len ? len : 1);
    if (!copy) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    memcpy(copy, event, len);
    pthread_mutex_lock(&sink->lock);
    while (!sink->failed && sink->n > 0 && (sink->n == QUEUE_MOST || sink->queued_b + len > QUEUE_MOST_B)) {
        pthread_cond_wait(&sink->changed, &sink->lock);
    }
    bool failed = sink->failed;
    if (failed) {
        *err = sink->err;
    } else {
        sink->queue[(sink->first + sink->n++) % QUEUE_MOST] = (struct item){copy, len};
        sink->queued_b += len;
        sink->events++;
        pthread_cond_broadcast(&sink->changed);
    }
    pthread_mutex_unlock(&sink->lock);
    if (failed) {
        free(copy);
    }
    return failed ? EG_FAIL : EG_OK;
}

uint64_t eg_sink_sent(struct eg_sink *sink) {
    pthread_mutex_lock(&sink->lock);
    uint64_t sent = sink->sent;
    pthread_mutex_unlock(&sink->lock);
    return sent;
}

static eg_status finish_file(struct eg_sink *sink, struct eg_err *err) {
    int bad = ferror(sink->file) | fflush(sink->file) | fclose(sink->file);
    sink->file = NULL;
    if (bad || rename(sink->part, sink->path)) {
        eg_err_set(err, EG_E_INTERNAL, sink->path, "%s", strerror(errno));
        remove(sink->part);
        return EG_FAIL;
    }
    return EG_OK;
}

eg_status eg_sink_close(struct eg_sink *sink, struct eg_sink_sum *sum, struct eg_err *err) {
    pthread_mutex_lock(&sink->lock);
    sink->ended = true;
    pthread_cond_broadcast(&sink->changed);
    pthread_mutex_unlock(&sink->lock);
    pthread_join(sink->thread, NULL);
    eg_status status = sink->failed ? EG_FAIL : EG_OK;
    *sum = (struct eg_sink_sum){.events = sink->events, .stored = sink->file ? sink->sent : 0};
    if (sink->failed) {
        *err = sink->err;
    } else if (sink->file) {
        status = finish_file(sink, err);
    }
    if (sink->poster) {
        const struct eg_posted *posted = eg_poster_result(sink->poster);
        *sum = (struct eg_sink_sum){sink->events, posted->stored, posted->duplicates, posted->rejected, posted->position};
    }
    sink_free(sink);
    return status;
}
