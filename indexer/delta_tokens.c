/* From what became of each definition to tokens. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/delta.h"
#include "indexer/extract.h"
#include "indexer/graph.h"

struct emitting {
    struct eg_delta *delta;
    const struct eg_policy *policy;
    struct eg_tokens *tokens;
};

static struct eg_str text_of(struct eg_arena *arena, const char *text) {
    return text ? (struct eg_str){eg_arena_dup(arena, text, strlen(text)), strlen(text)} : (struct eg_str){0};
}

static struct eg_str number_text(struct eg_arena *arena, int number) {
    char text[16];
    snprintf(text, sizeof(text), "%d", number);
    return text_of(arena, text);
}

static struct eg_str uid_of(struct eg_arena *arena, const char *path, const struct eg_def *def) {
    if (def && def->ordinal > 1) {
        char *text = eg_arena_printf(arena, "AST::%s#%.*s~%d", path, (int)def->qual.n, def->qual.p, def->ordinal);
        return (struct eg_str){text, text ? strlen(text) : 0};
    }
    size_t path_n = strlen(path), qual_n = def ? def->qual.n : 0, n = 5 + path_n + 1 + qual_n;
    char *text = eg_arena_alloc(arena, n + 1), *at = text;
    if (!text) {
        return (struct eg_str){0};
    }
    at = mempcpy(mempcpy(at, "AST::", 5), path, path_n);
    *at++ = '#';
    at = qual_n ? mempcpy(at, def->qual.p, qual_n) : at;
    *at = '\0';
    return (struct eg_str){text, n};
}

static void emit(struct emitting *e, const struct eg_delta_side *side, struct eg_token token) {
    token.file = (struct eg_str){side->path, strlen(side->path)}; /* the delta's */
    token.module = side->module;
    token.weight = eg_policy_weight(e->policy, &token);
    eg_tokens_add(e->tokens, &token);
}

static void emit_def(struct emitting *e, const struct eg_delta_side *side, int at, enum eg_token_kind kind, struct eg_token token) {
    const struct eg_def *def = &side->facts->defs[at];
    token.kind = kind;
    token.symbol = def->qual;
    token.uid = uid_of(e->delta->arena, side->path, def);
    token.line = def->line;
    token.body = def->body;
    token.public_api = token.public_api || def->is_public;
    token.now_public = def->is_public;
    emit(e, side, token);
}

static void emit_alone(struct emitting *e, int pair, bool added) {
    const struct eg_delta_side *side = added ? &e->delta->pairs[pair].new : &e->delta->pairs[pair].old;
    for (int i = 0; i < side->facts->n_defs; i++) {
        const struct eg_def *def = &side->facts->defs[i];
        struct eg_token token = {0};
        if (side->match[i].pair >= 0 || def->cls == EG_DEF_SPACE) {
            continue;
        }
        if (added) {
            token.after = def->signature.n ? def->signature : def->qual;
        } else {
            token.before = def->signature.n ? def->signature : def->qual;
            token.was_public = def->is_public;
        }
        enum eg_token_kind kind = added ? EG_TOKEN_ADD_CLASS : EG_TOKEN_DEL_CLASS;
        if (def->cls == EG_DEF_FUNCTION) {
            bool taken = eg_delta_extracted(e->delta, pair, i, !added);
            kind = added ? taken ? EG_TOKEN_EXTRACT_FN : EG_TOKEN_ADD_FN : taken ? EG_TOKEN_INLINE_FN : EG_TOKEN_DEL_FN;
        }
        emit_def(e, side, i, kind, token);
    }
}

/* Arity, order, types or defaults; names where callers may use them, else only their order. */
static bool same_signature(const struct eg_delta_side *old, const struct eg_def *a, const struct eg_delta_side *new,
                           const struct eg_def *b) {
    bool names_count = new->facts->grammar && (new->facts->grammar->lang->flags & EG_LANG_NAMES_ARE_CONTRACT);
    if (a->n_params != b->n_params || a->result != b->result) {
        return false;
    }
    for (int i = 0; i < a->n_params; i++) {
        const struct eg_param *p = &old->facts->params[a->params + i], *q = &new->facts->params[b->params + i];
        if (p->type != q->type || p->value != q->value) {
            return false;
        }
        bool elsewhere = false; /* its name stands at another place now */
        for (int j = 0; j < b->n_params && !eg_str_eq(p->name, q->name); j++) {
            elsewhere = elsewhere || eg_str_eq(p->name, new->facts->params[b->params + j].name);
        }
        if (!eg_str_eq(p->name, q->name) && (names_count || elsewhere)) {
            return false;
        }
    }
    return true;
}

/* Whether the definitions around two matched ones have been renamed or moved along: then that says it all. */
static bool comes_along(const struct eg_delta *delta, struct eg_def_ref old, struct eg_def_ref new) {
    const struct eg_delta_side *a = &delta->pairs[old.pair].old, *b = &delta->pairs[new.pair].new;
    const struct eg_def *x = &a->facts->defs[old.def], *y = &b->facts->defs[new.def];
    if (x->parent < 0 || y->parent < 0 || !eg_str_eq(x->name, y->name)) {
        return false;
    }
    struct eg_def_ref around = a->match[x->parent];
    return around.pair == new.pair && around.def == y->parent;
}

static void emit_matched(struct emitting *e, int pair, int def) {
    struct eg_arena *arena = e->delta->arena;
    const struct eg_delta_side *new = &e->delta->pairs[pair].new;
    struct eg_def_ref from = new->match[def];
    const struct eg_delta_side *old = &e->delta->pairs[from.pair].old;
    const struct eg_def *a = &old->facts->defs[from.def], *b = &new->facts->defs[def];
    bool moved = from.pair != pair, renamed = !eg_str_eq(a->qual, b->qual);
    struct eg_token token = {.public_api = a->is_public, .was_public = a->is_public};
    if ((moved || renamed) && !comes_along(e->delta, from, (struct eg_def_ref){pair, def})) {
        token.origin = uid_of(arena, old->path, a);
        token.before = moved ? token.origin : a->qual;
        token.after = moved ? uid_of(arena, new->path, b) : b->qual;
        emit_def(e, new, def, moved ? EG_TOKEN_MOVE_SYMBOL : b->cls == EG_DEF_FUNCTION ? EG_TOKEN_RENAME_FN : EG_TOKEN_RENAME_CLASS, token);
    }
    if (b->cls != EG_DEF_FUNCTION) {
        return;
    }
    token = (struct eg_token){.public_api = a->is_public, .was_public = a->is_public, .before = a->signature, .after = b->signature};
    if (!same_signature(old, a, new, b)) {
        emit_def(e, new, def, EG_TOKEN_MODIFY_SIG, token);
    }
    if (a->cc != b->cc) {
        token.before = number_text(arena, a->cc);
        token.after = number_text(arena, b->cc);
        emit_def(e, new, def, EG_TOKEN_CC, token);
    }
}

static uint64_t import_key(const struct eg_import *import) {
    return eg_mix64(eg_bytes64(import->module.p, import->module.n), eg_bytes64(import->symbol.p, import->symbol.n));
}

static void emit_import(struct emitting *e, const struct eg_delta_side *side, const struct eg_import *import, bool added) {
    bool rust = side->facts->grammar->lang->imports == EG_IMPORT_RUST;
    char *text = import->symbol.n ? eg_arena_printf(e->delta->arena, "%.*s%s%.*s", (int)import->module.n, import->module.p,
                                                    rust ? "::" : ".", (int)import->symbol.n, import->symbol.p)
                                  : eg_arena_printf(e->delta->arena, "%.*s", (int)import->module.n, import->module.p);
    struct eg_str name = {text, text ? strlen(text) : 0};
    struct eg_token token = {.kind = EG_TOKEN_IMPORT, .line = import->line, .body = import_key(import)};
    if (added) {
        token.after = name;
    } else {
        token.before = name;
    }
    emit(e, side, token);
}

/* Imports as multisets: what one side has more of. */
static bool emit_imports(struct emitting *e, const struct eg_delta_pair *pair) {
    for (int added = 0; added < 2; added++) {
        const struct eg_delta_side *more = added ? &pair->new : &pair->old, *less = added ? &pair->old : &pair->new;
        struct eg_seen seen = {0};
        bool good = true, fresh;
        for (int i = 0; good && i < less->facts->n_imports; i++) {
            int *count = eg_seen_at(&seen, import_key(&less->facts->imports[i]), &fresh);
            good = count != NULL;
            if (good) {
                ++*count;
            }
        }
        for (int i = 0; good && i < more->facts->n_imports; i++) {
            int *count = eg_seen_at(&seen, import_key(&more->facts->imports[i]), &fresh);
            good = count != NULL;
            if (good && --*count < 0) {
                emit_import(e, more, &more->facts->imports[i], added);
            }
        }
        eg_seen_free(&seen);
        if (!good) {
            return false;
        }
    }
    return true;
}

static int moved_tests(const struct eg_delta_side *side, int pair) {
    int n = 0;
    for (int i = 0; i < side->facts->n_defs; i++) {
        n += side->facts->defs[i].is_test && side->match[i].pair >= 0 && side->match[i].pair != pair;
    }
    return n;
}

static void emit_file(struct emitting *e, int at) {
    const struct eg_delta_pair *pair = &e->delta->pairs[at];
    struct eg_arena *arena = e->delta->arena;
    const struct eg_change *change = pair->change;
    const struct eg_delta_side *side = change->status == 'D' ? &pair->old : &pair->new;
    struct eg_token token = {.line = 0, .uid = uid_of(arena, side->path, NULL)};
    if (change->status != 'M') {
        token.kind = change->status == 'A' ? EG_TOKEN_ADD_FILE : change->status == 'D' ? EG_TOKEN_DEL_FILE : EG_TOKEN_MOVE_FILE;
        token.before = change->status == 'A' ? (struct eg_str){0} : text_of(arena, change->old_path);
        token.after = change->status == 'D' ? (struct eg_str){0} : text_of(arena, change->path);
        token.origin = change->status == 'R' ? uid_of(arena, change->old_path, NULL) : (struct eg_str){0};
        emit(e, side, token);
    }
    int before = pair->old.facts->n_tests - moved_tests(&pair->old, at);
    int after = pair->new.facts->n_tests - moved_tests(&pair->new, at);
    if (before != after) {
        token = (struct eg_token){.kind = EG_TOKEN_TESTS, .uid = token.uid, .before = number_text(arena, before),
                                  .after = number_text(arena, after)};
        emit(e, side, token);
    }
}

eg_status eg_delta_tokens(struct eg_delta *delta, const struct eg_policy *policy, struct eg_tokens *tokens, struct eg_err *err) {
    struct emitting e = {delta, policy, tokens};
    bool good = eg_delta_across(delta);
    tokens->n = 0;
    for (int p = 0; good && p < delta->n_pairs; p++) {
        emit_file(&e, p);
        good = emit_imports(&e, &delta->pairs[p]);
        emit_alone(&e, p, false);
        emit_alone(&e, p, true);
        for (int i = 0; i < delta->pairs[p].new.facts->n_defs; i++) {
            if (delta->pairs[p].new.match[i].pair >= 0) {
                emit_matched(&e, p, i);
            }
        }
    }
    eg_tokens_normalize(tokens);
    good = good && !tokens->failed && !eg_arena_failed(delta->arena);
    return good ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
}
