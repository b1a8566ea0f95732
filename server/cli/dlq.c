/* egdb dlq: looks at a server's dead letters, sends them again, removes them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/cli/cli.h"
#include "server/cli/client.h"

#define CONNECT_MS 5000
#define TIMEOUT_MS 60000
#define ANSWER_MOST_B ((size_t)256 << 20)
#define PATH_B 1024
#define IDS_MOST 1000

struct talk {
    struct eg_cli *cli;
    struct eg_client *client;
    struct eg_reply reply;
    bool as_json;
};

/* The answer of the last request; NULL, with the reason on stderr, when it is none that can be used. */
static json_t *answer_of(struct talk *talk) {
    const struct eg_reply *reply = &talk->reply;
    if (!reply->answered) {
        fprintf(stderr, "egdb dlq: %s does not answer: %s\n", eg_client_server(talk->client), reply->error);
        return NULL;
    }
    json_t *said = json_loadb(reply->body.data ? reply->body.data : "", reply->body.len, 0, NULL);
    if (said && reply->status < 400) {
        return said;
    }
    const char *detail = json_string_value(json_object_get(said, "detail"));
    fprintf(stderr, "egdb dlq: %ld: %s\n", reply->status, detail ? detail : "no answer that can be read");
    json_decref(said);
    return NULL;
}

static void print_json(json_t *value) {
    eg_cli_print_json(value, false);
    putchar('\n');
}

static const char *member(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "-";
}

/* False: it does not fit, and what would be asked for is not what was said. */
static bool add_query(char *path, const char *name, const char *value) {
    size_t n = strlen(path);
    n += (size_t)snprintf(path + n, PATH_B - n, "%s%s=", strchr(path, '?') ? "&" : "?", name);
    for (; value && *value && n + 4 < PATH_B; value++) {
        bool plain = (*value >= '0' && *value <= '9') || ((*value | 32) >= 'a' && (*value | 32) <= 'z') || strchr("-._~@:", *value);
        n += (size_t)snprintf(path + n, PATH_B - n, plain ? "%c" : "%%%02X", (unsigned char)*value);
    }
    return !value || !*value;
}

static const char *const filters[] = {"code", "topic", "since", "until"};

static enum eg_exit list(struct talk *talk) {
    char path[PATH_B];
    char from[160] = "";
    long limit, n = 0;
    bool titled = talk->as_json, forwards = eg_cli_value(talk->cli, "oldest") != NULL;
    const char *redriven = eg_cli_value(talk->cli, "redriven");
    if (!eg_cli_number(talk->cli, "limit", 1, 1000000, 100, &limit)) {
        return EG_EXIT_USAGE;
    }
    for (bool more = true; more && n < limit;) {
        snprintf(path, sizeof(path), "/v1/dlq?limit=%ld&%s=%s", limit - n < 1000 ? limit - n : 1000,
                 forwards ? "order=asc&after" : "order=desc&before", from);
        for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
            const char *given = eg_cli_value(talk->cli, filters[i]);
            if (given && !add_query(path, filters[i], given)) {
                return eg_cli_usage(talk->cli, "--%s is too long", filters[i]);
            }
        }
        if (redriven && !add_query(path, "redriven", redriven)) {
            return eg_cli_usage(talk->cli, "--redriven is true or false");
        }
        eg_client_get(talk->client, path, &talk->reply);
        json_t *page = answer_of(talk), *letter;
        size_t i;
        if (!page) {
            return EG_EXIT_FAILED;
        }
        if (!titled) {
            titled = true;
            printf("%-26s  %-27s  %-20s  %5s  %-28s  %s\n", "ID", "RECEIVED", "CODE", "SEEN", "TOPIC", "REDRIVEN AS");
        }
        json_array_foreach(json_object_get(page, "dead_letters"), i, letter) {
            n++;
            if (talk->as_json) {
                print_json(letter);
                continue;
            }
            printf("%-26s  %-27s  %-20s  %5lld  %-28s  %s\n", member(letter, "id"), member(letter, "received_utc"),
                   member(letter, "code"), (long long)json_integer_value(json_object_get(letter, "seen")),
                   member(letter, "topic"), member(letter, "redriven_id"));
        }
        more = json_is_true(json_object_get(page, "more"));
        snprintf(from, sizeof(from), "%s", member(page, forwards ? "next" : "prev"));
        json_decref(page);
    }
    return EG_EXIT_OK;
}

static void letter_path(char *path, const char *id) {
    snprintf(path, PATH_B, "/v1/dlq/");
    size_t n = strlen(path);
    for (; *id && n + 4 < PATH_B; id++) {
        bool plain = (*id >= '0' && *id <= '9') || ((*id | 32) >= 'a' && (*id | 32) <= 'z');
        n += (size_t)snprintf(path + n, PATH_B - n, plain ? "%c" : "%%%02X", (unsigned char)*id);
    }
}

static enum eg_exit show(struct talk *talk, const char *id) {
    char path[PATH_B];
    letter_path(path, id);
    eg_client_get(talk->client, path, &talk->reply);
    json_t *letter = answer_of(talk);
    if (!letter) {
        return EG_EXIT_FAILED;
    }
    eg_cli_print_json(letter, !talk->as_json);
    putchar('\n');
    json_decref(letter);
    return EG_EXIT_OK;
}

static enum eg_exit delete(struct talk *talk, const char *id) {
    char path[PATH_B];
    letter_path(path, id);
    eg_client_delete(talk->client, path, &talk->reply);
    json_t *said = answer_of(talk);
    if (!said) {
        return EG_EXIT_FAILED;
    }
    if (talk->as_json) {
        print_json(said);
    } else {
        printf("%s deleted\n", id);
    }
    json_decref(said);
    return EG_EXIT_OK;
}

/* JSON as it stands in the flag, or @FILE. */
static json_t *json_of(const struct eg_cli *cli, const char *flag) {
    const char *given = eg_cli_value(cli, flag);
    json_error_t error;
    json_t *value = *given == '@' ? json_load_file(given + 1, JSON_REJECT_DUPLICATES, &error)
                                  : json_loads(given, JSON_REJECT_DUPLICATES, &error);
    if (!value) {
        (void)eg_cli_usage(cli, "--%s: line %d, column %d: %s", flag, error.line, error.column, error.text);
    }
    return value;
}

/* false: wrong usage, which was said. */
static bool add_edit(const struct eg_cli *cli, json_t *wish) {
    static const char *const kinds[] = {"patch", "merge", "replace"};
    int n = 0;
    for (int i = 0; i < 3; i++) {
        if (!eg_cli_value(cli, kinds[i])) {
            continue;
        }
        json_t *edit = json_of(cli, kinds[i]);
        if (!edit) {
            return false;
        }
        json_object_set_new(wish, "edit", json_pack("{s:o}", kinds[i], edit));
        n++;
    }
    if (n > 1) {
        (void)eg_cli_usage(cli, "one of --patch, --merge and --replace");
    }
    return n <= 1;
}

static json_t *wish_of(const struct eg_cli *cli) {
    long rate;
    json_t *wish = json_object(), *filter = json_object(), *ids = json_array();
    bool named = cli->n_words > 1, filtered = false;
    for (int i = 1; i < cli->n_words; i++) {
        json_array_append_new(ids, json_string(cli->words[i]));
    }
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        const char *given = eg_cli_value(cli, filters[i]);
        filtered |= given != NULL;
        if (given) {
            json_object_set_new(filter, filters[i], json_string(given));
        }
    }
    filtered |= eg_cli_value(cli, "all") != NULL;
    json_object_set(wish, named ? "ids" : "filter", named ? ids : filter);
    json_decref(ids);
    json_decref(filter);
    json_object_set_new(wish, "dry_run", json_boolean(eg_cli_value(cli, "dry-run") != NULL));
    bool good = named != filtered && cli->n_words - 1 <= IDS_MOST;
    if (!good) {
        (void)eg_cli_usage(cli, "redrive up to %d ids, or what --code, --topic, --since and --until leave, or --all", IDS_MOST);
    }
    good = good && eg_cli_number(cli, "rate", 1, 5000, 100, &rate) && add_edit(cli, wish);
    if (good) {
        json_object_set_new(wish, "rate", json_integer(rate));
        return wish;
    }
    json_decref(wish);
    return NULL;
}

static void tell(const struct talk *talk, const json_t *said, json_int_t sums[3]) {
    static const char *const counted[] = {"redriven", "already", "failed"};
    size_t i;
    json_t *item;
    for (int k = 0; k < 3; k++) {
        sums[k] += json_integer_value(json_object_get(said, counted[k]));
    }
    json_array_foreach(json_object_get(said, "items"), i, item) {
        const json_t *error = json_object_get(item, "error");
        if (talk->as_json) {
            print_json(item);
        } else if (error) {
            printf("%s failed: %s: %s\n", member(item, "dlq_id"), member(error, "code"), member(error, "detail"));
        } else {
            printf("%s %s %s\n", member(item, "dlq_id"), member(item, "status"), member(item, "event_id"));
        }
    }
}

/* One request after the other until all are done, or the limit is reached. */
static enum eg_exit redrive(struct talk *talk) {
    json_t *wish = wish_of(talk->cli);
    json_int_t sums[3] = {0, 0, 0};
    long limit;
    enum eg_exit code = EG_EXIT_OK;
    if (!wish || !eg_cli_number(talk->cli, "limit", 1, 1000000000, 1000000000, &limit)) {
        json_decref(wish);
        return EG_EXIT_USAGE;
    }
    for (bool more = true; more && limit > 0;) {
        json_object_set_new(wish, "limit", json_integer(limit < 1000 ? limit : 1000));
        char *body = json_dumps(wish, JSON_COMPACT);
        eg_client_post(talk->client, "/v1/dlq/redrive", "application/json", NULL, body, strlen(body), &talk->reply);
        free(body);
        json_t *said = answer_of(talk), *stopped = json_object_get(said, "stopped"), *next = json_object_get(said, "next");
        tell(talk, said, sums);
        if (stopped) {
            fprintf(stderr, "egdb dlq: stopped: %s; go on with the same command\n", member(stopped, "detail"));
        }
        code = !said || stopped ? EG_EXIT_FAILED : code;
        limit -= (long)json_array_size(json_object_get(said, "items"));
        more = said && !stopped && json_is_string(next);
        if (more) {
            json_object_set(wish, "after", next);
        }
        json_decref(said);
    }
    fprintf(talk->as_json ? stderr : stdout, "%lld %s, %lld already, %lld failed\n", (long long)sums[0],
            eg_cli_value(talk->cli, "dry-run") ? "would be redriven" : "redriven", (long long)sums[1], (long long)sums[2]);
    json_decref(wish);
    return sums[2] ? EG_EXIT_FAILED : code;
}

static enum eg_exit act(struct talk *talk) {
    const struct eg_cli *cli = talk->cli;
    const char *what = cli->words[0];
    enum eg_exit code = EG_EXIT_OK;
    if (strcmp(what, "list") == 0) {
        return list(talk);
    }
    if (strcmp(what, "redrive") == 0) {
        return redrive(talk);
    }
    bool is_show = strcmp(what, "show") == 0;
    for (int i = 1; i < cli->n_words; i++) {
        enum eg_exit one = is_show ? show(talk, cli->words[i]) : delete(talk, cli->words[i]);
        code = one == EG_EXIT_OK ? code : one;
    }
    return code;
}

static enum eg_exit run(struct eg_cli *cli) {
    const char *what = cli->words[0];
    bool named = strcmp(what, "show") == 0 || strcmp(what, "delete") == 0;
    if (!named && strcmp(what, "list") != 0 && strcmp(what, "redrive") != 0) {
        return eg_cli_usage(cli, "\"%s\" is none of list, show, redrive and delete", what);
    }
    if (named && cli->n_words < 2) {
        return eg_cli_usage(cli, "say which dead letters to %s: `egdb dlq list` shows their ids", what);
    }
    if (strcmp(what, "list") == 0 && cli->n_words > 1) {
        return eg_cli_usage(cli, "\"%s\" is one word too many; `egdb dlq show` shows one", cli->words[1]);
    }
    const struct eg_client_config config = {.server = eg_cli_value(cli, "server"),
                                            .token_file = eg_cli_value(cli, "token-file"),
                                            .connect_ms = CONNECT_MS,
                                            .timeout_ms = TIMEOUT_MS};
    struct talk talk = {.cli = cli, .as_json = eg_cli_value(cli, "json") != NULL};
    if (eg_client_open(&config, &talk.client, &cli->err)) {
        return eg_cli_failed(cli);
    }
    eg_buf_init(&talk.reply.body, ANSWER_MOST_B);
    enum eg_exit code = act(&talk);
    eg_buf_free(&talk.reply.body);
    eg_client_close(talk.client);
    return code;
}

static const struct eg_cli_flag flags[] = {
    {"server", "URL", "which server [EGDB_SERVER, else http://127.0.0.1:8421]"},
    {"token-file", "FILE", "a file with the token [EGDB_TOKEN_FILE, else the token in EGDB_TOKEN]"},
    {"json", NULL, "one JSON object a line instead of columns"},
    {"code", "CODE", "list, redrive: refused with this code"},
    {"topic", "TOPIC", "list, redrive: meant for this topic"},
    {"since", "TIME", "list, redrive: received at or after this moment"},
    {"until", "TIME", "list, redrive: received before this moment"},
    {"redriven", "true|false", "list: only those that were redriven, or were not"},
    {"limit", "N", "at most so many [list: 100, redrive: all]"},
    {"oldest", NULL, "list: the oldest first [the newest]"},
    {"all", NULL, "redrive: all that were not redriven"},
    {"patch", "JSON|@FILE", "redrive: edit each by a JSON Patch (RFC 6902)"},
    {"merge", "JSON|@FILE", "redrive: edit each by a JSON Merge Patch (RFC 7396)"},
    {"replace", "JSON|@FILE", "redrive: send this event instead of the one that is named"},
    {"dry-run", NULL, "redrive: say what would become of each, and store nothing"},
    {"rate", "N", "redrive: at most so many a second [100]"},
};

const struct eg_command eg_command_dlq = {
    .name = "dlq",
    .summary = "look at refused events, send them again, delete them",
    .words = "list|show ID…|redrive [ID…]|delete ID…",
    .about = "Refused events are kept with their bytes and errors until somebody acts. Redriven ones go the way of any "
             "event again,\n"
             "edited or not; each becomes one event, however often it is redriven. Needs the scope admin. Exits with 1 "
             "when\n"
             "something failed.",
    .examples = "  egdb dlq list --code schema_invalid --redriven false\n"
                "  egdb dlq show 01J9ZK3V5B7Q8R9S0T1V2W3X51\n"
                "  egdb dlq redrive --topic core.step.finished@v1 --merge '{\"payload\":{\"idx\":0}}' --dry-run\n"
                "  egdb dlq redrive --all --rate 500\n"
                "  egdb dlq delete 01J9ZK3V5B7Q8R9S0T1V2W3X51\n",
    .n_flags = sizeof(flags) / sizeof(flags[0]),
    .flags = flags,
    .least_words = 1,
    .most_words = -1,
    .run = run,
};
