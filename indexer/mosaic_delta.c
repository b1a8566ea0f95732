/* From a delta to two distributions over the cells. The mosaic is the new state's: a line that was removed lies where its hunk is now, a
 * file that is gone where it would stand. Tokens of what was removed are projected by the same rule. */
#include "indexer/mosaic_delta.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "indexer/extract.h"
#include "indexer/graph.h"

struct hunk { /* first lines and their numbers; a side without lines begins where they would stand */
    int old_line, old_n, new_line, new_n;
};

struct file {
    const struct eg_delta_pair *pair;
    const struct eg_mosaic_file *laid; /* NULL: it is gone, or left out */
    uint32_t place;                    /* then */
    int old_lines;
    struct hunk *hunks;
    size_t n_hunks, room;
};

struct projecting {
    git_repository *repo;
    const struct eg_mosaic *mosaic;
    const struct eg_delta *delta;
    struct eg_mosaic_delta *out;
    struct file *files;
    struct eg_map *by_new, *by_old; /* path → struct file */
    double *share;                  /* of one token; n_cells of them, 0 between tokens */
    uint32_t *touched;              /* cells of share that are not 0, some more than once */
    size_t n_touched, room_touched;
    const struct file *listed[2]; /* whose definitions of the new state, and of the old one, stand in: */
    struct eg_seen defs[2];
    bool failed; /* memory is out */
};

static int take_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk, void *ctx) {
    struct file *file = ctx;
    (void)delta;
    if (file->n_hunks == file->room) {
        size_t room = file->room ? file->room * 2 : 8;
        struct hunk *grown = realloc(file->hunks, room * sizeof(*grown));
        if (!grown) {
            return -1;
        }
        file->hunks = grown;
        file->room = room;
    }
    file->hunks[file->n_hunks++] = (struct hunk){.old_line = hunk->old_start + (hunk->old_lines == 0), .old_n = hunk->old_lines,
                                                 .new_line = hunk->new_start + (hunk->new_lines == 0), .new_n = hunk->new_lines};
    return 0;
}

/* What has no lines (binary, too large) changes as one line. */
static eg_status read_hunks(struct projecting *p, struct file *file, struct eg_err *err) {
    const struct eg_change *change = file->pair->change;
    bool is_old = change->status != 'A', is_new = change->status != 'D';
    git_blob *old = NULL, *new = NULL;
    git_diff_options options;
    if (change->link || (is_old && is_new && git_oid_equal(&change->old_oid, &change->oid))) {
        file->old_lines = file->laid ? file->laid->lines : 1;
        return EG_OK;
    }
    eg_status status = is_old ? eg_mosaic_text(p->repo, &change->old_oid, &old, err) : EG_OK;
    status = status || !is_new ? status : eg_mosaic_text(p->repo, &change->oid, &new, err);
    int code = 0, old_lines = is_old ? eg_mosaic_lines(old) : 0, new_lines = is_new ? eg_mosaic_lines(new) : 0;
    file->old_lines = old_lines;
    if (status == EG_OK && old && new) {
        git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
        options.context_lines = 0;
        options.flags = GIT_DIFF_FORCE_TEXT;
        code = git_diff_blobs(old, NULL, new, NULL, &options, NULL, NULL, take_hunk, NULL, file);
    } else if (status == EG_OK) {
        git_diff_hunk whole = {.old_start = 1 - (old_lines == 0), .old_lines = old_lines, .new_start = 1 - (new_lines == 0),
                               .new_lines = new_lines};
        code = take_hunk(NULL, &whole, file);
    }
    git_blob_free(old);
    git_blob_free(new);
    return status ? status : code ? eg_err_set(err, EG_E_INTERNAL, change->path, "its lines cannot be compared") : EG_OK;
}

static uint32_t cell_of_new(const struct projecting *p, const struct file *file, int line) {
    return file->laid ? eg_mosaic_cell(p->mosaic, file->laid, line) : file->place;
}

/* Hunks are in order: the last that begins at or before the line decides. */
static uint32_t cell_of_old(const struct projecting *p, const struct file *file, int line) {
    size_t low = 0, high = file->n_hunks;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (file->hunks[middle].old_line <= line) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low > 0) {
        const struct hunk *hunk = &file->hunks[low - 1];
        int within = line - hunk->old_line;
        if (within < hunk->old_n) {
            line = hunk->new_line + (within < hunk->new_n ? within : hunk->new_n > 0 ? hunk->new_n - 1 : 0);
        } else {
            line = hunk->new_line + hunk->new_n + within - hunk->old_n;
        }
    }
    return cell_of_new(p, file, line);
}

static int by_hash(const void *x, const void *y) {
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

/* Imports in any order. */
static bool same_imports(const struct eg_facts *a, const struct eg_facts *b) {
    size_t n = (size_t)a->n_imports;
    uint64_t *hashes = a->n_imports == b->n_imports ? calloc(2 * n + 1, sizeof(*hashes)) : NULL;
    for (size_t i = 0; hashes && i < 2 * n; i++) {
        const struct eg_import *import = i < n ? &a->imports[i] : &b->imports[i - n];
        uint64_t hash = eg_mix64(eg_bytes64(import->module.p, import->module.n), eg_bytes64(import->symbol.p, import->symbol.n));
        hashes[i] = eg_mix64(hash, eg_bytes64(import->alias.p, import->alias.n));
    }
    if (hashes) {
        qsort(hashes, n, sizeof(*hashes), by_hash);
        qsort(hashes + n, n, sizeof(*hashes), by_hash);
    }
    bool same = hashes && memcmp(hashes, hashes + n, n * sizeof(*hashes)) == 0;
    free(hashes);
    return same;
}

/* Of a language's file that was there and is there: only its form changed, white space, comments, the order of imports. What was not
 * read, or not whole, may have changed anyhow. */
static bool same_code(const struct eg_facts *a, const struct eg_facts *b) {
    return a->grammar && b->grammar && !a->skipped && !b->skipped && !a->broken && !b->broken && a->n_tokens == b->n_tokens &&
           (a->n_tokens == 0 || memcmp(a->tokens, b->tokens, (size_t)a->n_tokens * sizeof(*a->tokens)) == 0) && same_imports(a, b);
}

/* A change of form is none: it gives no tokens, so it is not looked for on the mosaic either. */
static void observe(struct projecting *p, const struct file *file) {
    const struct eg_facts *before = file->pair->old.facts, *after = file->pair->new.facts;
    bool code = before->grammar || after->grammar, formed = same_code(before, after);
    for (size_t i = 0; i < file->n_hunks; i++) {
        const struct hunk *hunk = &file->hunks[i];
        for (int k = 0; !formed && k < hunk->old_n; k++) {
            p->out->observed[cell_of_old(p, file, hunk->old_line + k)] += 1;
        }
        for (int k = 0; !formed && k < hunk->new_n; k++) {
            p->out->observed[cell_of_new(p, file, hunk->new_line + k)] += 1;
        }
        p->out->removed += (uint64_t)hunk->old_n;
        p->out->added += (uint64_t)hunk->new_n;
        p->out->applies = p->out->applies || (code && !formed && hunk->old_n + hunk->new_n > 0);
    }
}

static eg_status read_files(struct projecting *p, struct eg_err *err) {
    for (int i = 0; i < p->delta->n_pairs; i++) {
        struct file *file = &p->files[i];
        file->pair = &p->delta->pairs[i];
        const struct eg_change *change = file->pair->change;
        file->laid = eg_mosaic_find(p->mosaic, change->path, strlen(change->path), &file->place);
        if (read_hunks(p, file, err)) {
            return EG_FAIL;
        }
        observe(p, file);
        bool good = change->status == 'D' || eg_map_put(p->by_new, change->path, strlen(change->path), file);
        good = good && (change->status == 'A' || eg_map_put(p->by_old, change->old_path, strlen(change->old_path), file));
        if (!good) {
            return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
        }
    }
    return EG_OK;
}

static bool of_old_state(const struct eg_token *token) {
    return token->kind == EG_TOKEN_DEL_FN || token->kind == EG_TOKEN_DEL_CLASS || token->kind == EG_TOKEN_INLINE_FN ||
           token->kind == EG_TOKEN_DEL_FILE || (token->kind == EG_TOKEN_IMPORT && token->before.n > 0);
}

static uint64_t place_key(struct eg_str qual, int line) { return eg_mix64(eg_bytes64(qual.p, qual.n), (uint64_t)line); }

/* Every definition by its name and line, and by its name alone (line 0); the first of each counts. */
static void list_defs(struct projecting *p, const struct eg_facts *facts, struct eg_seen *defs) {
    bool fresh;
    for (int i = 0; i < 2 * facts->n_defs && !p->failed; i++) {
        const struct eg_def *def = &facts->defs[i / 2];
        int *at = eg_seen_at(defs, place_key(def->qual, i % 2 ? def->line : 0), &fresh);
        p->failed = !at;
        if (at && fresh) {
            *at = i / 2;
        }
    }
}

/* −1: it is not there. */
static int find_def(struct projecting *p, const struct file *file, const struct eg_token *token, bool old) {
    const struct eg_facts *facts = old ? file->pair->old.facts : file->pair->new.facts;
    struct eg_seen *defs = &p->defs[old];
    bool fresh = true;
    if (p->listed[old] != file) { /* tokens are sorted by file */
        eg_seen_clear(defs);
        list_defs(p, facts, defs);
        p->listed[old] = file;
    }
    int *at = facts->n_defs ? eg_seen_at(defs, place_key(token->symbol, token->line), &fresh) : NULL;
    if (at && fresh) {
        *at = -1;
    }
    if (at && *at < 0 && (at = eg_seen_at(defs, place_key(token->symbol, 0), &fresh)) && fresh) {
        *at = -1;
    }
    p->failed = p->failed || (!at && facts->n_defs);
    return at && *at >= 0 && eg_str_eq(facts->defs[*at].qual, token->symbol) ? *at : -1;
}

static void give(struct projecting *p, uint32_t cell, double share) {
    if (p->n_touched == p->room_touched) {
        size_t room = p->room_touched ? p->room_touched * 2 : 1024;
        uint32_t *grown = realloc(p->touched, room * sizeof(*grown));
        if (!grown) {
            p->failed = true;
            return;
        }
        p->touched = grown;
        p->room_touched = room;
    }
    p->touched[p->n_touched++] = cell;
    p->share[cell] += share;
}

static void spread(struct projecting *p, const struct file *file, bool old, int line, int last, double share) {
    last = last < line ? line : last;
    if (old || !file->laid) {
        uint32_t before = UINT32_MAX;
        for (int at = line, n = last - line + 1; at <= last; at++) {
            uint32_t cell = old ? cell_of_old(p, file, at) : file->place;
            if (cell != before) {
                give(p, cell, 0);
            }
            before = cell;
            p->share[cell] += share / n;
        }
        return;
    }
    struct eg_mosaic_span span = {.mosaic = p->mosaic, .file = file->laid, .line = line, .last = last};
    while (eg_mosaic_next(&span)) {
        give(p, span.cell, share * span.n / (last - line + 1));
    }
}

/* A definition that moved acts where it was and where it is, by halves. */
static void spread_token(struct projecting *p, const struct eg_token *token) {
    bool old = of_old_state(token);
    const struct file *file = eg_map_get(old ? p->by_old : p->by_new, token->file.p, token->file.n);
    if (!file) {
        return;
    }
    const struct eg_delta_side *side = old ? &file->pair->old : &file->pair->new;
    int lines = old ? file->old_lines : file->laid ? file->laid->lines : 1, def = token->symbol.n ? find_def(p, file, token, old) : -1;
    if (def < 0) {
        bool whole = token->line == 0;
        spread(p, file, old, whole ? 1 : token->line, whole ? lines : token->line, 1);
        return;
    }
    const struct eg_def *at = &side->facts->defs[def];
    struct eg_def_ref from = token->kind == EG_TOKEN_MOVE_SYMBOL ? side->match[def] : (struct eg_def_ref){-1, -1};
    spread(p, file, old, at->line, at->end_line, from.pair < 0 ? 1 : 0.5);
    if (from.pair >= 0) {
        const struct eg_def *was = &p->delta->pairs[from.pair].old.facts->defs[from.def];
        spread(p, &p->files[from.pair], true, was->line, was->end_line, 0.5);
    }
}

static void project(struct projecting *p, const struct eg_tokens *tokens) {
    for (size_t i = 0; i < tokens->n && !p->failed; i++) {
        const struct eg_token *token = &tokens->v[i];
        p->n_touched = 0;
        spread_token(p, token);
        for (size_t k = 0; k < p->n_touched; k++) {
            uint32_t cell = p->touched[k];
            p->out->phi[cell] += token->weight * p->share[cell];
            p->out->explained[i] += p->out->observed[cell] > 0 ? p->share[cell] : 0;
            p->share[cell] = 0;
        }
        p->out->weight += token->weight;
    }
}

static void normalize(double *v, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += v[i];
    }
    for (size_t i = 0; i < n && sum > 0; i++) {
        v[i] /= sum;
    }
}

static void sum_up(struct eg_mosaic_delta *out, enum eg_mosaic_metric metric) {
    normalize(out->phi, out->n_cells);
    normalize(out->observed, out->n_cells);
    for (size_t i = 0; i < out->n_cells; i++) {
        out->cells_phi += out->phi[i] > 0;
        out->cells_observed += out->observed[i] > 0;
        out->cells_common += out->phi[i] > 0 && out->observed[i] > 0;
    }
    out->distance = eg_mosaic_distance(metric, out->phi, out->observed, out->n_cells);
}

eg_status eg_mosaic_delta(git_repository *repo, const struct eg_mosaic *mosaic, const struct eg_delta *delta,
                          const struct eg_tokens *tokens, enum eg_mosaic_metric metric, struct eg_mosaic_delta *out, struct eg_err *err) {
    size_t n = mosaic->n_cells;
    *out = (struct eg_mosaic_delta){.phi = calloc(n, sizeof(double)), .observed = calloc(n, sizeof(double)),
                                    .explained = calloc(tokens->n + 1, sizeof(double)), .n_cells = n, .n_tokens = tokens->n};
    struct projecting p = {.repo = repo, .mosaic = mosaic, .delta = delta, .out = out, .share = calloc(n, sizeof(double)),
                           .files = calloc((size_t)delta->n_pairs + 1, sizeof(*p.files)),
                           .by_new = eg_map_new(delta->arena, 64), .by_old = eg_map_new(delta->arena, 64)};
    eg_status status = out->phi && out->observed && out->explained && p.share && p.files && p.by_new && p.by_old
                           ? EG_OK
                           : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    status = status ? status : read_files(&p, err);
    if (status == EG_OK) {
        project(&p, tokens);
        sum_up(out, metric);
        status = p.failed ? eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out") : EG_OK;
    }
    for (int i = 0; p.files && i < delta->n_pairs; i++) {
        free(p.files[i].hunks);
    }
    eg_seen_free(&p.defs[0]);
    eg_seen_free(&p.defs[1]);
    free(p.files);
    free(p.share);
    free(p.touched);
    return status;
}

void eg_mosaic_delta_free(struct eg_mosaic_delta *delta) {
    free(delta->phi);
    free(delta->observed);
    free(delta->explained);
    *delta = (struct eg_mosaic_delta){0};
}
