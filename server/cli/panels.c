/* egdb panels: lists a server's panels, or shows one. A table for people; JSON, NDJSON or CSV for programs. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/cli/cli.h"
#include "server/cli/client.h"
#include "server/cli/table.h"
#include "server/registry/json_write.h"

#define REPLY_MOST_B ((size_t)64 << 20)
#define PATH_MOST_B ((size_t)8 << 10)
#define CONNECT_MS 5000
#define TIMEOUT_MS 120000

static void add_escaped(struct eg_buf *path, const char *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (isalnum(c) || strchr("-._~", c)) {
            eg_buf_char(path, (char)c);
        } else {
            eg_buf_printf(path, "%%%02X", c);
        }
    }
}

/* False: the usage has been said. */
static bool path_of(struct eg_cli *cli, enum eg_form form, struct eg_buf *path) {
    eg_buf_str(path, "/v1/panels");
    if (!cli->n_words) {
        return true;
    }
    eg_buf_char(path, '/');
    add_escaped(path, cli->words[0], strlen(cli->words[0]));
    eg_buf_str(path, form == EG_FORM_CSV ? "?format=csv" : "?format=json");
    for (size_t i = 0; i < cli->n_repeated; i++) {
        const char *given = cli->repeated[i];
        const char *equals = strchr(given, '=');
        if (!equals || equals == given) {
            (void)eg_cli_usage(cli, "--param is name=value, not \"%s\"", given);
            return false;
        }
        eg_buf_char(path, '&');
        add_escaped(path, given, (size_t)(equals - given));
        eg_buf_char(path, '=');
        add_escaped(path, equals + 1, strlen(equals + 1));
    }
    if (path->failed) {
        (void)eg_cli_usage(cli, "the parameters are longer than %zu bytes", PATH_MOST_B);
    }
    return !path->failed;
}

static enum eg_exit problem(const struct eg_client *client, const struct eg_reply *reply) {
    json_t *told = json_loadb(reply->body.data ? reply->body.data : "", reply->body.len, 0, NULL);
    const char *detail = json_string_value(json_object_get(told, "detail"));
    const char *hint = json_string_value(json_object_get(told, "hint"));
    if (!reply->answered) {
        fprintf(stderr, "egdb panels: %s: %s\n", eg_client_server(client), reply->error);
    } else {
        fprintf(stderr, "egdb panels: %ld: %s\n%s%s", reply->status, detail ? detail : "no explanation came", hint ? hint : "",
                hint ? "\n" : "");
    }
    json_decref(told);
    return EG_EXIT_FAILED;
}

/* The list as an answer with rows: one form for both. "limit=10" is a parameter with its default, "sha" a required one, "[branch]"
 * one that may be left out. */
static json_t *list_as_rows(const json_t *list) {
    static const char *const names[] = {"name", "group", "title", "parameters"};
    json_t *columns = json_array(), *rows = json_array(), *panel;
    size_t i, j;
    for (i = 0; i < 4; i++) {
        json_array_append_new(columns, json_pack("{s:s, s:s}", "name", names[i], "type", "text"));
    }
    json_array_foreach(json_object_get(list, "panels"), i, panel) {
        struct eg_buf text;
        json_t *param;
        eg_buf_init(&text, 4096);
        json_array_foreach(json_object_get(panel, "parameters"), j, param) {
            json_t *value = json_object_get(param, "default");
            const char *name = json_string_value(json_object_get(param, "name"));
            bool required = json_is_true(json_object_get(param, "required"));
            eg_buf_printf(&text, value ? "%s%s=" : required ? "%s%s" : "%s[%s]", j ? " " : "", name);
            if (json_is_string(value)) {
                eg_buf_str(&text, json_string_value(value));
            } else if (value) {
                eg_json_write(&text, value);
            }
        }
        json_array_append_new(rows, json_pack("[O, O, O, s]", json_object_get(panel, "name"), json_object_get(panel, "group"),
                                              json_object_get(panel, "title"), eg_buf_text(&text)));
        eg_buf_free(&text);
    }
    return json_pack("{s:o, s:o}", "columns", columns, "rows", rows);
}

static void print_lines(const json_t *columns, const json_t *rows) {
    size_t i, j;
    json_t *row, *cell;
    json_array_foreach(rows, i, row) {
        json_t *line = json_object();
        json_array_foreach(row, j, cell) {
            json_object_set(line, json_string_value(json_object_get(json_array_get(columns, j), "name")), cell);
        }
        eg_cli_print_json(line, false);
        printf("\n");
        json_decref(line);
    }
}

static void print_table(const json_t *answer, json_t *columns, json_t *rows) {
    const char *made = json_string_value(json_object_get(answer, "generated_at"));
    struct eg_table *table = eg_table_new(columns);
    size_t i, n = json_array_size(rows);
    json_t *row;
    EG_ASSERT(table);
    json_array_foreach(rows, i, row) {
        eg_table_row(table, json_incref(row));
    }
    eg_table_end(table);
    printf("(%zu %s%s%s)\n", n, n == 1 ? "row" : "rows", made ? ", of " : "", made ? made : "");
}

static enum eg_exit print(enum eg_form form, bool listed, const struct eg_buf *body) {
    json_error_t why;
    if (form == EG_FORM_JSON || (form == EG_FORM_CSV && !listed)) {
        return fwrite(body->data, 1, body->len, stdout) == body->len ? EG_EXIT_OK : EG_EXIT_FAILED;
    }
    json_t *answer = json_loadb(body->data ? body->data : "", body->len, 0, &why);
    if (answer && listed) {
        json_t *rows = list_as_rows(answer);
        json_decref(answer);
        answer = rows;
    }
    json_t *columns = json_object_get(answer, "columns"), *rows = json_object_get(answer, "rows");
    if (!columns || !rows) {
        fprintf(stderr, "egdb panels: what came is no panel's answer\n");
        json_decref(answer);
        return EG_EXIT_FAILED;
    }
    if (form == EG_FORM_TABLE) {
        print_table(answer, columns, rows);
    } else {
        print_lines(columns, rows);
    }
    if (json_is_true(json_object_get(answer, "truncated"))) {
        fprintf(stderr, "egdb panels: the answer was cut at the server's most (panels.rows_most)\n");
    }
    json_decref(answer);
    return EG_EXIT_OK;
}

static enum eg_exit run(struct eg_cli *cli) {
    const struct eg_client_config config = {.server = eg_cli_value(cli, "server"),
                                            .token_file = eg_cli_value(cli, "token-file"),
                                            .connect_ms = CONNECT_MS,
                                            .timeout_ms = TIMEOUT_MS};
    struct eg_client *client = NULL;
    struct eg_reply reply = {0};
    struct eg_buf path;
    enum eg_form form;
    if (!eg_cli_form(cli, &form)) {
        return EG_EXIT_USAGE;
    }
    if (!cli->n_words && form == EG_FORM_CSV) {
        return eg_cli_usage(cli, "the list of panels is a table, json or ndjson");
    }
    eg_buf_init(&path, PATH_MOST_B);
    if (!path_of(cli, form, &path)) {
        eg_buf_free(&path);
        return EG_EXIT_USAGE;
    }
    if (eg_client_open(&config, &client, &cli->err)) {
        eg_buf_free(&path);
        return eg_cli_failed(cli);
    }
    eg_buf_init(&reply.body, REPLY_MOST_B);
    eg_client_get(client, eg_buf_text(&path), &reply);
    enum eg_exit code =
        reply.answered && reply.status == 200 ? print(form, !cli->n_words, &reply.body) : problem(client, &reply);
    eg_buf_free(&reply.body);
    eg_buf_free(&path);
    eg_client_close(client);
    return code;
}

static const struct eg_cli_flag flags[] = {
    {"param", "NAME=VALUE", "a parameter; once for each"},
    {"format", "FORM", "table, json, ndjson or csv; without it table on a terminal, else ndjson"},
    {"server", "URL", "where the server is; without it EGDB_SERVER, else http://127.0.0.1:8421"},
    {"token-file", "FILE", "file with the token; without it EGDB_TOKEN_FILE, or EGDB_TOKEN"},
};

const struct eg_command eg_command_panels = {
    .name = "panels",
    .summary = "list the panels of a server, or show one",
    .words = "[NAME]",
    .about = "Without a name: the panels and their parameters, required ones bare, those with a default as name=default, those\n"
             "that may be left out in brackets. With a name: the panel's rows.",
    .examples = "  egdb panels\n"
                "  egdb panels hot-modules --param sha=$(git rev-parse HEAD)\n"
                "  egdb panels gate-heatmap --param last=7d --format csv\n",
    .n_flags = 4,
    .flags = flags,
    .repeats = "param",
    .most_words = 1,
    .run = run,
};
