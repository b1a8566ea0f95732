/* A compiled query as text: its statements and the slots of their parameters. */
#include <inttypes.h>

#include "base/clock.h"
#include "egql/plan.h"

static const char *const kinds[] = {[EGQL_SLOT_CONST] = "",
                                    [EGQL_SLOT_PARAM] = "parameter",
                                    [EGQL_SLOT_REGEX] = "pattern",
                                    [EGQL_SLOT_MOMENT] = "moment",
                                    [EGQL_SLOT_AGO] = "now less",
                                    [EGQL_SLOT_WIDTH] = "width",
                                    [EGQL_SLOT_JSON] = "of",
                                    [EGQL_SLOT_SHA] = "commit",
                                    [EGQL_SLOT_LOW] = "commits from",
                                    [EGQL_SLOT_HIGH] = "commits below",
                                    [EGQL_SLOT_SET] = "what was found",
                                    [EGQL_SLOT_REPOS] = "repositories",
                                    [EGQL_SLOT_MODULE] = "module of start",
                                    [EGQL_SLOT_NAME] = "name of start",
                                    [EGQL_SLOT_START] = "start",
                                    [EGQL_SLOT_LIMIT] = "limit",
                                    [EGQL_SLOT_BUDGET] = "budget"};

static void value(const struct eg_value *v, enum eg_type type, struct eg_buf *out) {
    char time[EG_TIME_TEXT_B];
    if (v->null) {
        eg_buf_str(out, "null");
        return;
    }
    switch (type) {
    case EG_INT4:
    case EG_INT8:
        eg_buf_printf(out, "%" PRId64, v->i);
        return;
    case EG_FLOAT8:
        eg_buf_json_double(out, v->d);
        return;
    case EG_BOOL:
        eg_buf_str(out, v->b ? "true" : "false");
        return;
    case EG_TIME:
        eg_time_format(v->i, time);
        eg_buf_str(out, time);
        return;
    case EG_TEXT:
    case EG_JSON:
    case EG_BYTES:
        eg_buf_json_string(out, v->s.p, v->s.n);
    }
}

static void slot(const struct egql_compiled *compiled, const struct egql_slot *s, struct eg_buf *out) {
    eg_buf_str(out, kinds[s->kind]);
    bool constant = s->kind == EGQL_SLOT_CONST || (s->kind == EGQL_SLOT_JSON && s->param < 0);
    if (constant) {
        if (s->kind == EGQL_SLOT_JSON)
            eg_buf_char(out, ' ');
        value(&s->value, s->kind == EGQL_SLOT_CONST ? s->type : s->value_type, out);
    } else if (s->param >= 0) {
        const struct eg_str name = compiled->params[s->param].name;
        eg_buf_printf(out, " $%.*s", (int)name.n, name.p);
    } else if (s->kind == EGQL_SLOT_AGO || s->kind == EGQL_SLOT_WIDTH) {
        eg_buf_printf(out, " %" PRId64 " s", s->us / 1000000);
    }
    for (size_t i = 0; s->kind == EGQL_SLOT_JSON && i < s->n_path; i++)
        eg_buf_printf(out, "%s%.*s", i ? "." : " at ", (int)s->path[i].n, s->path[i].p);
}

void egql_compiled_print(const struct egql_compiled *compiled, struct eg_buf *out) {
    const struct egql_plan *plan = compiled->plan;
    for (size_t i = 0; i < plan->n_steps; i++) {
        const struct egql_step *step = &plan->steps[i];
        eg_buf_printf(out, "%s;\n", step->sql);
        for (size_t j = 0; j < step->n_slots; j++) {
            eg_buf_printf(out, "  %zu %s ", j + 1, egql_type_name(step->types[j]));
            slot(compiled, &step->slots[j], out);
            eg_buf_char(out, '\n');
        }
    }
}
