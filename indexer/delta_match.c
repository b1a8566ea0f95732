/* What became of each definition, surest first: the same qualified name; classes by their bodies, and with them all they hold; the same
 * body under another name or in another file; and last, within a file, bodies that are alike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/delta.h"
#include "indexer/extract.h"

#define BODY_MOST 20000  /* tokens; longer bodies are told by their hash alone */
#define STEPS_MOST ((size_t)100000000) /* of a delta, and the next of each of its files: what goes over lists again and again */
#define STEPS_A_FILE ((size_t)1000000)
#define TOKEN_STEPS 10         /* a token of a body that is counted costs so many steps */
#define TELLING_TOKENS 8 /* a shorter body with another name may be there by chance */

static const struct eg_def_ref none = {-1, -1};

static const struct eg_def *def_of(const struct eg_delta_side *side, int def) { return &side->facts->defs[def]; }
static bool is_free(const struct eg_delta_side *side, int def) {
    return side->match[def].pair < 0 && side->facts->defs[def].cls != EG_DEF_SPACE;
}

/* False: enough was compared. */
static bool spend(struct eg_delta *delta, size_t steps) {
    delta->steps += steps;
    bool over = delta->steps > STEPS_MOST + STEPS_A_FILE * (size_t)delta->n_pairs;
    delta->degraded = delta->degraded || over;
    return !over;
}

static void join(struct eg_delta *delta, int old_pair, int old_def, int new_pair, int new_def) {
    delta->pairs[old_pair].old.match[old_def] = (struct eg_def_ref){new_pair, new_def};
    delta->pairs[new_pair].new.match[new_def] = (struct eg_def_ref){old_pair, old_def};
}

static uint64_t name_key(const struct eg_def *def, bool with_body) {
    uint64_t h = eg_mix64(eg_bytes64(def->qual.p, def->qual.n), def->cls);
    return with_body ? eg_mix64(h, def->body) : h;
}

/* Of each key the free definitions of both sides meet in the order of the text; with their bodies, only the first of each. */
static bool match_names(struct eg_delta *delta, int at, bool with_body) {
    struct eg_delta_pair *pair = &delta->pairs[at];
    struct eg_seen seen = {0}; /* key → the first that is free, + 1 */
    int n = pair->new.facts->n_defs, *next = calloc((size_t)n + 1, sizeof(*next)); /* of the same key, + 1 */
    bool fresh, good = next != NULL;
    for (int i = n - 1; good && i >= 0; i--) {
        int *first = pair->new.match[i].pair < 0 ? eg_seen_at(&seen, name_key(def_of(&pair->new, i), with_body), &fresh) : NULL;
        good = first || pair->new.match[i].pair >= 0;
        if (first) {
            next[i] = with_body ? 0 : *first;
            *first = i + 1;
        }
    }
    for (int i = 0; good && seen.n > 0 && i < pair->old.facts->n_defs; i++) {
        int *first = pair->old.match[i].pair < 0 ? eg_seen_at(&seen, name_key(def_of(&pair->old, i), with_body), &fresh) : NULL;
        good = first || pair->old.match[i].pair >= 0;
        if (first && *first > 0) {
            int met = *first - 1;
            *first = next[met];
            join(delta, at, i, at, met);
        }
    }
    eg_seen_free(&seen);
    free(next);
    return good;
}

static bool holds(struct eg_str prefix, struct eg_str qual) {
    return qual.n > prefix.n + 1 && memcmp(qual.p, prefix.p, prefix.n) == 0 && qual.p[prefix.n] == '.';
}

/* What stood in a class or function that has another name now stands in it under that name. */
static void match_held(struct eg_delta *delta, int old_pair, int old_def, int new_pair, int new_def) {
    const struct eg_delta_side *old = &delta->pairs[old_pair].old, *new = &delta->pairs[new_pair].new;
    struct eg_str old_name = def_of(old, old_def)->qual, new_name = def_of(new, new_def)->qual;
    bool good = spend(delta, (size_t)old->facts->n_defs);
    for (int i = 0; good && i < old->facts->n_defs; i++) {
        const struct eg_def *held = def_of(old, i);
        bool looks = old->match[i].pair < 0 && holds(old_name, held->qual);
        good = !looks || spend(delta, (size_t)new->facts->n_defs);
        for (int j = 0; good && looks && old->match[i].pair < 0 && j < new->facts->n_defs; j++) {
            const struct eg_def *other = def_of(new, j);
            size_t rest = held->qual.n - old_name.n;
            if (new->match[j].pair < 0 && other->cls == held->cls && holds(new_name, other->qual) && other->qual.n - new_name.n == rest &&
                memcmp(other->qual.p + new_name.n, held->qual.p + old_name.n, rest) == 0) {
                join(delta, old_pair, i, new_pair, j);
            }
        }
    }
}


/* Bodies that only one free definition has on each side. own: within one file (pair `at`), else anywhere. */
static bool match_bodies(struct eg_delta *delta, enum eg_def_class cls, int at, bool same_name) {
    struct eg_seen olds = {0}, news = {0};
    bool good = true, fresh;
    size_t room = 0;
    for (int p = at < 0 ? 0 : at; p < (at < 0 ? delta->n_pairs : at + 1); p++) {
        room += (size_t)delta->pairs[p].new.facts->n_defs;
    }
    struct eg_def_ref *refs = calloc(room + 1, sizeof(*refs));
    int n = 0;
    for (int side = 0; refs && side < 2; side++) {
        for (int p = at < 0 ? 0 : at; good && p < (at < 0 ? delta->n_pairs : at + 1); p++) {
            struct eg_delta_side *of = side ? &delta->pairs[p].old : &delta->pairs[p].new;
            for (int i = 0; good && i < of->facts->n_defs; i++) {
                const struct eg_def *def = def_of(of, i);
                if (!is_free(of, i) || def->cls != cls || def->body == 0 || (!same_name && at < 0 && def->n_tokens < TELLING_TOKENS)) {
                    continue;
                }
                uint64_t key = same_name ? eg_mix64(def->body, eg_bytes64(def->name.p, def->name.n)) : def->body;
                int *index = eg_seen_at(side ? &olds : &news, key, &fresh);
                good = index != NULL;
                if (good && side == 0) {
                    refs[n] = (struct eg_def_ref){p, i};
                    *index = fresh ? ++n : -1;
                } else if (good) {
                    *index = fresh ? 1 : -1;
                }
            }
        }
    }
    for (int p = at < 0 ? 0 : at; good && refs && p < (at < 0 ? delta->n_pairs : at + 1); p++) {
        struct eg_delta_side *of = &delta->pairs[p].old;
        for (int i = 0; good && i < of->facts->n_defs; i++) {
            const struct eg_def *def = def_of(of, i);
            if (!is_free(of, i) || def->cls != cls || def->body == 0) {
                continue;
            }
            uint64_t key = same_name ? eg_mix64(def->body, eg_bytes64(def->name.p, def->name.n)) : def->body;
            int *old = eg_seen_at(&olds, key, &fresh), *new = eg_seen_at(&news, key, &fresh);
            good = old && new;
            if (good && *old == 1 && *new > 0 && delta->pairs[refs[*new - 1].pair].new.match[refs[*new - 1].def].pair < 0) {
                struct eg_def_ref to = refs[*new - 1];
                join(delta, p, i, to.pair, to.def);
                match_held(delta, p, i, to.pair, to.def);
            }
        }
    }
    eg_seen_free(&olds);
    eg_seen_free(&news);
    good = good && refs;
    free(refs);
    return good;
}

struct bag { /* a body as a multiset: sorted hashes */
    int def;
    size_t n;
    uint64_t *v;
};

static int by_hash(const void *x, const void *y) {
    uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;
    return (a > b) - (a < b);
}

static bool fill_bag(struct bag *bag, const struct eg_facts *facts, int def, struct eg_seen *frequency) {
    const struct eg_def *of = &facts->defs[def];
    *bag = (struct bag){.def = def, .n = (size_t)of->n_tokens, .v = malloc((size_t)of->n_tokens * sizeof(*bag->v) + 1)};
    if (!bag->v) {
        return false;
    }
    memcpy(bag->v, facts->tokens + of->token, bag->n * sizeof(*bag->v));
    qsort(bag->v, bag->n, sizeof(*bag->v), by_hash);
    for (size_t i = 0; i < bag->n; i++) {
        bool fresh;
        if (i == 0 || bag->v[i] != bag->v[i - 1]) {
            int *count = eg_seen_at(frequency, bag->v[i], &fresh);
            if (!count) {
                return false;
            }
            ++*count;
        }
    }
    return true;
}

static double rarity(struct eg_seen *frequency, uint64_t hash, double documents) {
    bool fresh;
    int *count = eg_seen_at(frequency, hash, &fresh);
    return log(1 + documents / (count && *count > 0 ? *count : 1));
}

/* Σ min(c)·idf / Σ max(c)·idf */
static double similarity(const struct bag *a, const struct bag *b, struct eg_seen *frequency, double documents) {
    double least = 0, most = 0;
    size_t i = 0, j = 0;
    while (i < a->n || j < b->n) {
        uint64_t hash = j >= b->n || (i < a->n && a->v[i] < b->v[j]) ? a->v[i] : b->v[j];
        size_t n = 0, m = 0;
        for (; i < a->n && a->v[i] == hash; i++) {
            n++;
        }
        for (; j < b->n && b->v[j] == hash; j++) {
            m++;
        }
        double idf = rarity(frequency, hash, documents);
        least += (double)(n < m ? n : m) * idf;
        most += (double)(n > m ? n : m) * idf;
    }
    return most > 0 ? least / most : 0;
}

static size_t fill_bags(const struct eg_delta_side *side, enum eg_def_class cls, struct bag *bags, struct eg_seen *frequency, bool *good) {
    size_t n = 0;
    for (int i = 0; *good && i < side->facts->n_defs; i++) {
        const struct eg_def *def = def_of(side, i);
        if (is_free(side, i) && def->cls == cls && def->n_tokens > 0 && def->n_tokens <= BODY_MOST && n < EG_PAIRS_MOST) {
            *good = fill_bag(&bags[n++], side->facts, i, frequency);
        }
    }
    return n;
}

static int count_free(const struct eg_delta_side *side, enum eg_def_class cls) {
    int n = 0;
    for (int i = 0; i < side->facts->n_defs; i++) {
        n += is_free(side, i) && def_of(side, i)->cls == cls && def_of(side, i)->n_tokens > 0;
    }
    return n;
}

/* The most alike first, as long as they are alike enough. */
static bool match_alike(struct eg_delta *delta, int at, enum eg_def_class cls) {
    struct eg_delta_pair *pair = &delta->pairs[at];
    int n_old = count_free(&pair->old, cls), n_new = count_free(&pair->new, cls);
    bool good = true;
    if (n_old == 0 || n_new == 0) {
        return true;
    }
    if (n_old > EG_PAIRS_MOST || n_new > EG_PAIRS_MOST) {
        delta->degraded = true;
        return true;
    }
    struct eg_seen frequency = {0};
    struct bag *old = calloc(EG_PAIRS_MOST, sizeof(*old)), *new = calloc(EG_PAIRS_MOST, sizeof(*new));
    double *score = calloc((size_t)n_old * (size_t)n_new, sizeof(*score));
    good = old && new && score;
    size_t n = good ? fill_bags(&pair->old, cls, old, &frequency, &good) : 0, m = good ? fill_bags(&pair->new, cls, new,
                                                                                                   &frequency, &good) : 0;
    for (size_t i = 0; good && i < n * m; i++) {
        score[i] = similarity(&old[i / m], &new[i % m], &frequency, (double)(n + m));
    }
    while (good && n * m > 0) {
        size_t best = 0;
        for (size_t i = 1; i < n * m; i++) {
            best = score[i] > score[best] ? i : best;
        }
        if (score[best] <= EG_RENAME_SIMILARITY) {
            break;
        }
        join(delta, at, old[best / m].def, at, new[best % m].def);
        match_held(delta, at, old[best / m].def, at, new[best % m].def);
        for (size_t i = 0; i < n * m; i++) {
            score[i] = i / m == best / m || i % m == best % m ? 0 : score[i];
        }
    }
    for (size_t i = 0; old && new && i < EG_PAIRS_MOST; i++) {
        free(old[i].v);
        free(new[i].v);
    }
    free(old);
    free(new);
    free(score);
    eg_seen_free(&frequency);
    return good;
}

static bool prepare(struct eg_delta *delta, struct eg_delta_side *side) {
    size_t n = (size_t)side->facts->n_defs;
    side->match = eg_arena_alloc(delta->arena, (n + 1) * sizeof(*side->match));
    for (size_t i = 0; side->match && i < n; i++) {
        side->match[i] = none;
    }
    return side->match != NULL;
}

eg_status eg_delta_match(struct eg_delta *delta, struct eg_err *err) {
    bool good = true;
    for (int p = 0; good && p < delta->n_pairs; p++) {
        good = prepare(delta, &delta->pairs[p].old) && prepare(delta, &delta->pairs[p].new) && match_names(delta, p, true) &&
               match_names(delta, p, false);
    }
    for (int step = 0; good && step < 2; step++) {
        enum eg_def_class cls = step ? EG_DEF_FUNCTION : EG_DEF_CLASS;
        for (int p = 0; good && p < delta->n_pairs; p++) {
            good = match_bodies(delta, cls, p, false);
        }
        good = good && match_bodies(delta, cls, -1, true) && match_bodies(delta, cls, -1, false);
        for (int p = 0; good && p < delta->n_pairs; p++) {
            good = match_alike(delta, p, cls);
        }
    }
    return good ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
}

/* How much of def's body is among the tokens that `from` has more of than `to`. */
static double taken(const struct eg_facts *whole, int def, const struct eg_facts *from, int a, const struct eg_facts *to, int b) {
    struct eg_seen counts = {0};
    const struct eg_def *of = &whole->defs[def], *out = &from->defs[a], *in = &to->defs[b];
    double found = 0;
    bool fresh, good = true;
    for (int i = 0; good && i < out->n_tokens; i++) {
        int *count = eg_seen_at(&counts, from->tokens[out->token + i], &fresh);
        good = count != NULL;
        if (good) {
            ++*count;
        }
    }
    for (int i = 0; good && i < in->n_tokens; i++) {
        int *count = eg_seen_at(&counts, to->tokens[in->token + i], &fresh);
        good = count != NULL;
        if (good) {
            --*count;
        }
    }
    for (int i = 0; good && i < of->n_tokens; i++) {
        int *count = eg_seen_at(&counts, whole->tokens[of->token + i], &fresh);
        good = count != NULL;
        if (good && (*count)-- > 0) {
            found++;
        }
    }
    eg_seen_free(&counts);
    return good && of->n_tokens ? found / of->n_tokens : 0;
}

bool eg_delta_is_part(struct eg_delta *delta, struct eg_def_ref function, int caller, const struct eg_call *call, bool inlined) {
    const struct eg_delta_pair *at = &delta->pairs[caller], *of = &delta->pairs[function.pair];
    const struct eg_facts *here = inlined ? at->old.facts : at->new.facts, *whole = inlined ? of->old.facts : of->new.facts;
    struct eg_def_ref other = inlined ? at->old.match[call->def] : at->new.match[call->def];
    if (other.pair < 0) {
        return false;
    }
    const struct eg_facts *there = inlined ? delta->pairs[other.pair].new.facts : delta->pairs[other.pair].old.facts;
    return spend(delta, TOKEN_STEPS * (size_t)(here->defs[call->def].n_tokens + there->defs[other.def].n_tokens)) &&
           taken(whole, function.def, there, other.def, here, call->def) > EG_EXTRACT_SIMILARITY;
}

bool eg_delta_extracted(struct eg_delta *delta, int at, int def, bool inlined) {
    const struct eg_facts *facts = inlined ? delta->pairs[at].old.facts : delta->pairs[at].new.facts;
    struct eg_str name = facts->defs[def].name;
    bool good = spend(delta, (size_t)facts->n_calls);
    for (int i = 0; good && i < facts->n_calls; i++) {
        const struct eg_call *call = &facts->calls[i];
        bool calls = call->def >= 0 && call->def != def && call->callee.n >= name.n &&
                     memcmp(call->callee.p + call->callee.n - name.n, name.p, name.n) == 0 &&
                     (call->callee.n == name.n || call->callee.p[call->callee.n - name.n - 1] == '.');
        if (calls && eg_delta_is_part(delta, (struct eg_def_ref){at, def}, at, call, inlined)) {
            return true;
        }
    }
    for (int i = 0; i < delta->n_across[inlined]; i++) {
        if (delta->across[inlined][i].pair == at && delta->across[inlined][i].def == def) {
            return true;
        }
    }
    return false;
}
