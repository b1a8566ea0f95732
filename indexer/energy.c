/* The state is that of one commit, the last added: the next one is mostly its child. For another parent it is made anew from what each
 * commit changed, walking up its chain. */
#include "indexer/energy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/extract.h"

#define LAMBDA 0.15
#define LEAST_PAST 5    /* commits of a module before its average counts */
#define LEAST_SCALE 0.01

struct past {
    double average;
    int n;
};

struct update {
    int module;
    struct past past; /* after the commit */
};

struct node {
    int parent; /* −1: none */
    size_t first, n; /* updates */
};

struct eg_energies {
    struct eg_seen commits, modules; /* hash → number + 1 */
    struct node *nodes;
    size_t n_nodes, room_nodes;
    struct update *updates;
    size_t n_updates, room_updates;
    struct past *now; /* of each module, at the commit `at` */
    size_t n_modules, room_modules;
    int at;
};

static uint64_t oid_key(const git_oid *oid) { return eg_bytes64((const char *)oid->id, GIT_OID_RAWSZ); }

static bool grow(void *list, size_t n, size_t *room, size_t size_b) {
    if (n < *room) {
        return true;
    }
    size_t more = *room ? *room * 2 : 256;
    void **v = list;
    void *grown = realloc(*v, more * size_b);
    if (!grown) {
        return false;
    }
    *v = grown;
    *room = more;
    return true;
}

struct eg_energies *eg_energies_new(void) {
    struct eg_energies *energies = calloc(1, sizeof(*energies));
    if (energies) {
        energies->at = -1;
    }
    return energies;
}

void eg_energies_free(struct eg_energies *energies) {
    if (energies) {
        eg_seen_free(&energies->commits);
        eg_seen_free(&energies->modules);
        free(energies->nodes);
        free(energies->updates);
        free(energies->now);
        free(energies);
    }
}

static int module_number(struct eg_energies *energies, struct eg_str module) {
    bool fresh;
    int *number = eg_seen_at(&energies->modules, eg_bytes64(module.p, module.n), &fresh);
    if (!number || !grow(&energies->now, energies->n_modules, &energies->room_modules, sizeof(*energies->now))) {
        return -1;
    }
    if (fresh) {
        energies->now[energies->n_modules] = (struct past){0};
        *number = (int)++energies->n_modules;
    }
    return *number - 1;
}

static int node_of(struct eg_energies *energies, const git_oid *oid) {
    bool fresh;
    int *number = oid ? eg_seen_at(&energies->commits, oid_key(oid), &fresh) : NULL;
    return number ? *number - 1 : -1; /* a fresh one is 0: not known */
}

static void go_to(struct eg_energies *energies, int node) {
    if (node == energies->at) {
        return;
    }
    energies->at = node;
    if (energies->n_modules > 0) {
        memset(energies->now, 0, energies->n_modules * sizeof(*energies->now));
    }
    for (; node >= 0; node = energies->nodes[node].parent) {
        for (size_t i = 0; i < energies->nodes[node].n; i++) {
            const struct update *update = &energies->updates[energies->nodes[node].first + i];
            if (energies->now[update->module].n == 0) {
                energies->now[update->module] = update->past;
            }
        }
    }
}

static eg_status out_of_memory(struct eg_err *err) { return eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out"); }

static bool add_up(const struct eg_tokens *tokens, struct eg_energy *energy) {
    struct eg_seen seen = {0};
    bool fresh, good = true;
    energy->modules = calloc(tokens->n + 1, sizeof(*energy->modules));
    for (size_t i = 0; energy->modules && good && i < tokens->n; i++) {
        int *number = eg_seen_at(&seen, eg_bytes64(tokens->v[i].module.p, tokens->v[i].module.n), &fresh);
        good = number != NULL;
        if (good && fresh) {
            energy->modules[energy->n].module = tokens->v[i].module;
            *number = (int)energy->n++;
        }
        if (good) {
            energy->modules[*number].raw += tokens->v[i].weight;
            energy->raw += tokens->v[i].weight;
        }
    }
    eg_seen_free(&seen);
    return good && energy->modules;
}

eg_status eg_energy_of(struct eg_energies *energies, const git_oid *parent, const struct eg_tokens *tokens, struct eg_energy *energy,
                       struct eg_err *err) {
    *energy = (struct eg_energy){0};
    if (!add_up(tokens, energy)) {
        return out_of_memory(err);
    }
    go_to(energies, node_of(energies, parent));
    for (size_t i = 0; i < energy->n; i++) {
        struct eg_module_energy *module = &energy->modules[i];
        int number = module_number(energies, module->module);
        if (number < 0) {
            return out_of_memory(err);
        }
        const struct past *past = &energies->now[number];
        module->scale = past->n < LEAST_PAST ? 1.0 : past->average < LEAST_SCALE ? LEAST_SCALE : past->average;
        module->delta_z = 1 - exp(-module->raw / module->scale);
        energy->delta_z = module->delta_z > energy->delta_z ? module->delta_z : energy->delta_z;
    }
    return EG_OK;
}

eg_status eg_energies_add(struct eg_energies *energies, const git_oid *commit, const git_oid *parent, const struct eg_energy *energy,
                          struct eg_err *err) {
    bool fresh;
    int *number = eg_seen_at(&energies->commits, oid_key(commit), &fresh);
    if (!number || !grow(&energies->nodes, energies->n_nodes, &energies->room_nodes, sizeof(*energies->nodes))) {
        return out_of_memory(err);
    }
    *number = (int)energies->n_nodes + 1;
    struct node node = {.parent = node_of(energies, parent), .first = energies->n_updates};
    for (size_t i = 0; i < energy->n; i++) {
        int module = energy->modules[i].raw > 0 ? module_number(energies, energy->modules[i].module) : -1;
        if (module < 0) {
            continue;
        }
        if (!grow(&energies->updates, energies->n_updates, &energies->room_updates, sizeof(*energies->updates))) {
            return out_of_memory(err);
        }
        struct past *now = &energies->now[module];
        now->average = now->n == 0 ? energy->modules[i].raw : LAMBDA * energy->modules[i].raw + (1 - LAMBDA) * now->average;
        now->n++;
        energies->updates[energies->n_updates++] = (struct update){module, *now};
        node.n++;
    }
    energies->at = (int)energies->n_nodes;
    energies->nodes[energies->n_nodes++] = node;
    return EG_OK;
}
