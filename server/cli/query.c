/* egdb query: asks a server in EGQL. A table for people; JSON, NDJSON or CSV for programs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/cli/cli.h"
#include "server/cli/client.h"
#include "server/cli/query_rows.h"
#include "server/cli/table.h"

#define TEXT_MOST_B ((size_t)1 << 20)
#define REPLY_MOST_B ((size_t)16 << 20)
#define CONNECT_MS 5000
#define LIMIT_MOST 10000000
#define TIMEOUT_MOST_MS 3600000

struct asking {
    struct eg_cli *cli;
    enum eg_form form;
    bool explain;
    struct eg_query_rows rows;
    struct eg_table *table;
    json_t *keys; /* NDJSON: the columns */
};

/* What is asked */

static eg_status read_all(struct eg_cli *cli, FILE *file, const char *name, struct eg_buf *text) {
    char piece[16384];
    size_t n;
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0) {
        eg_buf_add(text, piece, n);
    }
    if (ferror(file) || text->failed) {
        return eg_err_set(&cli->err, EG_E_USAGE, name, "the query cannot be read, or has more than a mebibyte");
    }
    return EG_OK;
}

static eg_status read_query(struct eg_cli *cli, struct eg_buf *text) {
    const char *path = eg_cli_value(cli, "file");
    const char *word = cli->n_words ? cli->words[0] : NULL;
    if (word && strcmp(word, "-") != 0) {
        eg_buf_str(text, word);
        return EG_OK;
    }
    if (word || (path && strcmp(path, "-") == 0)) {
        return read_all(cli, stdin, "standard input", text);
    }
    FILE *file = fopen(path, "re");
    if (!file) {
        return eg_err_set(&cli->err, EG_E_USAGE, path, "the file cannot be opened: %s", strerror(errno));
    }
    eg_status status = read_all(cli, file, path, text);
    fclose(file);
    return status;
}

/* name=text, name:=JSON. NULL: it is neither. */
static json_t *param_value(const char *given, size_t *name_len) {
    const char *equals = strchr(given, '=');
    if (!equals || equals == given || (equals == given + 1 && *given == ':')) {
        return NULL;
    }
    bool typed = equals[-1] == ':';
    *name_len = (size_t)(equals - given) - typed;
    return typed ? json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL) : json_string(equals + 1);
}

/* NULL: the usage has been said. */
static json_t *body_of(struct eg_cli *cli, const struct eg_buf *text) {
    long limit, timeout_ms;
    if (!eg_cli_number(cli, "limit", 1, LIMIT_MOST, 0, &limit) ||
        !eg_cli_number(cli, "timeout-ms", 1, TIMEOUT_MOST_MS, 0, &timeout_ms)) {
        return NULL;
    }
    json_t *body = json_object(), *params = json_object();
    json_object_set_new(body, "query", json_stringn(text->data ? text->data : "", text->len));
    json_object_set_new(body, "params", params);
    if (limit) {
        json_object_set_new(body, "limit", json_integer(limit));
    }
    if (timeout_ms) {
        json_object_set_new(body, "timeout_ms", json_integer(timeout_ms));
    }
    for (size_t i = 0; i < cli->n_repeated; i++) {
        size_t n = 0;
        json_t *value = param_value(cli->repeated[i], &n);
        char name[256];
        if (!value || n >= sizeof(name)) {
            json_decref(value);
            json_decref(body);
            (void)eg_cli_usage(cli, "--param is name=text or name:=JSON, not \"%s\"", cli->repeated[i]);
            return NULL;
        }
        snprintf(name, sizeof(name), "%.*s", (int)n, cli->repeated[i] + (*cli->repeated[i] == '$'));
        json_object_set_new(params, name, value);
    }
    if (!json_object_get(body, "query")) {
        json_decref(body);
        (void)eg_cli_usage(cli, "the query is not UTF-8");
        return NULL;
    }
    return body;
}

/* What comes back */

static void on_columns(void *ctx, json_t *columns) {
    struct asking *asking = ctx;
    if (asking->form == EG_FORM_TABLE) {
        asking->table = eg_table_new(columns);
        EG_ASSERT(asking->table);
    }
    json_decref(asking->keys);
    asking->keys = columns;
}

static void on_row(void *ctx, json_t *row) {
    struct asking *asking = ctx;
    eg_table_row(asking->table, row);
}

static bool pass_on(void *ctx, const char *bytes, size_t n) {
    (void)ctx;
    return fwrite(bytes, 1, n, stdout) == n;
}

static void report_cut(const struct asking *asking) {
    fprintf(stderr, "egdb query: the answer was cut: say LIMIT or --limit for more rows (a server has a most), or narrow it\n");
    (void)asking;
}

/* What the answer says of itself, behind its rows. */
static enum eg_exit tell_tail(struct asking *asking, const json_t *tail) {
    const json_t *error = json_object_get(tail, "error");
    const char *note = json_string_value(json_object_get(tail, "note"));
    json_int_t rows = json_integer_value(json_object_get(tail, "row_count"));
    if (asking->form == EG_FORM_TABLE) {
        printf("(%lld %s, %.1f ms)\n", (long long)rows, rows == 1 ? "row" : "rows",
               json_number_value(json_object_get(tail, "elapsed_ms")));
    }
    if (json_is_true(json_object_get(tail, "truncated"))) {
        report_cut(asking);
    }
    if (note) {
        fflush(stdout);
        fprintf(stderr, "egdb query: %s\n", note);
    }
    if (error) {
        const char *detail = json_string_value(json_object_get(error, "detail"));
        fflush(stdout);
        fprintf(stderr, "egdb query: the rows are not complete: %s\n", detail ? detail : "?");
        return EG_EXIT_FAILED;
    }
    return EG_EXIT_OK;
}

static enum eg_exit told_problem(struct asking *asking, const struct eg_client *client, const struct eg_reply *reply) {
    json_t *problem = json_loadb(reply->body.data ? reply->body.data : "", reply->body.len, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *hint = json_string_value(json_object_get(problem, "hint"));
    bool of_query = detail && json_object_get(problem, "diagnostic");
    (void)asking;
    fflush(stdout);
    if (!reply->answered) {
        fprintf(stderr, "egdb query: %s: %s\n", eg_client_server(client), reply->error);
    } else if (of_query) {
        fprintf(stderr, "egdb query: %s", detail);
    } else {
        fprintf(stderr, "egdb query: %ld: %s\n%s%s", reply->status, detail ? detail : "no explanation came",
                hint ? hint : "", hint ? "\n" : "");
    }
    json_decref(problem);
    return EG_EXIT_FAILED;
}

/* What the last line says of the answer is told too; NDJSON for programs is rows alone, without it. */
struct lines {
    struct asking *asking;
    struct eg_buf line; /* the last whole line, not yet printed */
    bool whole;
};

static bool pass_lines(void *ctx, const char *bytes, size_t n) {
    struct lines *lines = ctx;
    for (const char *end = bytes + n; bytes < end;) {
        const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t len = (size_t)((stop ? stop + 1 : end) - bytes);
        if (lines->whole) {
            if (fwrite(lines->line.data, 1, lines->line.len, stdout) != lines->line.len) {
                return false;
            }
            lines->line.len = 0;
        }
        eg_buf_add(&lines->line, bytes, len);
        lines->whole = stop != NULL;
        bytes += len;
    }
    return !lines->line.failed;
}

static enum eg_exit incomplete(const struct asking *asking) {
    (void)asking;
    fflush(stdout);
    fprintf(stderr, "egdb query: the end of the answer is missing\n");
    return EG_EXIT_FAILED;
}

static enum eg_exit tell_status_line(struct asking *asking, const struct eg_buf *line) {
    json_t *tail = line->len ? json_loadb(line->data, line->len, 0, NULL) : NULL;
    enum eg_exit code = json_object_get(tail, "status") ? tell_tail(asking, tail) : incomplete(asking);
    json_decref(tail);
    return code;
}

static enum eg_exit explain(struct eg_buf *body) {
    json_t *answer = body->failed || !body->len ? NULL : json_loadb(body->data, body->len, 0, NULL);
    const char *sql = json_string_value(json_object_get(answer, "sql"));
    printf("%s\n\n", sql ? sql : "");
    json_object_del(answer, "sql");
    if (answer) {
        eg_cli_print_json(answer, true);
    }
    printf("\n");
    json_decref(answer);
    return EG_EXIT_OK;
}

/* One request, and what comes of it */

static bool take_whole(void *ctx, const char *bytes, size_t n) {
    struct eg_buf *body = ctx;
    eg_buf_add(body, bytes, n);
    return !body->failed;
}

static enum eg_exit run_rows(struct asking *asking, struct eg_client *client, const char *body, struct eg_reply *reply) {
    struct eg_query_rows *rows = &asking->rows;
    *rows = (struct eg_query_rows){.columns = on_columns, .row = on_row, .ctx = asking};
    eg_query_rows_init(rows);
    eg_client_stream(client, "/v1/query?format=json", "application/json", body, strlen(body), eg_query_rows_take, rows,
                     reply);
    if (asking->table) {
        eg_table_end(asking->table);
    }
    enum eg_exit code = reply->answered && reply->status < 300 && rows->tail ? tell_tail(asking, rows->tail)
                        : reply->status >= 300 || !rows->begun ? told_problem(asking, client, reply)
                                                               : incomplete(asking);
    eg_query_rows_free(rows);
    json_decref(asking->keys);
    return code;
}

static enum eg_exit run_lines(struct asking *asking, struct eg_client *client, const char *body,
                              struct eg_reply *reply) {
    struct lines lines = {.asking = asking};
    eg_buf_init(&lines.line, (size_t)1 << 30);
    eg_client_stream(client, "/v1/query?format=ndjson", "application/json", body, strlen(body), pass_lines, &lines,
                     reply);
    enum eg_exit code = !reply->answered || reply->status >= 300 ? told_problem(asking, client, reply)
                                                                 : tell_status_line(asking, &lines.line);
    eg_buf_free(&lines.line);
    return code;
}

/* The last line is "],"row_count":…}", or all of an answer without rows: the opening makes it JSON by itself. */
static enum eg_exit tell_json_end(struct asking *asking, const struct eg_buf *line) {
    struct eg_buf end;
    eg_buf_init(&end, (size_t)1 << 30);
    eg_buf_str(&end, line->len && *line->data == ']' ? "{\"rows\":[" : "");
    eg_buf_add(&end, line->data, line->len);
    json_t *tail = end.len ? json_loadb(end.data, end.len, 0, NULL) : NULL;
    bool whole = json_object_get(tail, "row_count") && fwrite(line->data, 1, line->len, stdout) == line->len;
    enum eg_exit code = whole ? tell_tail(asking, tail) : incomplete(asking);
    json_decref(tail);
    eg_buf_free(&end);
    return code;
}

static enum eg_exit run_json(struct asking *asking, struct eg_client *client, const char *body, struct eg_reply *reply) {
    struct lines lines = {.asking = asking};
    eg_buf_init(&lines.line, (size_t)1 << 30);
    eg_client_stream(client, "/v1/query?format=json", "application/json", body, strlen(body), pass_lines, &lines, reply);
    enum eg_exit code = !reply->answered || reply->status >= 300 ? told_problem(asking, client, reply)
                                                                 : tell_json_end(asking, &lines.line);
    eg_buf_free(&lines.line);
    return code;
}

static enum eg_exit run_csv(struct asking *asking, struct eg_client *client, const char *body, struct eg_reply *reply) {
    eg_client_stream(client, "/v1/query?format=csv", "application/json", body, strlen(body), pass_on, NULL, reply);
    return reply->answered && reply->status < 300 ? EG_EXIT_OK : told_problem(asking, client, reply);
}

static enum eg_exit run_explain(struct asking *asking, struct eg_client *client, const char *body,
                                struct eg_reply *reply) {
    struct eg_buf answer;
    eg_buf_init(&answer, REPLY_MOST_B);
    eg_client_stream(client, "/v1/query/explain", "application/json", body, strlen(body), take_whole, &answer, reply);
    enum eg_exit code =
        reply->answered && reply->status < 300 ? explain(&answer) : told_problem(asking, client, reply);
    eg_buf_free(&answer);
    return code;
}

static enum eg_exit ask(struct asking *asking, json_t *json) {
    const struct eg_client_config config = {
        .server = eg_cli_value(asking->cli, "server"),
        .token_file = eg_cli_value(asking->cli, "token-file"),
        .connect_ms = CONNECT_MS, /* how long the rest may take is the server's to say */
    };
    struct eg_client *client = NULL;
    struct eg_reply reply = {0};
    char *body = json_dumps(json, JSON_COMPACT);
    if (!body || eg_client_open(&config, &client, &asking->cli->err)) {
        free(body);
        return eg_cli_failed(asking->cli);
    }
    eg_buf_init(&reply.body, REPLY_MOST_B);
    enum eg_exit code = asking->explain                  ? run_explain(asking, client, body, &reply)
                        : asking->form == EG_FORM_TABLE  ? run_rows(asking, client, body, &reply)
                        : asking->form == EG_FORM_NDJSON ? run_lines(asking, client, body, &reply)
                        : asking->form == EG_FORM_JSON   ? run_json(asking, client, body, &reply)
                                                         : run_csv(asking, client, body, &reply);
    eg_buf_free(&reply.body);
    eg_client_close(client);
    free(body);
    return code;
}

static enum eg_exit run(struct eg_cli *cli) {
    struct asking asking = {.cli = cli, .explain = eg_cli_value(cli, "explain") != NULL};
    struct eg_buf text;
    if (!eg_cli_form(cli, &asking.form)) {
        return EG_EXIT_USAGE;
    }
    if (cli->n_words + (eg_cli_value(cli, "file") != NULL) != 1) {
        return eg_cli_usage(cli, "give one query: as a word in quotes, by --file FILE, or - for standard input");
    }
    eg_buf_init(&text, TEXT_MOST_B);
    if (read_query(cli, &text)) {
        eg_buf_free(&text);
        (void)eg_cli_failed(cli);
        return EG_EXIT_USAGE;
    }
    json_t *body = body_of(cli, &text);
    enum eg_exit code = body ? ask(&asking, body) : EG_EXIT_USAGE;
    json_decref(body);
    eg_buf_free(&text);
    return code;
}

static const struct eg_cli_flag flags[] = {
    {"file", "FILE", "read the query from a file (-f); - is standard input"},
    {"format", "table|json|ndjson|csv", "how the rows are written [table on a terminal, else ndjson]"},
    {"param", "NAME=VALUE", "the value of $NAME: a text; NAME:=JSON a number, true, false or null; may be repeated"},
    {"limit", "N", "rows at most [the server's default]"},
    {"timeout-ms", "N", "time for the query [the server's default]"},
    {"explain", NULL, "show the SQL, its parameters and the store's plan instead of running it"},
    {"server", "URL", "the server [EGDB_SERVER, else http://127.0.0.1:8421]"},
    {"token-file", "FILE", "a file with the token [EGDB_TOKEN_FILE, else the token in EGDB_TOKEN]"}};

const struct eg_command eg_command_query = {
    .name = "query",
    .summary = "ask in EGQL",
    .words = "QUERY|-",
    .about = "Asks a server in EGQL and prints the rows as they come: a table on a terminal, else NDJSON. The rows go to\n"
             "standard output; errors, with the place in the query, and the word that an answer was cut, to standard\n"
             "error. Exits with 1 when the query fails or its answer is not complete.",
    .examples = "  egdb query 'SELECT events FROM all LAST 1 h LIMIT 20'\n"
                "  egdb query 'SELECT events(topic, count()) FROM all GROUP BY topic ORDER BY count DESC'\n"
                "  egdb query 'SELECT events FROM sha($sha)' --param sha=\"$(git rev-parse HEAD)\"\n"
                "  egdb query 'SELECT steps FROM all WHERE dt_ms > $ms' --param ms:=500 --format csv > slow.csv\n"
                "  egdb query -f hot.egql --limit 100000 | jq .id\n"
                "  echo 'SELECT runs FROM all' | egdb query - --explain\n",
    .n_flags = 8,
    .flags = flags,
    .letters = "f0",
    .repeats = "param",
    .least_words = 0,
    .most_words = 1,
    .run = run,
};
