/* The walk. The energy of a commit depends on the past of its modules, so the past before the range is read as well. */
#include "indexer/history.h"

#include <stdlib.h>
#include <string.h>

#include "indexer/extract.h"
#include "indexer/range.h"

#define FEW 10 /* one by one costs the reading of commits that change the same modules, most often less than a tenth of them */

struct order {
    struct eg_range all;
    struct eg_seen known; /* ancestors of `from` */
};

static uint64_t key(const git_oid *oid) { return eg_bytes64((const char *)oid->id, GIT_OID_RAWSZ); }

static eg_status remember(git_repository *repo, const git_oid *tip, struct eg_seen *known, struct eg_err *err) {
    struct eg_range range = {0};
    bool fresh;
    eg_status status = eg_range_list(repo, NULL, tip, &range, err);
    for (size_t i = 0; status == EG_OK && i < range.n; i++) {
        status = eg_seen_at(known, key(&range.v[i]), &fresh) ? EG_OK : eg_err_set(err, EG_E_INTERNAL, NULL, "memory is out");
    }
    eg_range_free(&range);
    return status;
}

/* Of a commit that cannot be read nothing is told, and its modules' past goes on as if it had changed nothing. */
static eg_status pass_over(struct eg_delta_reader *reader, struct eg_energies *energies, const struct eg_commit_info *commit,
                           const git_oid *parent, struct eg_err *err) {
    const struct eg_tokens none = {0};
    struct eg_energy energy = {0};
    eg_err_clear(err);
    eg_delta_leave_out(reader, &commit->oid);
    eg_status status = eg_energy_of(energies, parent, &none, &energy, err);
    status = status ? status : eg_energies_add(energies, &commit->oid, parent, &energy, err);
    free(energy.modules);
    return status;
}

static eg_status step(git_repository *repo, struct eg_delta_reader *reader, struct eg_energies *energies,
                      const struct order *order, size_t at,
                      eg_history_take take, void *ctx, struct eg_err *err) {
    struct eg_commit_info commit;
    struct eg_energy energy = {0};
    struct eg_history_step said = {.commit = &commit, .energy = &energy, .done = at + 1, .of = order->all.n};
    if (eg_repo_commit_of(repo, &order->all.v[at], &commit, err)) {
        return EG_FAIL;
    }
    if (commit.edge) { /* what it changed cannot be known */
        return EG_OK;
    }
    const git_oid *parent = commit.n_parents ? &commit.parent : NULL;
    eg_status status = eg_delta_read(reader, parent, &commit.oid, &said.delta, &said.tokens, err);
    if (status && err->code == EG_E_NOT_FOUND) {
        return pass_over(reader, energies, &commit, parent, err);
    }
    status = status ? status : eg_energy_of(energies, parent, said.tokens, &energy, err);
    status = status ? status : eg_energies_add(energies, &commit.oid, parent, &energy, err);
    if (status == EG_OK) {
        struct eg_seen known = order->known; /* looked at only */
        bool fresh = true;
        if (known.n > 0) {
            size_t i = (key(&commit.oid) ? key(&commit.oid) : 1) & (known.room - 1);
            while (known.keys[i] && known.keys[i] != (key(&commit.oid) ? key(&commit.oid) : 1)) {
                i = (i + 1) & (known.room - 1);
            }
            fresh = known.keys[i] == 0;
        }
        said.wanted = fresh;
        status = take(ctx, &said, err);
    }
    free(energy.modules);
    return status;
}

struct counting { /* of commits that are taken one by one */
    eg_history_take take;
    void *ctx;
    size_t done, of;
};

static eg_status take_counted(void *ctx, const struct eg_history_step *step, struct eg_err *err) {
    struct counting *counting = ctx;
    struct eg_history_step said = *step;
    said.done = ++counting->done;
    said.of = counting->of;
    return counting->take(counting->ctx, &said, err);
}

static eg_status one_by_one(git_repository *repo, struct eg_delta_reader *reader, const struct eg_range *range, eg_history_take take,
                            void *ctx, struct eg_err *err) {
    struct counting counting = {.take = take, .ctx = ctx, .of = range->n};
    eg_status status = EG_OK;
    for (size_t i = 0; status == EG_OK && i < range->n; i++) {
        struct eg_commit_info commit;
        status = eg_repo_commit_of(repo, &range->v[i], &commit, err);
        if (status == EG_OK && commit.edge) {
            continue;
        }
        status = status ? status : eg_history_one(repo, reader, &commit, take_counted, &counting, err);
        if (status && err->code == EG_E_NOT_FOUND) {
            eg_err_clear(err);
            eg_delta_leave_out(reader, &range->v[i]);
            status = EG_OK;
        }
    }
    return status;
}

eg_status eg_history_walk(git_repository *repo, struct eg_delta_reader *reader, struct eg_energies *energies, const git_oid *from,
                          const git_oid *to, eg_history_take take, void *ctx, struct eg_err *err) {
    struct order order = {0};
    struct eg_range range = {0};
    eg_status status = eg_range_list(repo, NULL, to, &order.all, err);
    status = status || !from ? status : eg_range_list(repo, from, to, &range, err);
    bool few = from && range.n * FEW <= order.all.n;
    status = status || !from || few ? status : remember(repo, from, &order.known, err);
    if (status == EG_OK && few) {
        status = one_by_one(repo, reader, &range, take, ctx, err);
    }
    for (size_t i = 0; status == EG_OK && !few && i < order.all.n; i++) {
        status = step(repo, reader, energies, &order, i, take, ctx, err);
    }
    eg_range_free(&range);
    eg_seen_free(&order.known);
    eg_range_free(&order.all);
    return status;
}
