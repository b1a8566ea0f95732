/* egdb post: events from files or git to a server, through its HTTP door. */
#include "server/cli/post.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "git/diff.h"
#include "git/spool.h"
#include "server/cli/cli.h"

#define RETRIES 8
#define CONNECT_MS 5000
#define TIMEOUT_MS 120000

static eg_status post_file(struct eg_cli *cli, struct eg_poster *poster, const char *name) {
    bool is_stdin = strcmp(name, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(name, "re");
    if (!file) {
        return eg_err_set(&cli->err, EG_E_USAGE, name, "the file cannot be opened: %s", strerror(errno));
    }
    eg_status status = eg_post_stream(poster, file, is_stdin ? "standard input" : name, &cli->err);
    if (!is_stdin) {
        fclose(file);
    }
    return status;
}

static eg_status post_files(struct eg_cli *cli, struct eg_poster *poster) {
    for (int i = 0; i < cli->n_words; i++) {
        if (post_file(cli, poster, cli->words[i])) {
            return EG_FAIL;
        }
    }
    return eg_poster_flush(poster, &cli->err);
}

/* A commit may be named by anything that git understands. */
static eg_status resolve(const char *folder, const char *name, char sha[EG_SHA_B], struct eg_err *err) {
    char spec[512];
    snprintf(spec, sizeof(spec), "%s^{commit}", name);
    const char *const words[] = {"rev-parse", "--verify", "--quiet", "--end-of-options", spec, NULL};
    char line[512];
    eg_git_line(folder, words, line, sizeof(line));
    const char *last = strrchr(line, '\n') ? strrchr(line, '\n') + 1 : line;
    size_t len = strlen(last);
    if (!eg_sha_valid(last, len)) {
        return eg_err_set(err, EG_E_USAGE, folder, "\"%.200s\" names no commit here", name);
    }
    memcpy(sha, last, len + 1);
    return EG_OK;
}

static eg_status post_git(struct eg_cli *cli, struct eg_poster *poster, long wait_ms) {
    static const char *const on[] = {"symbolic-ref", "--quiet", "--short", "HEAD", NULL};
    const char *folder = eg_cli_value(cli, "repo"), *given = eg_cli_value(cli, "repo-name"),
               *commit = eg_cli_value(cli, "commit"), *branch = eg_cli_value(cli, "branch");
    struct eg_change_types *types = NULL;
    struct eg_secrets *secrets = NULL;
    char spec[512], path[600], name[512], sha[EG_SHA_B], here[512];
    folder = folder ? folder : ".";
    eg_git_repo_name(folder, name, sizeof(name));
    eg_git_line(folder, on, here, sizeof(here)); /* empty when HEAD is on none */
    struct eg_post_git post = {.folder = folder, .spool = eg_cli_value(cli, "spool"), .wait_ms = wait_ms,
                               .with_diff = eg_cli_value(cli, "with-diff") != NULL};
    if ((commit && resolve(folder, commit, sha, &cli->err)) ||
        eg_config_find(cli->config->server_spec, "spec", "--spec", spec, sizeof(spec), &cli->err)) {
        return EG_FAIL;
    }
    snprintf(path, sizeof(path), "%s/policies/change_types.json", spec);
    eg_status status = eg_change_types_load(path, &types, &cli->err);
    snprintf(path, sizeof(path), "%s/policies/secrets.json", spec);
    status = status || !post.with_diff ? status : eg_git_secrets_load(path, &secrets, &cli->err);
    post.commit = commit ? sha : NULL;
    post.source = (struct eg_git_source){
        .repo = given ? given : name, .branch = branch ? branch : here, .types = types, .secrets = secrets};
    status = status ? status : eg_post_git(poster, &post, &cli->err);
    eg_secrets_free(secrets);
    eg_change_types_free(types);
    return status;
}

static enum eg_exit report(struct eg_cli *cli, const struct eg_poster *poster, eg_status status) {
    const struct eg_posted *posted = eg_poster_result(poster);
    if (!eg_cli_value(cli, "quiet") || status || posted->rejected) {
        printf("%llu sent: %llu stored, %llu duplicates, %llu rejected\n", (unsigned long long)posted->sent,
               (unsigned long long)posted->stored, (unsigned long long)posted->duplicates,
               (unsigned long long)posted->rejected);
    }
    if (status) {
        return eg_cli_failed(cli);
    }
    return posted->rejected ? EG_EXIT_FAILED : EG_EXIT_OK;
}

static enum eg_exit post(struct eg_cli *cli, const struct eg_client_config *config,
                         const struct eg_poster_config *given) {
    struct eg_poster_config with = *given;
    bool git = eg_cli_value(cli, "git-history") || eg_cli_value(cli, "commit");
    if (eg_client_open(config, &with.client, &cli->err)) {
        return eg_cli_failed(cli);
    }
    struct eg_poster *poster = eg_poster_new(&with);
    enum eg_exit code = EG_EXIT_FAILED;
    if (poster) {
        eg_status status = git ? post_git(cli, poster, config->timeout_ms) : post_files(cli, poster);
        code = report(cli, poster, status);
    }
    eg_poster_free(poster);
    eg_client_close(with.client);
    return code;
}

static enum eg_exit run(struct eg_cli *cli) {
    long batch, retries, timeout_ms;
    bool history = eg_cli_value(cli, "git-history") != NULL, commit = eg_cli_value(cli, "commit") != NULL;
    if (!eg_cli_number(cli, "batch", 1, 10000, 500, &batch) ||
        !eg_cli_number(cli, "retries", 0, 1000, RETRIES, &retries) ||
        !eg_cli_number(cli, "timeout-ms", 1, 3600000, TIMEOUT_MS, &timeout_ms)) {
        return EG_EXIT_USAGE;
    }
    if (history + commit + (cli->n_words > 0) != 1) {
        return eg_cli_usage(cli, "give files (- is standard input), or --git-history, or --commit");
    }
    if (eg_cli_value(cli, "spool") && !commit) {
        return eg_cli_usage(cli, "--spool goes with --commit");
    }
    if (eg_cli_value(cli, "with-diff") && !commit && !history) {
        return eg_cli_usage(cli, "--with-diff goes with --git-history or --commit");
    }
    const struct eg_client_config client = {
        .server = eg_cli_value(cli, "server"),
        .token_file = eg_cli_value(cli, "token-file"),
        .connect_ms = timeout_ms < CONNECT_MS ? timeout_ms : CONNECT_MS,
        .timeout_ms = timeout_ms,
    };
    const struct eg_poster_config poster = {
        .most_events = (size_t)batch,
        .retries = (int)retries,
        .keyed = !history && !commit,
        .named = history || commit,
        .quiet = eg_cli_value(cli, "quiet") != NULL,
    };
    return post(cli, &client, &poster);
}

static const struct eg_cli_flag flags[] = {
    {"server", "URL", "where to [EGDB_SERVER, else http://127.0.0.1:8421]"},
    {"token-file", "FILE", "a file with the token [EGDB_TOKEN_FILE, else the token in EGDB_TOKEN]"},
    {"batch", "N", "events a request [500]"},
    {"retries", "N", "how often a batch is sent again when the server is full or away [8]"},
    {"timeout-ms", "N", "time of one request [120000]"},
    {"quiet", NULL, "print nothing when all went well, and no refused events"},
    {"git-history", NULL, "post every commit that HEAD reaches, as commit.recorded@v1"},
    {"commit", "REV", "post this commit only"},
    {"repo", "FOLDER", "the git repository [.]"},
    {"repo-name", "NAME", "its name in the events [the last part of origin's URL, else its folder]"},
    {"branch", "NAME", "the branch that the commits are recorded with [the one HEAD is on]"},
    {"with-diff", NULL, "post the changed lines of each file, too, without secrets: the database then holds source text"},
    {"spool", "FILE", "with --commit: keeps commits while the server is away, and posts those that waited"},
};

const struct eg_command eg_command_post = {
    .name = "post",
    .summary = "send events from files or git to a server",
    .words = "[FILE…|-]",
    .about =
        "Reads events (NDJSON, a JSON array, or one JSON event), sends them in batches, and prints a summary. Exits "
        "with 1 when\n"
        "an event was refused or the server could not be reached. Answers 503 and 429 are waited out (Retry-After).\n"
        "Of a body that is too large the halves are sent, so that only an event which is so alone is refused.\n"
        "Commits get ids made of their time and content: posted again, from whatever branch, they are duplicates and\n"
        "change nothing.",
    .examples = "  egdb post events.ndjson\n"
                "  generate | egdb post - --server https://egdb.example --token-file ~/.egdb-token\n"
                "  egdb post --git-history --repo ~/src/project\n"
                "  egdb post --git-history --with-diff --repo ~/src/project\n"
                "  egdb post --commit HEAD --spool .git/egdb/commits\n",
    .n_flags = sizeof(flags) / sizeof(flags[0]),
    .flags = flags,
    .sections = "server",
    .most_words = -1,
    .run = run,
};
