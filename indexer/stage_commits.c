/* Commits as git tells of them. `git log` is asked, and not libgit2: the event of a commit is the same, byte for byte, as the one that
 * `egdb post --git-history` or a hook posts, so that whoever comes second stores nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "git/diff.h"
#include "git/event.h"
#include "indexer/spec.h"
#include "indexer/stage.h"

#define ASKED_AT_ONCE 2000 /* names of commits on git's command line */

struct telling {
    struct eg_git_source source;
    const char *folder;
    bool with_diff;
    struct eg_tell *tell;
    struct eg_progress *progress;
    struct eg_err why; /* of the first commit that cannot be read */
    char first[GIT_OID_HEXSZ + 1];
    size_t done, of, left_out, edge, unreadable;
};

static eg_status take(void *ctx, const struct eg_commit *commit, struct eg_err *err) {
    struct telling *telling = ctx;
    struct eg_tell *tell = telling->tell;
    if (eg_git_event(&telling->source, commit, &tell->event, &telling->left_out, err)) {
        return EG_FAIL;
    }
    eg_progress_tell(telling->progress, ++telling->done, telling->of);
    if (eg_tell_is_ahead(tell, commit->sha.p, commit->committed_s)) {
        return EG_OK;
    }
    return eg_sink_put(tell->sink, tell->event.data, tell->event.len, err);
}

/* What git cannot tell of (objects are missing) is looked for by halves, so that it costs nobody else. Where git cannot run at all,
 * nobody can be told of: that ends the run, and whoever waits in a spool goes on waiting. */
static eg_status ask_some(struct telling *telling, const char *const *words, size_t n, struct eg_err *err) {
    const struct eg_git_asked asked = {.folder = telling->folder, .shas = words, .n_shas = n, .with_diff = telling->with_diff};
    size_t done = telling->done, left_out = telling->left_out, edge = telling->edge;
    bool at_commits = false;
    eg_status status = eg_git_log(&asked, take, telling, &telling->edge, &at_commits, err);
    if (status == EG_OK || !at_commits) {
        return status;
    }
    telling->done = done;
    telling->left_out = left_out;
    telling->edge = edge;
    if (n == 1) {
        if (telling->unreadable++ == 0) {
            telling->why = *err;
            snprintf(telling->first, sizeof(telling->first), "%s", words[0]);
        }
        eg_err_clear(err);
        return EG_OK;
    }
    eg_err_clear(err);
    status = ask_some(telling, words, n / 2, err);
    return status ? status : ask_some(telling, words + n / 2, n - n / 2, err);
}

static eg_status ask(struct telling *telling, const git_oid *commits, size_t n, struct eg_err *err) {
    char (*names)[GIT_OID_HEXSZ + 1] = calloc(ASKED_AT_ONCE, sizeof(*names));
    const char **words = calloc(ASKED_AT_ONCE, sizeof(*words));
    eg_status status = names && words ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    for (size_t first = 0; status == EG_OK && first < n; first += ASKED_AT_ONCE) {
        size_t some = n - first < ASKED_AT_ONCE ? n - first : ASKED_AT_ONCE;
        for (size_t i = 0; i < some; i++) {
            words[i] = git_oid_tostr(names[i], sizeof(names[i]), &commits[first + i]);
        }
        status = ask_some(telling, words, some, err);
    }
    free(names);
    free(words);
    return status;
}

static void say(const struct telling *telling) {
    if (telling->edge) {
        fprintf(stderr, "egdb-index: %zu commits were left out: " EG_GIT_EDGE "\n", telling->edge);
    }
    if (telling->unreadable) {
        fprintf(stderr, "egdb-index: %zu commits were left out (the first is %.12s): %s\n", telling->unreadable, telling->first,
                telling->why.message);
    }
    if (telling->left_out) {
        fprintf(stderr, "egdb-index: %zu files of commits were left out: their paths or their number are beyond the topic's bounds\n",
                telling->left_out);
    }
}

eg_status eg_commits_stage(const struct eg_index_flags *flags, const git_oid *commits, size_t n, struct eg_tell *tell,
                           struct eg_progress *progress, struct eg_err *err) {
    static const char *const on[] = {"symbolic-ref", "--quiet", "--short", "HEAD", NULL};
    const char *folder = flags->repo ? flags->repo : ".";
    struct eg_change_types *types = NULL;
    struct eg_secrets *secrets = NULL;
    char path[EG_SPEC_PATH_B], branch[512];
    if (eg_spec_path(flags->spec, "change_types", path, err) || eg_change_types_load(path, &types, err)) {
        return EG_FAIL;
    }
    if (flags->with_diff && (eg_spec_path(flags->spec, "secrets", path, err) || eg_git_secrets_load(path, &secrets, err))) {
        eg_change_types_free(types);
        return EG_FAIL;
    }
    eg_git_line(folder, on, branch, sizeof(branch)); /* empty when HEAD is on none */
    struct telling telling = {.source = {.repo = tell->name, .branch = branch, .types = types, .secrets = secrets},
                              .folder = folder, .with_diff = flags->with_diff != NULL, .tell = tell, .progress = progress, .of = n};
    eg_status status = ask(&telling, commits, n, err);
    if (status == EG_OK && telling.done + telling.edge + telling.unreadable < n) {
        status = eg_err_set(err, EG_E_INTERNAL, folder, "git told of %zu commits of %zu", telling.done, n);
    }
    say(&telling);
    eg_secrets_free(secrets);
    eg_change_types_free(types);
    return status;
}
