/* egdb tail: follows a server's stream of events, over broken connections too, without gap or repeat. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/cli/cli.h"
#include "server/cli/client.h"
#include "server/cli/sse.h"
#include "server/registry/json_write.h"

#define CONNECT_MS 5000
#define SILENT_MS 60000 /* until the server has said how often it gives a sign of life */
#define LATE_MS 2000     /* which may come so late, after two of its times */
#define LEAST_WAIT_MS 250
#define MOST_WAIT_MS 10000
#define PATH_MOST_B 2048
#define PROBLEM_MOST_B 65536
#define PAYLOAD_SHOWN_B 100
#define LINE_MOST_B ((size_t)64 << 20)

struct tail {
    struct eg_cli *cli;
    struct eg_client *client;
    struct eg_sse sse;
    struct eg_reply reply;
    char path[PATH_MOST_B];
    bool pretty;
    bool out_failed;
    bool heard;      /* on this connection */
    bool lost;       /* it was told that the server is away */
    long long last;  /* position printed last */
    int wait_ms;
    int64_t silent_ms;
    int stop_fd;
};

static int stop_pipe[2];

static void on_signal(int number) {
    (void)number;
    int kept = errno;
    (void)!write(stop_pipe[1], "", 1);
    errno = kept;
}

static bool watch_signals(void) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK))
        return false;
    signal(SIGPIPE, SIG_IGN);
    return sigaction(SIGINT, &action, NULL) == 0 && sigaction(SIGTERM, &action, NULL) == 0;
}

/* Printing */

/* Nothing of an event may steer the terminal: no control character, be it one of U+0080 to U+009F. */
static void put_plain(const char *text) {
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool high = *p == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0;
        putchar(high || *p < ' ' || *p == 0x7F ? '?' : *p);
        p += high;
    }
}

static const char *member(const json_t *event, const char *name) {
    const char *text = json_string_value(json_object_get(event, name));
    return text ? text : "";
}

/* Its beginning, cut where a character ends. */
static void put_payload(json_t *payload) {
    struct eg_buf text;
    eg_buf_init(&text, LINE_MOST_B);
    if (payload)
        eg_json_write(&text, payload);
    const char *whole = eg_buf_text(&text);
    size_t n = strnlen(whole, PAYLOAD_SHOWN_B);
    bool cut = whole[n] != '\0';
    while (cut && n > 0 && ((unsigned char)whole[n] & 0xC0) == 0x80)
        n--;
    char shown[PAYLOAD_SHOWN_B + 1] = "";
    memcpy(shown, whole, n);
    put_plain(shown);
    printf("%s\n", cut ? "..." : "");
    eg_buf_free(&text);
}

/* 12  09:14:03.120  run.started@v1  main@1a2b3c4  {"run_id":…} */
static void put_line(const json_t *event, const char *id) {
    const char *time = member(event, "ts_utc"), *sha = member(event, "repo_sha"), *branch = member(event, "repo_branch");
    printf("%8s  %.10s %.12s  ", id, time, strlen(time) > 11 ? time + 11 : "");
    put_plain(member(event, "topic"));
    printf("  ");
    put_plain(branch);
    printf("%s%.7s  ", *sha && *branch ? "@" : "", sha);
    put_payload(json_object_get(event, "payload"));
}

static void tell_resync(const char *data, size_t len) {
    json_t *resync = json_loadb(data, len, 0, NULL);
    json_int_t asked = json_integer_value(json_object_get(resync, "asked")),
               behind = json_integer_value(json_object_get(resync, "continues_behind"));
    if (asked > behind)
        fprintf(stderr, "egdb tail: position %" JSON_INTEGER_FORMAT " does not exist yet; going on behind %" JSON_INTEGER_FORMAT "\n",
                asked, behind);
    else
        fprintf(stderr,
                "egdb tail: positions %" JSON_INTEGER_FORMAT " to %" JSON_INTEGER_FORMAT " are no longer kept; going on behind them\n",
                asked + 1, behind);
    json_decref(resync);
}

static bool on_event(void *ctx, const char *kind, const char *id, const char *data, size_t len) {
    struct tail *tail = ctx;
    if (strcmp(kind, "resync") == 0) {
        tell_resync(data, len);
        tail->last = strtoll(id, NULL, 10);
        return true;
    }
    if (strcmp(kind, "message") != 0)
        return true;
    tail->last = strtoll(id, NULL, 10);
    json_t *event = tail->pretty ? json_loadb(data, len, 0, NULL) : NULL;
    if (event)
        put_line(event, id);
    else
        (void)!(fwrite(data, 1, len, stdout) == len && putchar('\n') != EOF);
    json_decref(event);
    tail->out_failed = ferror(stdout) != 0;
    return !tail->out_failed;
}

/* What came at once is written at once. */
static bool on_piece(void *ctx, const char *bytes, size_t len) {
    struct tail *tail = ctx;
    if (tail->lost)
        fprintf(stderr, "egdb tail: connected again\n");
    tail->heard = true;
    tail->lost = false;
    bool go_on = eg_sse_take(&tail->sse, bytes, len);
    if (tail->sse.alive_ms)
        tail->silent_ms = 2 * tail->sse.alive_ms + LATE_MS;
    tail->out_failed = fflush(stdout) != 0 || tail->out_failed;
    return go_on && !tail->out_failed;
}

/* The connection, again and again */

/* False: a signal came, or nobody reads any more. */
static bool rest(const struct tail *tail, int ms) {
    struct pollfd fds[2] = {{.fd = tail->stop_fd, .events = POLLIN}, {.fd = STDOUT_FILENO, .events = 0}};
    return poll(fds, 2, ms) == 0;
}

static bool lasting(long status) { return status >= 400 && status < 500 && status != 408 && status != 429; }

static void tell_refusal(const struct tail *tail) {
    json_t *problem = json_loadb(tail->reply.body.data ? tail->reply.body.data : "", tail->reply.body.len, 0, NULL);
    const char *detail = member(problem, "detail");
    fprintf(stderr, "egdb tail: %s answers %ld%s%s\n", eg_client_server(tail->client), tail->reply.status, *detail ? ": " : "",
            detail);
    json_decref(problem);
}

/* Doubled each time, and up to half of it by chance, so that many do not come back in step. */
static int next_wait(struct tail *tail) {
    tail->wait_ms = tail->heard || !tail->wait_ms ? LEAST_WAIT_MS : tail->wait_ms * 2;
    tail->wait_ms = tail->wait_ms > MOST_WAIT_MS ? MOST_WAIT_MS : tail->wait_ms;
    int ms = tail->wait_ms / 2 + (int)((uint64_t)eg_clock_mono_us() * 2654435761u % (uint64_t)(tail->wait_ms / 2 + 1));
    long asked_ms = tail->reply.retry_after_s * 1000;
    return ms < asked_ms ? (int)asked_ms : ms;
}

static void tell_lost(struct tail *tail) {
    if (tail->lost)
        return;
    tail->lost = true;
    if (tail->reply.status && tail->reply.status != 200)
        tell_refusal(tail);
    else
        fprintf(stderr, "egdb tail: the connection to %s ended%s%s; trying again\n", eg_client_server(tail->client),
                *tail->reply.error ? ": " : "", tail->reply.error);
}

static enum eg_exit follow(struct tail *tail) {
    for (;;) {
        const struct eg_client_follow way = {.path = tail->path,
                                             .last_id = tail->sse.last_id[0] ? tail->sse.last_id : NULL,
                                             .take = on_piece,
                                             .ctx = tail,
                                             .stop_fd = tail->stop_fd,
                                             .out_fd = STDOUT_FILENO,
                                             .silent_ms = &tail->silent_ms};
        tail->heard = false;
        tail->silent_ms = SILENT_MS;
        eg_sse_begin(&tail->sse);
        if (eg_client_follow(tail->client, &way, &tail->reply) == EG_FOLLOW_STOPPED)
            return EG_EXIT_OK;
        if (lasting(tail->reply.status)) {
            tell_refusal(tail);
            return EG_EXIT_FAILED;
        }
        tell_lost(tail);
        if (!rest(tail, next_wait(tail)))
            return EG_EXIT_OK;
    }
}

/* The command line */

static void add_query(struct eg_buf *path, const char *name, const char *value) {
    if (!value)
        return;
    eg_buf_printf(path, "%c%s=", memchr(path->data, '?', path->len) ? '&' : '?', name);
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
        bool plain = (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z') || strchr("-._~*@", *p);
        eg_buf_printf(path, plain ? "%c" : "%%%02X", *p);
    }
}

static bool make_path(struct tail *tail) {
    static const char *const same[] = {"topic", "sha", "branch", "correlation-id", "since"};
    static const char *const names[] = {"topic", "sha", "branch", "correlation_id", "since"};
    const char *from = eg_cli_value(tail->cli, "from");
    struct eg_buf path;
    eg_buf_init(&path, sizeof tail->path - 1);
    eg_buf_str(&path, "/v1/events/stream");
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        add_query(&path, names[i], eg_cli_value(tail->cli, same[i]));
    if (from && strcmp(from, "end") != 0)
        add_query(&path, "from", strcmp(from, "beginning") == 0 ? "0" : from);
    bool good = !path.failed;
    snprintf(tail->path, sizeof tail->path, "%s", eg_buf_text(&path));
    eg_buf_free(&path);
    return good;
}

static enum eg_exit run(struct eg_cli *cli) {
    const char *format = eg_cli_value(cli, "format"), *from = eg_cli_value(cli, "from");
    struct tail tail = {.cli = cli};
    if (format && strcmp(format, "pretty") != 0 && strcmp(format, "json") != 0)
        return eg_cli_usage(cli, "--format is pretty or json");
    if (from && strcmp(from, "beginning") != 0 && strcmp(from, "end") != 0 && (!*from || strspn(from, "0123456789") != strlen(from)))
        return eg_cli_usage(cli, "--from is a position, beginning or end");
    if (!make_path(&tail))
        return eg_cli_usage(cli, "the filters are too long");
    const struct eg_client_config client = {.server = eg_cli_value(cli, "server"),
                                            .token_file = eg_cli_value(cli, "token-file"),
                                            .connect_ms = CONNECT_MS,
                                            .timeout_ms = CONNECT_MS};
    if (!watch_signals() || eg_client_open(&client, &tail.client, &cli->err))
        return eg_cli_failed(cli);
    tail.pretty = format ? strcmp(format, "pretty") == 0 : isatty(STDOUT_FILENO) != 0;
    tail.stop_fd = stop_pipe[0];
    eg_sse_init(&tail.sse, on_event, &tail);
    eg_buf_init(&tail.reply.body, PROBLEM_MOST_B);
    enum eg_exit code = follow(&tail);
    if (tail.out_failed && errno != EPIPE) {
        fprintf(stderr, "egdb tail: the output cannot be written\n");
        code = EG_EXIT_FAILED;
    }
    eg_sse_free(&tail.sse);
    eg_buf_free(&tail.reply.body);
    eg_client_close(tail.client);
    return code;
}

static const struct eg_cli_flag flags[] = {
    {"server", "URL", "whose events [EGDB_SERVER, else http://127.0.0.1:8421]"},
    {"token-file", "FILE", "a file with a token of scope events:read [EGDB_TOKEN_FILE, else the token in EGDB_TOKEN]"},
    {"topic", "PATTERN", "only these topics; * stands for any characters"},
    {"sha", "SHA", "only events of this commit"},
    {"branch", "NAME", "only events of this branch"},
    {"correlation-id", "ID", "only events with this correlation_id"},
    {"since", "TIME", "only events of this time (RFC 3339) or later"},
    {"from", "N|beginning|end", "begin behind position N, at the beginning of the log, or with what comes now [end]"},
    {"format", "pretty|json", "a line for people, or the event as JSON, one a line [pretty on a terminal, else json]"},
};

const struct eg_command eg_command_tail = {
    .name = "tail",
    .summary = "follow the events of a server",
    .words = "",
    .about = "Prints events as they are stored, until Ctrl-C or until nobody reads its output. A connection that breaks is made\n"
             "again, and goes on behind the last event that was printed: nothing is missed and nothing comes twice.",
    .examples = "  egdb tail\n"
                "  egdb tail --topic 'run.*' --branch main\n"
                "  egdb tail --from beginning --format json | jq -c '[.position, .topic]'\n"
                "  egdb tail --server https://egdb.example --token-file ~/.egdb-token --from 120000\n",
    .n_flags = sizeof(flags) / sizeof(flags[0]),
    .flags = flags,
    .run = run,
};
