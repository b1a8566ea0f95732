/* Opening and closing. */
#include "indexer/gating.h"

#include <stdio.h>
#include <string.h>

#include "indexer/repo.h"
#include "indexer/threshold.h"

#define MEMORY_MOST_B ((size_t)1 << 30)

static eg_status open_repo(struct eg_gating *gating, struct eg_err *err) {
    const struct eg_index_flags *flags = &gating->command->flags;
    struct eg_err own = {0};
    if (eg_repo_open(flags->repo ? flags->repo : ".", &gating->repo, &own) && (!flags->name || flags->repo)) {
        return eg_err_set(err, EG_E_USAGE, own.place, "%.300s; without a repository --name says which one is meant",
                          own.message);
    }
    eg_repo_name(gating->repo, flags->name, gating->name, sizeof(gating->name));
    return EG_OK;
}

eg_status eg_gating_begin(struct eg_gating *gating, const struct eg_index_command *command, struct eg_err *err) {
    const struct eg_index_flags *flags = &command->flags;
    struct eg_sink_config sink = {.out = flags->out, .server = flags->server, .token_file = flags->token_file};
    *gating = (struct eg_gating){.command = command};
    eg_repo_begin();
    gating->arena = eg_arena_new(MEMORY_MOST_B);
    if (!gating->arena) {
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    if (open_repo(gating, err) || eg_gate_policy_load(flags->spec, &gating->policy, err) ||
        eg_asker_open(flags->server, flags->token_file, &gating->asker, err) ||
        eg_past_read(gating->asker, &gating->policy, gating->name, gating->arena, &gating->past, err)) {
        return EG_FAIL;
    }
    return eg_sink_open(&sink, &gating->sink, err);
}

eg_status eg_gating_flush(struct eg_gating *gating, struct eg_sink_sum *sum, struct eg_err *err) {
    eg_status status = eg_sink_close(gating->sink, sum, err);
    gating->sink = NULL;
    if (status == EG_OK && sum->rejected > 0) {
        status = eg_err_set(err, EG_E_SCHEMA_INVALID, NULL, "the server refused %llu events",
                            (unsigned long long)sum->rejected);
    }
    return status;
}

void eg_gating_end(struct eg_gating *gating) {
    struct eg_sink_sum sum;
    struct eg_err ignored = {0};
    if (gating->sink) {
        (void)!eg_sink_close(gating->sink, &sum, &ignored);
    }
    eg_asker_close(gating->asker);
    eg_gate_policy_free(&gating->policy);
    git_repository_free(gating->repo);
    eg_arena_free(gating->arena);
    eg_repo_end();
}

eg_status eg_gating_is_own(const struct eg_index_command *command, const char *name, const git_oid *first, const git_oid *last,
                           struct eg_err *err) {
    char a[GIT_OID_HEXSZ + 1], b[GIT_OID_HEXSZ + 1];
    struct eg_asker *asker = NULL;
    struct eg_err ignored = {0};
    json_t *rows = NULL, *row;
    eg_status status = EG_OK;
    size_t i;
    git_oid_tostr(a, sizeof(a), first);
    git_oid_tostr(b, sizeof(b), last);
    if (command->flags.out || eg_asker_open(command->flags.server, command->flags.token_file, &asker, &ignored) ||
        eg_ask(asker, "SELECT fingerprints (repo) FROM all WHERE sha IN ($first, $last) LIMIT 10",
               json_pack("{s:s, s:s}", "first", a, "last", b), &rows, &ignored)) {
        eg_asker_close(asker);
        return EG_OK;
    }
    json_array_foreach(rows, i, row) {
        const char *repo = json_string_value(json_array_get(row, 0));
        if (status == EG_OK && repo && *repo && strcmp(repo, name) != 0) {
            status = eg_err_set(err, EG_E_USAGE, name,
                                "the server has these commits as those of `%.200s`: say --name %.200s, or give a fork a database of "
                                "its own", repo, repo);
        }
    }
    json_decref(rows);
    eg_asker_close(asker);
    return status;
}

static eg_status is_frozen(const struct eg_index_command *command, const char *name, bool *frozen, struct eg_err *err) {
    struct eg_asker *asker;
    json_t *rows = NULL;
    if (eg_asker_open(command->flags.server, command->flags.token_file, &asker, err)) {
        return EG_FAIL;
    }
    eg_status status = eg_ask(asker, "SELECT drift (event_id) FROM all WHERE repo IN ($repo, \"\") freeze=true LIMIT 1",
                              json_pack("{s:s}", "repo", name), &rows, err);
    *frozen = json_array_size(rows) > 0;
    json_decref(rows);
    eg_asker_close(asker);
    return status;
}

static eg_status end_freezes(const struct eg_index_command *command, struct eg_err *err) {
    struct eg_gating gating;
    struct eg_sink_sum sum;
    json_t *unfrozen = json_array();
    eg_status status = eg_gating_begin(&gating, command, err);
    status = status ? status : eg_freezes_end(&gating.past, gating.sink, unfrozen, err);
    status = status ? status : eg_gating_flush(&gating, &sum, err);
    eg_gating_end(&gating);
    json_decref(unfrozen);
    return status;
}

void eg_gating_unfreeze(const struct eg_index_command *command, const char *name) {
    struct eg_err err = {0};
    bool frozen = false;
    if (command->flags.out) {
        return;
    }
    eg_status status = is_frozen(command, name, &frozen, &err);
    status = status || !frozen ? status : end_freezes(command, &err);
    if (status) {
        fprintf(stderr, "egdb-index: what is frozen stays so until the next gates: %s%s%s\n", err.place, *err.place ? ": " : "",
                err.message);
    }
}

eg_status eg_gating_sha(const struct eg_gating *gating, const char *rev, char sha[GIT_OID_HEXSZ + 1],
                        struct eg_err *err) {
    struct eg_commit_info info;
    struct eg_err own = {0};
    if (gating->repo && eg_repo_commit(gating->repo, rev, &info, &own) == EG_OK) {
        memcpy(sha, info.sha, sizeof(info.sha));
        return EG_OK;
    }
    if (strlen(rev) != GIT_OID_HEXSZ || strspn(rev, "0123456789abcdef") != GIT_OID_HEXSZ) {
        return eg_err_set(err, EG_E_USAGE, rev, "the repository has no such commit, and this is no full sha");
    }
    memcpy(sha, rev, GIT_OID_HEXSZ + 1);
    return EG_OK;
}
