/* The energy of changes: a module's share is 1 − exp(−raw / scale), its scale an average of what the module went through before, along the
 * chain of first parents. Commits come parents first. */
#ifndef EG_INDEXER_ENERGY_H
#define EG_INDEXER_ENERGY_H

#include "base/err.h"
#include "indexer/repo.h"
#include "indexer/token.h"

struct eg_energies; /* what is known of the past */

struct eg_module_energy {
    struct eg_str module; /* a token's: lives as long as the tokens */
    double raw, scale, delta_z;
};

struct eg_energy { /* of one change; modules: malloc, the owner frees it */
    struct eg_module_energy *modules; /* in the order of their first tokens */
    size_t n;
    double raw, delta_z; /* raw: of all; delta_z: the largest of a module */
};

struct eg_energies *eg_energies_new(void); /* NULL when memory is out */
void eg_energies_free(struct eg_energies *energies);
/* Of normalized tokens, with the past of parent (NULL, or a commit that was not added: no past). */
EG_MUST_CHECK eg_status eg_energy_of(struct eg_energies *energies, const git_oid *parent, const struct eg_tokens *tokens,
                                     struct eg_energy *energy, struct eg_err *err);
/* Remembers the commit, whose energy eg_energy_of has just said. */
EG_MUST_CHECK eg_status eg_energies_add(struct eg_energies *energies, const git_oid *commit, const git_oid *parent,
                                        const struct eg_energy *energy, struct eg_err *err);

#endif
