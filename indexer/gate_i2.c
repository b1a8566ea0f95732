/* I2, public contracts: what others may use must not go away, move, or ask for more than before. */
#include <stdio.h>
#include <string.h>

#include "indexer/gate.h"
#include "indexer/gate_files.h"
#include "indexer/gate_sig.h"
#include "indexer/graph.h"
#include "indexer/lang.h"

#define CHANGES_TOLD 50

struct change { /* of a public definition */
    const char *kind, *file, *symbol;
    char path[1100], name[1100]; /* what callers used until now, and where */
    char why[300];
    enum eg_compat how;
};

static bool is_one_of(const char *text, const char *const *list) {
    while (*list && strcmp(text, *list) != 0) {
        list++;
    }
    return *list != NULL;
}

static const char *last_part(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

/* The last part of what an import names, in each of its ways of writing. */
static bool imports_name(const char *import, const char *name) {
    const char *at = import;
    for (const char *c = import; *c; c++) {
        at = *c == '.' || *c == ':' || *c == '/' ? c + 1 : at;
    }
    return strcmp(at, name) == 0;
}

/* An import of the name that the old file has now: a re-export. For where the file itself cannot be asked; members are not imported. */
static bool is_imported(const struct eg_judged *judged, const struct change *change) {
    const json_t *row;
    size_t i;
    json_array_foreach(judged->tokens, i, row) {
        if (strcmp(eg_row_text(row, EG_TOKEN), "ΔIMPORT") == 0 && strcmp(eg_row_text(row, EG_TOKEN_FILE), change->path) == 0 &&
            imports_name(eg_row_text(row, EG_TOKEN_AFTER), change->name)) {
            return true;
        }
    }
    return false;
}

static bool is_of(const char *path, enum eg_import_style style) {
    const struct eg_grammar *grammar = eg_grammar_of_path(path, strlen(path));
    return grammar && grammar->lang->imports == style;
}

static bool is_c(const char *path) { return is_of(path, EG_IMPORT_INCLUDE); }

/* C's names know no file: what is defined elsewhere now (in a header, static and inline, say) is still there for all who call it. The row
 * of its token; NULL: it is nowhere. */
static const json_t *defined_elsewhere(const struct eg_judged *judged, const struct change *change) {
    static const char *const kinds[] = {"ADD_FN", "EXTRACT_FN", "ADD_CLASS", "MOVE_SYMBOL", "RENAME_FN", "RENAME_CLASS", NULL};
    const json_t *row;
    size_t i;
    if (!is_c(change->path)) {
        return NULL;
    }
    json_array_foreach(judged->tokens, i, row) {
        bool is_public = json_is_true(json_array_get(row, EG_TOKEN_PUBLIC)) && !json_is_false(json_array_get(row, EG_TOKEN_NOW_PUBLIC));
        if (is_public && is_one_of(eg_row_text(row, EG_TOKEN), kinds) && is_c(eg_row_text(row, EG_TOKEN_FILE)) &&
            strcmp(eg_row_text(row, EG_TOKEN_SYMBOL), change->name) == 0) {
            return row;
        }
    }
    return NULL;
}

/* A definition that was added says its signature, one that was moved has the same, or a token that tells of the difference. */
static void go_on(const json_t *row, struct change *change, const char *before) {
    const char *kind = eg_row_text(row, EG_TOKEN), *after = eg_row_text(row, EG_TOKEN_AFTER);
    bool both = strchr(before, '(') && strchr(after, '(');
    if (strcmp(kind, "ADD_FN") == 0 && both) {
        change->how = eg_signature_compare(before, after, change->file, change->why, sizeof(change->why));
    }
}

static void lose(const struct eg_judged *judged, struct change *change, const char *before, const char *how) {
    const char *name = last_part(change->name);
    const json_t *elsewhere = defined_elsewhere(judged, change);
    if (elsewhere) {
        go_on(elsewhere, change, before);
        return;
    }
    if (*name == '_' && is_of(change->path, EG_IMPORT_PYTHON)) {
        return; /* it was private */
    }
    enum eg_alias alias = eg_alias_find(judged->gating->repo, judged->commit->sha, change->path, change->name);
    if (alias == EG_ALIAS_THERE || (alias == EG_ALIAS_UNKNOWN && is_imported(judged, change))) {
        return;
    }
    change->how = EG_COMPAT_BROKEN;
    snprintf(change->why, sizeof(change->why), "%.120s %s, and nothing takes its place", change->name, how);
}

/* "AST::path#name" taken apart; false: it is none. */
static bool take_uid(const char *uid, struct change *change) {
    const char *hash = strrchr(uid, '#');
    if (strncmp(uid, "AST::", 5) != 0 || !hash) {
        return false;
    }
    snprintf(change->path, sizeof(change->path), "%.*s", (int)(hash - uid - 5), uid + 5);
    snprintf(change->name, sizeof(change->name), "%s", hash + 1);
    return true;
}

/* A file's old path is what others import it by. */
static void moved_file(const struct eg_judged *judged, struct change *change, const char *from) {
    size_t n;
    if (eg_gate_policy_is_private(&judged->gating->policy, from)) {
        return;
    }
    change->how = eg_lost_path(judged, from, change->file, &n);
    if (change->how == EG_COMPAT_BROKEN) {
        snprintf(change->why, sizeof(change->why), "the file was moved from %.180s with %zu public names, and nothing takes its place",
                 from, n);
    } else if (change->how == EG_COMPAT_REVIEW) {
        snprintf(change->why, sizeof(change->why), "the file was moved from %.200s", from);
    }
}

/* A package in Go is a folder: what moves within it is where it was. */
static bool same_package(const struct change *change) {
    const char *a = strrchr(change->path, '/'), *b = strrchr(change->file, '/');
    return is_of(change->path, EG_IMPORT_GO) && is_of(change->file, EG_IMPORT_GO) &&
           (a ? a - change->path : 0) == (b ? b - change->file : 0) &&
           strncmp(change->path, change->file, a ? (size_t)(a - change->path) : 0) == 0 && strcmp(change->name, change->symbol) == 0;
}

static void examine(const struct eg_judged *judged, const json_t *row, struct change *change) {
    static const char *const gone[] = {"DEL_FN", "DEL_CLASS", "INLINE_FN", NULL}, *const renamed[] = {"RENAME_FN",
                                                                                                      "RENAME_CLASS",
                                                                                                      NULL};
    const char *before = eg_row_text(row, EG_TOKEN_BEFORE), *after = eg_row_text(row, EG_TOKEN_AFTER);
    bool is_public = json_is_true(json_array_get(row, EG_TOKEN_PUBLIC)) &&
                     !json_is_false(json_array_get(row, EG_TOKEN_WAS_PUBLIC)); /* nobody could use it before */
    *change = (struct change){.kind = eg_row_text(row, EG_TOKEN),
                              .file = eg_row_text(row, EG_TOKEN_FILE),
                              .symbol = eg_row_text(row, EG_TOKEN_SYMBOL)};
    snprintf(change->path, sizeof(change->path), "%s", change->file);
    snprintf(change->name, sizeof(change->name), "%s", change->symbol);
    bool moved = is_public && strcmp(change->kind, "MOVE_SYMBOL") == 0;
    if (moved) {
        (void)take_uid(before, change);
    }
    if (strcmp(change->kind, "MOVE_FILE") == 0) {
        moved_file(judged, change, before);
        return;
    }
    if (eg_gate_policy_is_private(&judged->gating->policy, change->path)) {
        return;
    }
    if (is_public && is_one_of(change->kind, gone)) {
        lose(judged, change, before, "was removed");
    } else if (is_public && is_one_of(change->kind, renamed)) {
        snprintf(change->name, sizeof(change->name), "%s", *before ? before : change->symbol);
        lose(judged, change, "", "was renamed");
    } else if (moved && !same_package(change)) {
        lose(judged, change, "", "was moved");
    } else if (is_public && strcmp(change->kind, "MODIFY_SIG") == 0) {
        change->how = eg_signature_compare(before, after, change->file, change->why, sizeof(change->why));
    }
}

struct summing {
    const struct eg_judged *judged;
    struct eg_verdict *verdict;
    json_t *changes;
    size_t n;
    enum eg_compat worst;
};

static void tell(struct summing *summing, struct change *change, long long line, const char *module) {
    struct eg_verdict *verdict = summing->verdict;
    eg_gate_clean(change->why);
    if (summing->n++ < CHANGES_TOLD) {
        json_array_append_new(summing->changes,
                              json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "token", change->kind, "file", change->file, "line",
                                        (json_int_t)line, "symbol", change->symbol, "why", change->why, "action",
                                        change->how == EG_COMPAT_BROKEN ? "block" : "review"));
    }
    if (change->how > summing->worst) {
        summing->worst = change->how;
        verdict->module = eg_arena_dup(summing->judged->gating->arena, module, strlen(module));
        snprintf(verdict->said, sizeof(verdict->said), "%.150s:%lld %.100s: %.120s", change->file, line, change->symbol, change->why);
    }
}

static void take_lost(void *ctx, const struct eg_lost *lost) {
    struct summing *summing = ctx;
    struct change change = {.kind = "", .file = lost->file, .symbol = lost->symbol, .how = EG_COMPAT_BROKEN};
    struct eg_str module = eg_module_of(summing->judged->gating->arena, lost->file, strlen(lost->file));
    snprintf(change.why, sizeof(change.why), "the public name %.120s is gone, and nothing takes its place", lost->symbol);
    tell(summing, &change, lost->line, module.p ? module.p : "");
}

void eg_gate_i2(const struct eg_judged *judged, struct eg_verdict *verdict) {
    struct summing summing = {.judged = judged, .verdict = verdict, .changes = json_array(), .worst = EG_COMPAT_SAME};
    json_t *row;
    size_t i;
    verdict->threshold = 0.5; /* a loss is 1, what needs a look is 0.5 */
    json_array_foreach(judged->tokens, i, row) {
        struct change change;
        examine(judged, row, &change);
        if (change.how != EG_COMPAT_SAME) {
            tell(&summing, &change, json_integer_value(json_array_get(row, EG_TOKEN_LINE)), eg_row_text(row, EG_TOKEN_MODULE));
        }
    }
    eg_lost_each(judged, take_lost, &summing);
    verdict->applies = json_array_size(judged->tokens) > 0 || summing.n > 0;
    verdict->level = summing.worst == EG_COMPAT_BROKEN   ? EG_LEVEL_BLOCK
                     : summing.worst == EG_COMPAT_REVIEW ? EG_LEVEL_REVIEW
                                                         : EG_LEVEL_PASS;
    verdict->score = summing.worst == EG_COMPAT_BROKEN ? 1 : summing.worst == EG_COMPAT_REVIEW ? 0.5 : 0;
    json_object_set_new(verdict->details, "changes", summing.changes);
    json_object_set_new(verdict->details, "changes_in_all", json_integer((json_int_t)summing.n));
    if (summing.n == 0) {
        snprintf(verdict->said, sizeof(verdict->said), "%s",
                 verdict->applies ? "no public contract is lost" : "the commit has no tokens");
    }
}
