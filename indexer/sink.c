/* A bounded queue between the reader and the threads that send. Events that may come in any order are sent by several requests at once, so
 * that the server parses one while it stores another; all others by one request, when nothing else is under way. The file is written
 * beside its name and renamed at the end, so that a file of that name is always whole. */
#include "indexer/sink.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "server/cli/poster.h"

#define QUEUE_MOST 512
#define QUEUE_MOST_B ((size_t)16 << 20)
#define BATCH_EVENTS 200
#define BATCH_B ((size_t)1 << 20) /* a batch that has so much is sent; one event may be larger */
#define SENDERS 4
#define RETRIES 20
#define CONNECT_MS 5000
#define TIMEOUT_MS 120000

struct item {
    char *text;
    size_t len;
    bool any_order;
};

struct sender {
    struct eg_sink *sink;
    struct eg_client *client; /* NULL: to the file */
    struct eg_poster *poster;
    pthread_t thread;
    struct item batch[BATCH_EVENTS];
    size_t n;
};

struct eg_sink {
    bool to_file;
    struct eg_file file;
    struct sender senders[SENDERS];
    int n_senders;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct item queue[QUEUE_MOST];
    size_t first, n, queued_b;
    int busy;         /* batches under way */
    bool alone;       /* the one under way must stay the only one */
    bool full, ended; /* full: somebody waits for room */
    bool failed;
    struct eg_err err; /* once failed */
    uint64_t events, sent;
};

static const struct item *queued(const struct eg_sink *sink, size_t i) { return &sink->queue[(sink->first + i) % QUEUE_MOST]; }

/* How many events at the head of the queue make the next batch. 0: more is to come, or it has to wait for what is under way. */
static size_t next_batch(const struct eg_sink *sink) {
    size_t n = 0, bytes = 0;
    bool whole = sink->ended || sink->full;
    if (sink->n == 0 || sink->alone || (sink->busy > 0 && !queued(sink, 0)->any_order)) {
        return 0;
    }
    for (; n < sink->n && n < BATCH_EVENTS && bytes < BATCH_B; n++) {
        if (queued(sink, n)->any_order != queued(sink, 0)->any_order) {
            return n;
        }
        bytes += queued(sink, n)->len;
    }
    return whole || n == BATCH_EVENTS || bytes >= BATCH_B ? n : 0;
}

static void take_batch(struct eg_sink *sink, struct sender *sender, size_t n) {
    sender->n = n;
    for (size_t i = 0; i < n; i++) {
        sender->batch[i] = sink->queue[sink->first];
        sink->first = (sink->first + 1) % QUEUE_MOST;
        sink->queued_b -= sender->batch[i].len;
    }
    sink->n -= n;
    sink->busy++;
    sink->alone = !sender->batch[0].any_order;
    sink->full = false;
    if (sender->poster && sink->sent > 0) {
        eg_poster_trust(sender->poster);
    }
}

static eg_status write_lines(struct eg_sink *sink, const struct sender *sender, struct eg_err *err) {
    for (size_t i = 0; i < sender->n; i++) {
        fwrite(sender->batch[i].text, 1, sender->batch[i].len, sink->file.out);
        if (putc('\n', sink->file.out) == EOF) {
            return eg_err_set(err, EG_E_INTERNAL, sink->file.place, "%s", strerror(errno));
        }
    }
    return EG_OK;
}

static eg_status send_batch(struct eg_sink *sink, struct sender *sender, struct eg_err *err) {
    if (!sender->poster) {
        return write_lines(sink, sender, err);
    }
    eg_status status = EG_OK;
    for (size_t i = 0; status == EG_OK && i < sender->n; i++) {
        status = eg_poster_add(sender->poster, sender->batch[i].text, sender->batch[i].len, err);
    }
    return status ? status : eg_poster_flush(sender->poster, err);
}

static void drop_batch(struct sender *sender) {
    for (size_t i = 0; i < sender->n; i++) {
        free(sender->batch[i].text);
    }
    sender->n = 0;
}

static void *run(void *ctx) {
    struct sender *sender = ctx;
    struct eg_sink *sink = sender->sink;
    pthread_mutex_lock(&sink->lock);
    for (;;) {
        size_t n = 0;
        while (!sink->failed && !(sink->ended && sink->n == 0) && (n = next_batch(sink)) == 0) {
            pthread_cond_wait(&sink->changed, &sink->lock);
        }
        if (n == 0) {
            break;
        }
        struct eg_err err = {0};
        take_batch(sink, sender, n);
        pthread_cond_broadcast(&sink->changed);
        pthread_mutex_unlock(&sink->lock);
        bool good = send_batch(sink, sender, &err) == EG_OK;
        drop_batch(sender);
        pthread_mutex_lock(&sink->lock);
        sink->busy--;
        sink->alone = false;
        sink->sent += good ? n : 0;
        if (!good && !sink->failed) {
            sink->failed = true;
            sink->err = err;
        }
        pthread_cond_broadcast(&sink->changed);
    }
    pthread_mutex_unlock(&sink->lock);
    return NULL;
}

static eg_status open_file(struct eg_sink *sink, const char *folder, struct eg_err *err) {
    char *path;
    if (asprintf(&path, "%s/events.ndjson", folder) < 0) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    eg_status status = eg_file_open(path, &sink->file, err);
    sink->to_file = status == EG_OK;
    free(path);
    return status;
}

static eg_status open_server(struct sender *sender, const struct eg_sink_config *config, struct eg_err *err) {
    struct eg_client_config client = {.server = config->server, .token_file = config->token_file, .connect_ms = CONNECT_MS,
                                      .timeout_ms = config->patience_ms ? config->patience_ms : TIMEOUT_MS};
    if (eg_client_open(&client, &sender->client, err)) {
        return EG_FAIL;
    }
    struct eg_poster_config poster = {.client = sender->client, .most_events = BATCH_EVENTS, .retries = RETRIES,
                                      .patience_ms = config->patience_ms, .name = "egdb-index", .named_topic = "commit.recorded@v1"};
    sender->poster = eg_poster_new(&poster);
    return sender->poster ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
}

/* Ends the threads when what is queued is sent, or sending failed. */
static void join(struct eg_sink *sink) {
    pthread_mutex_lock(&sink->lock);
    sink->ended = true;
    pthread_cond_broadcast(&sink->changed);
    pthread_mutex_unlock(&sink->lock);
    for (int i = 0; i < sink->n_senders; i++) {
        pthread_join(sink->senders[i].thread, NULL);
    }
    sink->n_senders = 0;
}

static void sink_free(struct eg_sink *sink) {
    join(sink);
    if (sink->to_file) {
        struct eg_err ignored = {0};
        (void)!eg_file_close(&sink->file, false, &ignored);
    }
    for (int i = 0; i < SENDERS; i++) {
        eg_poster_free(sink->senders[i].poster);
        eg_client_close(sink->senders[i].client);
    }
    for (size_t i = 0; i < sink->n; i++) {
        free(queued(sink, i)->text);
    }
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
    eg_status status = config->out ? open_file(sink, config->out, err) : EG_OK;
    for (int i = 0; status == EG_OK && i < (config->out ? 1 : SENDERS); i++) {
        struct sender *sender = &sink->senders[i];
        sender->sink = sink;
        status = config->out ? EG_OK : open_server(sender, config, err);
        if (status == EG_OK && pthread_create(&sender->thread, NULL, run, sender)) {
            status = eg_err_set(err, EG_E_INTERNAL, NULL, "no thread can be started");
        }
        sink->n_senders += status == EG_OK;
    }
    if (status) {
        sink_free(sink);
        *out = NULL;
    }
    return status;
}

static eg_status put(struct eg_sink *sink, const char *event, size_t len, bool any_order, struct eg_err *err) {
    char *copy = malloc(len ? len : 1);
    if (!copy) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    memcpy(copy, event, len);
    pthread_mutex_lock(&sink->lock);
    while (!sink->failed && sink->n > 0 && (sink->n == QUEUE_MOST || sink->queued_b + len > QUEUE_MOST_B)) {
        sink->full = true;
        pthread_cond_broadcast(&sink->changed);
        pthread_cond_wait(&sink->changed, &sink->lock);
    }
    bool failed = sink->failed;
    if (failed) {
        *err = sink->err;
    } else {
        sink->queue[(sink->first + sink->n++) % QUEUE_MOST] = (struct item){copy, len, any_order};
        sink->queued_b += len;
        sink->events++;
        if (next_batch(sink) > 0) {
            pthread_cond_broadcast(&sink->changed);
        }
    }
    pthread_mutex_unlock(&sink->lock);
    if (failed) {
        free(copy);
    }
    return failed ? EG_FAIL : EG_OK;
}

eg_status eg_sink_put(struct eg_sink *sink, const char *event, size_t len, struct eg_err *err) { return put(sink, event, len, false, err); }

eg_status eg_sink_put_any(struct eg_sink *sink, const char *event, size_t len, struct eg_err *err) {
    return put(sink, event, len, true, err);
}

bool eg_sink_failed(struct eg_sink *sink) {
    pthread_mutex_lock(&sink->lock);
    bool failed = sink->failed;
    pthread_mutex_unlock(&sink->lock);
    return failed;
}

uint64_t eg_sink_sent(struct eg_sink *sink) {
    pthread_mutex_lock(&sink->lock);
    uint64_t sent = sink->sent;
    pthread_mutex_unlock(&sink->lock);
    return sent;
}

eg_status eg_sink_close(struct eg_sink *sink, struct eg_sink_sum *sum, struct eg_err *err) {
    join(sink);
    eg_status status = sink->failed ? EG_FAIL : EG_OK;
    *sum = (struct eg_sink_sum){.events = sink->events, .stored = sink->to_file ? sink->sent : 0};
    if (sink->failed) {
        *err = sink->err;
    } else if (sink->to_file) {
        status = eg_file_close(&sink->file, true, err);
        sink->to_file = false;
    }
    for (int i = 0; i < SENDERS && sink->senders[i].poster; i++) {
        const struct eg_posted *posted = eg_poster_result(sink->senders[i].poster);
        sum->stored += posted->stored;
        sum->duplicates += posted->duplicates;
        sum->rejected += posted->rejected;
        sum->position = posted->position > sum->position ? posted->position : sum->position;
    }
    sink_free(sink);
    return status;
}
