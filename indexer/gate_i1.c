/* I1, energy: ΔZ of each module against the module's α, β and ζ; the worst module decides. */
#include <stdio.h>
#include <string.h>

#include "indexer/gate.h"
#include "indexer/gate_event.h"

#define TOKENS_TOLD 10
#define MODULES_TOLD 20

struct module {
    const char *name, *basis;
    struct eg_bounds bounds;
    double delta_z;
    enum eg_level level;
    int64_t at_us;
};

static struct module measured(const struct eg_judged *judged, const char *name, double delta_z) {
    const struct eg_past_thresholds *learned = eg_past_thresholds(&judged->gating->past, name);
    struct module module = {name,
                            learned ? learned->basis : "policy",
                            learned ? learned->bounds : judged->gating->policy.i1,
                            delta_z,
                            EG_LEVEL_PASS,
                            learned ? learned->at_us : 0};
    static const enum eg_level above[] = {EG_LEVEL_REVIEW, EG_LEVEL_BLOCK, EG_LEVEL_HARD};
    double bounds[] = {module.bounds.alpha, module.bounds.beta, module.bounds.zeta};
    for (int i = 0; i < 3 && delta_z > bounds[i] + EG_GATE_NEAR; i++) {
        module.level = above[i];
    }
    return module;
}

/* α accepts, β reviews, above is a block; the bound that matters. */
static double bound_of(const struct module *module) {
    return module->level <= EG_LEVEL_REVIEW  ? module->bounds.alpha
           : module->level == EG_LEVEL_BLOCK ? module->bounds.beta
                                             : module->bounds.zeta;
}

static bool is_worse(const struct module *a, const struct module *b) {
    return a->level != b->level ? a->level > b->level
                                : a->delta_z - bound_of(a) > b->delta_z - bound_of(b) + EG_GATE_NEAR;
}

/* The module's tokens by falling weight, with their shares of its energy. */
static json_t *contributions(const struct eg_judged *judged, const char *module, char *top, size_t size_b) {
    json_t *list = json_array(), *row;
    double sum = 0;
    size_t i, n = 0;
    *top = '\0';
    json_array_foreach(judged->tokens, i, row) {
        bool own = strcmp(module, EG_ALL) == 0 || strcmp(eg_row_text(row, EG_TOKEN_MODULE), module) == 0;
        sum += own ? json_number_value(json_array_get(row, EG_TOKEN_WEIGHT)) : 0;
    }
    json_array_foreach(judged->tokens, i, row) {
        double weight = json_number_value(json_array_get(row, EG_TOKEN_WEIGHT));
        bool own = strcmp(module, EG_ALL) == 0 || strcmp(eg_row_text(row, EG_TOKEN_MODULE), module) == 0;
        if (!own || weight <= 0 || n == TOKENS_TOLD) {
            continue;
        }
        const char *token = eg_row_text(row, EG_TOKEN), *file = eg_row_text(row, EG_TOKEN_FILE);
        long long line = json_integer_value(json_array_get(row, EG_TOKEN_LINE));
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s, s:o, s:o}", "token", token, "file", file, "line",
                                              (json_int_t)line, "symbol", eg_row_text(row, EG_TOKEN_SYMBOL), "weight",
                                              eg_gate_number(weight), "share", eg_gate_number(weight / sum)));
        size_t used = strlen(top);
        if (n++ < 3 && used + 1 < size_b) {
            snprintf(top + used, size_b - used, "%s%s %s:%lld (%.0f %%)", used ? ", " : "", token, file, line,
                     100 * weight / sum);
        }
    }
    return list;
}

static json_t *described(const struct module *module) {
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:s}", "module", module->name, "delta_z",
                     eg_gate_number(module->delta_z), "alpha", eg_gate_number(module->bounds.alpha), "beta",
                     eg_gate_number(module->bounds.beta), "zeta", eg_gate_number(module->bounds.zeta), "basis",
                     module->basis, "action", eg_level_action(module->level));
}

static void tell(const struct eg_judged *judged, const struct module *worst, json_t *modules,
                 struct eg_verdict *verdict) {
    static const char *const excess[] = {[EG_LEVEL_REVIEW] = "α", [EG_LEVEL_BLOCK] = "β", [EG_LEVEL_HARD] = "ζ"};
    const struct eg_past_freeze *freeze = eg_past_frozen(&judged->gating->past, worst->name, "delta_z");
    char top[240];
    verdict->applies = true;
    verdict->level = worst->level;
    verdict->score = worst->delta_z;
    verdict->threshold = bound_of(worst);
    verdict->module = worst->name;
    eg_verdict_since(verdict, worst->at_us);
    json_object_set_new(verdict->details, "tokens", contributions(judged, worst->name, top, sizeof(top)));
    json_object_set(verdict->details, "modules", modules);
    json_object_set_new(verdict->details, "hard", json_boolean(worst->level == EG_LEVEL_HARD));
    if (judged->state_file) {
        json_object_set_new(verdict->details, "state", json_string(judged->state_file));
    }
    if (freeze) {
        json_object_set_new(verdict->details, "frozen", json_string(freeze->reason));
        eg_verdict_since(verdict, freeze->at_us);
    }
    if (worst->level == EG_LEVEL_PASS) {
        snprintf(verdict->said, sizeof(verdict->said), "ΔZ is at most %.3g, in %s", worst->delta_z, worst->name);
    } else {
        snprintf(verdict->said, sizeof(verdict->said), "exceeds %s (score=%.3g, %s=%.3g) in %s with tokens: %s",
                 excess[worst->level], worst->delta_z, excess[worst->level], verdict->threshold, worst->name, top);
    }
}

void eg_gate_i1(const struct eg_judged *judged, struct eg_verdict *verdict) {
    const struct eg_past *past = &judged->gating->past;
    json_t *modules = json_array();
    struct module worst = {0};
    for (size_t i = 0; i < past->n_series; i++) {
        double delta_z;
        bool is_module = strcmp(past->series[i].metric, "delta_z") == 0 && strcmp(past->series[i].module, EG_ALL) != 0;
        if (!is_module || !eg_gate_value(judged, &past->series[i], &delta_z)) {
            continue;
        }
        struct module module = measured(judged, past->series[i].module, delta_z);
        if (json_array_size(modules) < MODULES_TOLD) {
            json_array_append_new(modules, described(&module));
        }
        if (!worst.name || is_worse(&module, &worst)) {
            worst = module;
        }
    }
    const struct eg_past_series *whole = eg_past_series(past, EG_ALL, "delta_z");
    double delta_z;
    if (!worst.name && whole && eg_gate_value(judged, whole, &delta_z)) {
        worst = measured(judged, EG_ALL, delta_z);
    }
    if (worst.name) {
        tell(judged, &worst, modules, verdict);
    } else {
        verdict->threshold = judged->gating->policy.i1.alpha;
        snprintf(verdict->said, sizeof(verdict->said), "the commit has no energy");
    }
    json_decref(modules);
}
