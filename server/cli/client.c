/* libcurl behind a few calls. The token goes to the given server only: redirects are not followed. */
#include "server/cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define TOKEN_MOST_B 8192
#define SERVER_MOST_B 1024
#define URL_MOST_B ((size_t)1 << 20)

struct eg_client {
    CURL *curl;
    char server[SERVER_MOST_B];
    struct eg_buf url; /* of the request under way */
    char bearer[TOKEN_MOST_B + 32]; /* the whole header; "" without a token */
};

static eg_status set_token(struct eg_client *client, const char *token, size_t len, struct eg_err *err) {
    while (len > 0 && strchr(" \t\r\n", token[len - 1])) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (token[i] <= ' ' || token[i] > '~') {
            return eg_err_set(err, EG_E_CONFIG, "token", "the token holds a character that no token has");
        }
    }
    if (len >= TOKEN_MOST_B) {
        return eg_err_set(err, EG_E_CONFIG, "token", "the token is longer than %d bytes", TOKEN_MOST_B);
    }
    snprintf(client->bearer, sizeof(client->bearer), "Authorization: Bearer %.*s", (int)len, token);
    return EG_OK;
}

static eg_status read_token(struct eg_client *client, const char *path, struct eg_err *err) {
    const char *plain = getenv("EGDB_TOKEN");
    char text[TOKEN_MOST_B + 1];
    if (!path) {
        path = getenv("EGDB_TOKEN_FILE");
    }
    if (!path || !*path) {
        return plain && *plain ? set_token(client, plain, strlen(plain), err) : EG_OK;
    }
    FILE *file = fopen(path, "re");
    if (!file) {
        return eg_err_set(err, EG_E_CONFIG, path, "the token file cannot be read: %s", strerror(errno));
    }
    size_t n = fread(text, 1, sizeof(text), file);
    fclose(file);
    return set_token(client, text, n, err);
}

static eg_status set_server(struct eg_client *client, const char *given, struct eg_err *err) {
    const char *server = given ? given : getenv("EGDB_SERVER");
    if (!server || !*server) {
        server = "http://127.0.0.1:8421";
    }
    if (strlen(server) + sizeof("http://") > sizeof(client->server)) {
        return eg_err_set(err, EG_E_CONFIG, given ? "--server" : "EGDB_SERVER", "the server's URL is longer than %zu bytes",
                          sizeof(client->server) - sizeof("http://"));
    }
    snprintf(client->server, sizeof(client->server), "%s%s", strstr(server, "://") ? "" : "http://", server);
    size_t n = strlen(client->server);
    while (n > 0 && client->server[n - 1] == '/') {
        client->server[--n] = '\0';
    }
    return EG_OK;
}

static const char *url_of(struct eg_client *client, const char *path) {
    client->url.len = 0;
    client->url.failed = false;
    eg_buf_str(&client->url, client->server);
    eg_buf_str(&client->url, path);
    return eg_buf_text(&client->url); /* too long: "", which libcurl refuses */
}

static size_t take(char *bytes, size_t size, size_t n, void *ctx) {
    struct eg_buf *body = ctx;
    eg_buf_add(body, bytes, size * n);
    return body->failed ? 0 : size * n;
}

eg_status eg_client_open(const struct eg_client_config *config, struct eg_client **out, struct eg_err *err) {
    struct eg_client *client = calloc(1, sizeof(*client));
    *out = client;
    if (!client || curl_global_init(CURL_GLOBAL_DEFAULT) || !(client->curl = curl_easy_init())) {
        free(client);
        *out = NULL;
        return eg_err_set(err, EG_E_INTERNAL, NULL, "libcurl cannot start");
    }
    eg_buf_init(&client->url, URL_MOST_B);
    if (set_server(client, config->server, err) || read_token(client, config->token_file, err)) {
        eg_client_close(client);
        *out = NULL;
        return EG_FAIL;
    }
    CURL *curl = client->curl;
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, config->connect_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, config->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "egdb");
    return EG_OK;
}

void eg_client_close(struct eg_client *client) {
    if (client) {
        curl_easy_cleanup(client->curl);
        curl_global_cleanup();
        eg_buf_free(&client->url);
        free(client);
    }
}

const char *eg_client_server(const struct eg_client *client) { return client->server; }

struct stream {
    struct eg_client *client;
    eg_client_take take;
    void *ctx;
    struct eg_buf *body;
};

static size_t take_answer(char *bytes, size_t size, size_t n, void *ctx) {
    struct stream *stream = ctx;
    long status = 0;
    curl_easy_getinfo(stream->client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 300) {
        return take(bytes, size, n, stream->body);
    }
    return stream->take(stream->ctx, bytes, size * n) ? size * n : 0;
}

/* What no later try mends. */
static bool is_misdirected(CURLcode code) {
    return code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_PEER_FAILED_VERIFICATION;
}

static void run(struct eg_client *client, const char *path, struct curl_slist *headers, struct eg_reply *reply,
                struct stream *stream) {
    char why[CURL_ERROR_SIZE] = "";
    curl_off_t wait_s = 0;
    eg_buf_free(&reply->body);
    curl_easy_setopt(client->curl, CURLOPT_URL, url_of(client, path));
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, stream ? take_answer : take);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, stream ? (void *)stream : (void *)&reply->body);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(client->curl);
    reply->answered = code == CURLE_OK;
    reply->misdirected = is_misdirected(code);
    reply->status = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_easy_getinfo(client->curl, CURLINFO_RETRY_AFTER, &wait_s);
    reply->retry_after_s = (long)wait_s;
    snprintf(reply->error, sizeof(reply->error), "%s", code == CURLE_OK ? "" : *why ? why : curl_easy_strerror(code));
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, NULL);
}

static struct curl_slist *with(struct curl_slist *headers, const char *line) {
    struct curl_slist *longer = *line ? curl_slist_append(headers, line) : headers;
    return longer ? longer : headers;
}

void eg_client_get(struct eg_client *client, const char *path, struct eg_reply *reply) {
    struct curl_slist *headers = with(NULL, client->bearer);
    curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    run(client, path, headers, reply, NULL);
    curl_slist_free_all(headers);
}

void eg_client_stream(struct eg_client *client, const char *path, const char *type, const char *body, size_t len,
                      eg_client_take take_bytes, void *ctx, struct eg_reply *reply) {
    struct stream stream = {client, take_bytes, ctx, &reply->body};
    struct curl_slist *headers = with(with(NULL, client->bearer), "Expect:");
    char line[320];
    if (body) {
        snprintf(line, sizeof(line), "Content-Type: %s", type);
        headers = with(headers, line);
        curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    } else {
        curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    }
    run(client, path, headers, reply, &stream);
    curl_slist_free_all(headers);
}

void eg_client_delete(struct eg_client *client, const char *path, struct eg_reply *reply) {
    struct curl_slist *headers = with(NULL, client->bearer);
    curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    run(client, path, headers, reply, NULL);
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, NULL);
    curl_slist_free_all(headers);
}

void eg_client_post(struct eg_client *client, const char *path, const char *type, const char *key, const char *body,
                    size_t len, struct eg_reply *reply) {
    char line[320];
    struct curl_slist *headers = with(NULL, client->bearer);
    snprintf(line, sizeof(line), "Content-Type: %s", type);
    headers = with(headers, line);
    if (key) {
        snprintf(line, sizeof(line), "Idempotency-Key: %s", key);
        headers = with(headers, line);
    }
    headers = with(headers, "Expect:"); /* no waiting for 100-continue */
    curl_easy_setopt(client->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    run(client, path, headers, reply, NULL);
    curl_slist_free_all(headers);
}

struct following {
    struct eg_client *client;
    const struct eg_client_follow *follow;
    struct eg_reply *reply;
    int64_t heard_ms;
    bool stopped;
};

static size_t take_piece(char *bytes, size_t size, size_t n, void *ctx) {
    struct following *f = ctx;
    f->heard_ms = eg_clock_mono_us() / 1000;
    curl_easy_getinfo(f->client->curl, CURLINFO_RESPONSE_CODE, &f->reply->status);
    if (f->reply->status != 200) {
        return take(bytes, size, n, &f->reply->body);
    }
    f->stopped = !f->follow->take(f->follow->ctx, bytes, size * n);
    return f->stopped ? 0 : size * n;
}

/* Whether one of the two has come that end it; waits for it no longer than libcurl has nothing to do. */
static bool wait_or_stop(CURLM *multi, const struct eg_client_follow *follow) {
    struct curl_waitfd wait = {.fd = follow->stop_fd, .events = CURL_WAIT_POLLIN};
    struct pollfd fds[2] = {{.fd = follow->stop_fd, .events = POLLIN}, {.fd = follow->out_fd, .events = 0}};
    int n = 0;
    curl_multi_poll(multi, &wait, 1, 500, &n);
    return poll(fds, 2, 0) > 0 && (fds[0].revents || (fds[1].revents & (POLLERR | POLLHUP)));
}

static CURLcode follow_on(CURLM *multi, struct following *f) {
    int running = 1, left;
    CURLcode code = CURLE_OK;
    while (running && !f->stopped) {
        if (curl_multi_perform(multi, &running)) {
            return CURLE_FAILED_INIT;
        }
        f->stopped = f->stopped || (running && wait_or_stop(multi, f->follow));
        if (running && !f->stopped && eg_clock_mono_us() / 1000 - f->heard_ms >= *f->follow->silent_ms) {
            return CURLE_OPERATION_TIMEDOUT;
        }
    }
    for (const CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
        code = message->msg == CURLMSG_DONE ? message->data.result : code;
    }
    return code;
}

enum eg_followed eg_client_follow(struct eg_client *client, const struct eg_client_follow *follow, struct eg_reply *reply) {
    char line[128], why[CURL_ERROR_SIZE] = "";
    struct following f = {client, follow, reply, eg_clock_mono_us() / 1000, false};
    struct curl_slist *headers = with(with(NULL, client->bearer), "Accept: text/event-stream");
    CURLM *multi = curl_multi_init();
    CURL *curl = client->curl;
    curl_off_t wait_s = 0;
    if (follow->last_id) {
        snprintf(line, sizeof(line), "Last-Event-ID: %s", follow->last_id);
        headers = with(headers, line);
    }
    eg_buf_free(&reply->body);
    reply->status = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url_of(client, follow->path));
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &f);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_multi_add_handle(multi, curl);
    CURLcode code = follow_on(multi, &f);
    curl_multi_remove_handle(multi, curl);
    curl_multi_cleanup(multi);
    reply->answered = code == CURLE_OK;
    reply->misdirected = is_misdirected(code);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait_s);
    reply->retry_after_s = (long)wait_s;
    if (code == CURLE_OPERATION_TIMEDOUT && !*why) {
        snprintf(why, sizeof(why), "nothing came for %.1f s", (double)*follow->silent_ms / 1000);
    }
    snprintf(reply->error, sizeof(reply->error), "%s", code == CURLE_OK ? "" : *why ? why : curl_easy_strerror(code));
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_slist_free_all(headers);
    return f.stopped ? EG_FOLLOW_STOPPED : EG_FOLLOW_ENDED;
}
