/* Reads the changed files of two states and makes their delta. What was read last is kept by its object: the new text of one commit is
 * the old one of the next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/delta.h"
#include "indexer/graph.h"

#define CACHED 2048 /* files */
#define FILE_MOST_B ((size_t)256 << 20)
#define DELTA_MOST_B ((size_t)2 << 30)
#define BIG_DEFS 2000 /* a file with more is not kept */

struct cached {
    git_oid oid;
    uint64_t path; /* the language and the tests depend on it */
    struct eg_arena *arena;
    struct eg_facts *facts;
};

struct eg_delta_reader {
    git_repository *repo;
    const struct eg_policy *policy;
    struct eg_extractor *extractor;
    struct cached cache[CACHED];
    struct eg_delta delta;
    struct eg_changes changes;
    struct eg_tokens tokens;
    bool from_nothing; /* the delta that is being read */
    size_t n_missing;
    struct eg_lacking lacking;
    struct eg_arena **owned; /* of files that are not in the cache */
    size_t n_owned, room;
};

static const struct eg_facts no_facts;

eg_status eg_delta_reader_new(git_repository *repo, const struct eg_policy *policy, struct eg_delta_reader **out, struct eg_err *err) {
    struct eg_delta_reader *reader = *out = calloc(1, sizeof(*reader));
    if (!reader || !(reader->extractor = eg_extractor_new())) {
        free(reader);
        *out = NULL;
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    reader->repo = repo;
    reader->policy = policy;
    return EG_OK;
}

static void clear(struct eg_delta_reader *reader) {
    for (size_t i = 0; i < reader->n_owned; i++) {
        eg_arena_free(reader->owned[i]);
    }
    reader->n_owned = 0;
    free(reader->changes.v);
    reader->changes = (struct eg_changes){0};
    free(reader->delta.pairs);
    eg_extractor_forget(reader->extractor);
    eg_arena_free(reader->delta.arena);
    reader->delta = (struct eg_delta){0};
}

void eg_delta_reader_free(struct eg_delta_reader *reader) {
    if (reader) {
        if (reader->n_missing && reader->policy) { /* the graph, which has none, says what it misses itself */
            fprintf(stderr, "egdb-index: " EG_REPO_MISSING, reader->n_missing);
        }
        if (reader->lacking.n) {
            fprintf(stderr, "egdb-index: what %zu commits changed is left out, as " EG_REPO_LACKING, reader->lacking.n,
                    reader->lacking.first);
        }
        clear(reader);
        for (size_t i = 0; i < CACHED; i++) {
            eg_arena_free(reader->cache[i].arena);
        }
        eg_tokens_free(&reader->tokens);
        eg_extractor_free(reader->extractor);
        free(reader->owned);
        free(reader);
    }
}

void eg_delta_leave_out(struct eg_delta_reader *reader, const git_oid *commit) { eg_repo_lacks(&reader->lacking, commit); }

/* The arena is freed with the next delta. */
static bool own(struct eg_delta_reader *reader, struct eg_arena *arena) {
    if (reader->n_owned == reader->room) {
        size_t room = reader->room ? reader->room * 2 : 64;
        struct eg_arena **grown = realloc(reader->owned, room * sizeof(struct eg_arena *));
        if (!grown) {
            return false;
        }
        reader->owned = grown;
        reader->room = room;
    }
    reader->owned[reader->n_owned++] = arena;
    return true;
}

static eg_status read_facts(struct eg_delta_reader *reader, const char *path, const git_oid *oid, struct eg_arena *arena,
                            unsigned keep, struct eg_facts **facts, struct eg_err *err) {
    git_blob *blob;
    const char *skipped;
    if (eg_repo_blob(reader->repo, oid, &blob, &skipped, err)) {
        return EG_FAIL;
    }
    if (skipped) {
        reader->n_missing += *skipped == 'm';
        return eg_facts_skipped(path, skipped, arena, facts, err);
    }
    const char *text = git_blob_rawcontent(blob);
    size_t len = (size_t)git_blob_rawsize(blob);
    eg_status status = eg_extract(reader->extractor, path, text ? text : "", len, keep, arena, facts, err);
    git_blob_free(blob);
    return status;
}

/* Of a delta from nothing. That may be a whole repository, of which nothing is compared: no calls, no tokens, no place in the cache, one
 * arena. */
static eg_status first_facts_of(struct eg_delta_reader *reader, const char *path, const git_oid *oid, const struct eg_facts **out,
                                struct eg_err *err) {
    struct eg_facts *facts;
    *out = &no_facts;
    if (!eg_grammar_of_path(path, strlen(path))) {
        return EG_OK;
    }
    eg_status status = read_facts(reader, path, oid, reader->delta.arena, EG_KEEP_SHARED, &facts, err);
    *out = status ? &no_facts : facts;
    return status;
}

static eg_status facts_of(struct eg_delta_reader *reader, const char *path, const git_oid *oid, const struct eg_facts **out,
                          struct eg_err *err) {
    uint64_t name = eg_bytes64(path, strlen(path)), key = eg_mix64(eg_bytes64((const char *)oid->id, GIT_OID_RAWSZ), name);
    struct cached *cached = &reader->cache[key % CACHED];
    *out = &no_facts;
    if (!eg_grammar_of_path(path, strlen(path))) {
        return EG_OK;
    }
    if (cached->facts && cached->path == name && git_oid_equal(&cached->oid, oid)) {
        *out = cached->facts;
        return EG_OK;
    }
    struct eg_arena *arena = eg_arena_new(FILE_MOST_B);
    struct eg_facts *facts;
    if (!arena || read_facts(reader, path, oid, arena, EG_KEEP_ALL, &facts, err)) {
        eg_arena_free(arena);
        return arena ? EG_FAIL : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    *out = facts;
    /* What a slot held may be in use by this delta: it goes with it. */
    bool keeps = facts->n_defs <= BIG_DEFS;
    struct eg_arena *leaving = keeps ? cached->arena : arena;
    if (keeps) {
        *cached = (struct cached){*oid, name, arena, facts};
    }
    if (leaving && !own(reader, leaving)) {
        eg_arena_free(leaving);
        *out = &no_facts;
        return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    return EG_OK;
}

static eg_status fill_side(struct eg_delta_reader *reader, struct eg_delta_side *side, const char *path, const git_oid *oid, bool there,
                           struct eg_err *err) {
    side->path = path;
    side->facts = &no_facts;
    if (!path) {
        return EG_OK;
    }
    side->module = eg_module_of(reader->delta.arena, path, strlen(path));
    if (!there) {
        return EG_OK;
    }
    return reader->from_nothing ? first_facts_of(reader, path, oid, &side->facts, err) : facts_of(reader, path, oid, &side->facts, err);
}

eg_status eg_delta_read(struct eg_delta_reader *reader, const git_oid *from, const git_oid *to, const struct eg_delta **delta,
                        const struct eg_tokens **tokens, struct eg_err *err) {
    clear(reader);
    reader->from_nothing = !from;
    struct eg_delta *d = &reader->delta;
    d->arena = eg_arena_new(DELTA_MOST_B);
    if (!d->arena || eg_repo_changes(reader->repo, from, to, d->arena, &reader->changes, err)) {
        return d->arena ? EG_FAIL : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    d->pairs = calloc(reader->changes.n + 1, sizeof(*d->pairs));
    eg_status status = d->pairs ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    for (size_t i = 0; status == EG_OK && i < reader->changes.n; i++) {
        const struct eg_change *change = &reader->changes.v[i];
        struct eg_delta_pair *pair = &d->pairs[d->n_pairs++];
        pair->change = change;
        status = fill_side(reader, &pair->old, change->old_path, &change->old_oid, change->status != 'A' && !change->link, err);
        status = status ? status : fill_side(reader, &pair->new, change->path, &change->oid, change->status != 'D' && !change->link, err);
    }
    status = status ? status : eg_delta_match(d, err);
    reader->tokens.n = 0;
    status = status || !reader->policy ? status : eg_delta_tokens(d, reader->policy, &reader->tokens, err);
    *delta = d;
    *tokens = &reader->tokens;
    return status;
}
