/* HTTP from the command line to a server, by libcurl: one request at a time, with bounds on time and size. */
#ifndef EG_CLI_CLIENT_H
#define EG_CLI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct eg_client;

struct eg_client_config {
    const char *server;     /* "http://127.0.0.1:8421", without a path; NULL: EGDB_SERVER, else that */
    const char *token_file; /* NULL: EGDB_TOKEN_FILE, else the token in EGDB_TOKEN, else none */
    long connect_ms;
    long timeout_ms; /* of one request; 0: none */
};

struct eg_reply {
    bool answered;    /* false: no answer came; error says why */
    bool misdirected; /* no answer came, and none will: the address is wrong, or the server's certificate */
    long status;
    long retry_after_s; /* 0 without */
    struct eg_buf body; /* init by the caller; emptied by each request */
    char error[256];
};

/* err: config_invalid for a token file that cannot be read or a URL of more than 1,000 bytes, internal. */
EG_MUST_CHECK eg_status eg_client_open(const struct eg_client_config *config, struct eg_client **client,
                                       struct eg_err *err);
void eg_client_close(struct eg_client *client);
const char *eg_client_server(const struct eg_client *client);

void eg_client_get(struct eg_client *client, const char *path, struct eg_reply *reply);
void eg_client_delete(struct eg_client *client, const char *path, struct eg_reply *reply);
/* The bytes of an answer as they come; false ends the transfer. */
typedef bool (*eg_client_take)(void *ctx, const char *bytes, size_t n);
/* Like a post or, with body NULL, a get; but the body of an answer below 300 goes to take, piece by piece, and only that of another
 * one into reply. */
void eg_client_stream(struct eg_client *client, const char *path, const char *type, const char *body, size_t len,
                      eg_client_take take, void *ctx, struct eg_reply *reply);
/* key: the Idempotency-Key; NULL without. */
void eg_client_post(struct eg_client *client, const char *path, const char *type, const char *key, const char *body,
                    size_t len, struct eg_reply *reply);

/* GET of an answer that does not end by itself: each piece of a 200 goes to take as it comes. stop_fd ends it when it can be read, out_fd
 * (-1: none) when nobody reads there any more; take ends it by returning false. An answer that brings nothing for *silent_ms, which take
 * may change, is given up. Other answers are in reply as always; reply->answered is false when the connection broke. */
struct eg_client_follow {
    const char *path;
    const char *last_id; /* Last-Event-ID; NULL without */
    bool (*take)(void *ctx, const char *bytes, size_t len);
    void *ctx;
    int stop_fd, out_fd;
    const int64_t *silent_ms;
};
enum eg_followed { EG_FOLLOW_ENDED, EG_FOLLOW_STOPPED };
enum eg_followed eg_client_follow(struct eg_client *client, const struct eg_client_follow *follow, struct eg_reply *reply);

#endif
