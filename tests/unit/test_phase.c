/* How the rows of a batch are grouped into statements: as few as keep the order of the events. */
#include "server/event/phase.h"
#include "tests/unit/registry_support.h"

static struct eg_registry *registry;
static struct eg_plan plan;
static struct eg_arena *arena;
static struct eg_phases phases;
static json_t *payloads[64];
static size_t n_payloads;

static void setup(void) {
    struct eg_err err = {0};
    support_open();
    arena = eg_arena_new((size_t)64 << 20);
    ck_assert_msg(eg_registry_load("spec", &support_catalogue, &registry, &err) == EG_OK, "%s", err.message);
    ck_assert_msg(eg_plan_make(&plan, registry, &support_catalogue, arena, &err) == EG_OK, "%s", err.message);
    eg_phases_init(&phases, arena);
    n_payloads = 0;
}

static void teardown(void) {
    while (n_payloads)
        json_decref(payloads[--n_payloads]);
    eg_registry_free(registry);
    eg_arena_free(arena);
    support_close();
}

/* Takes an event's rows, as a batch does when all parents are there. */
static void take(const char *topic, const char *payload) {
    struct eg_envelope envelope = {.id = {"ID", 2}, .topic = {topic, strlen(topic)}, .source = {"s", 1},
                                   .correlation_id = {"c", 1}, .repo_sha = {"SHA", 3}, .trust = {"high", 4}};
    struct eg_row *rows = NULL;
    struct eg_err err = {0};
    size_t n_rows = 0;
    envelope.payload = payloads[n_payloads++] = json_loads(payload, 0, NULL);
    envelope.payload_text = (struct eg_str){payload, strlen(payload)};
    ck_assert_msg(eg_project(eg_registry_topic(registry, topic, strlen(topic)), &envelope, arena, &rows, &n_rows, &err) == EG_OK,
                  "%s", err.message);
    for (size_t i = 0; i < n_rows; i++)
        eg_phases_add(&phases, eg_plan_rule(&plan, rows[i].rule), rows[i].params);
}

/* "keep runs 3|replace runs 3": the statements in their order, with their rows. */
static void check_ops(const char *expected) {
    static const char *const kinds[] = {"insert", "keep", "replace", "update", "delete", "lookup", "fill"};
    struct eg_op *ops = eg_arena_alloc(arena, (phases.n_ops + 1) * sizeof *ops);
    struct eg_buf text;
    ck_assert(!phases.failed);
    eg_buf_init(&text, 65536);
    eg_phases_ops(&phases, ops);
    for (size_t i = 0; i < phases.n_ops; i++)
        eg_buf_printf(&text, "%s%s %s %zu", i ? "|" : "", kinds[ops[i].dml->kind], ops[i].dml->table->name, ops[i].n_rows);
    ck_assert_str_eq(eg_buf_text(&text), expected);
    eg_buf_free(&text);
}

static const char *finished(const char *run, const char *status) {
    return eg_arena_printf(arena, "{\"run_id\":\"%s\",\"sha\":\"abcd\",\"started\":\"2025-01-01T00:00:00Z\","
                                  "\"finished\":\"2025-01-01T00:00:01Z\",\"status\":\"%s\"}", run, status);
}

static const char *started(const char *run) {
    return eg_arena_printf(arena, "{\"run_id\":\"%s\",\"sha\":\"abcd\",\"started\":\"2025-01-01T00:00:00Z\"}", run);
}

START_TEST(many_events_make_one_statement_a_shape) {
    const char *const runs[] = {"r1", "r2", "r3"};
    for (size_t i = 0; i < 3; i++) {
        take("run.started@v1", started(runs[i]));
        take("core.step.finished@v1", eg_arena_printf(arena, "{\"run_id\":\"%s\",\"name\":\"n\",\"idx\":0,\"dt_ms\":1}", runs[i]));
        take("run.finished@v1", finished(runs[i], "ok"));
    }
    check_ops("keep runs 3|replace runs 3|replace steps 3");
}
END_TEST

START_TEST(rows_of_one_key_are_folded_and_the_last_wins) {
    take("run.finished@v1", finished("r", "ok"));
    take("run.finished@v1", finished("other", "ok"));
    take("run.finished@v1", finished("r", "error"));
    check_ops("replace runs 2");
    struct eg_op op;
    eg_phases_ops(&phases, &op);
    const struct eg_cell *cells = op.dml->cells;
    for (size_t i = 0; i < op.dml->n_cells; i++) {
        if (strcmp(op.dml->table->columns[cells[i].column].name, "status") == 0)
            ck_assert(op.params[i].s.n == 5 && memcmp(op.params[i].s.p, "error", 5) == 0);
    }
}
END_TEST

START_TEST(the_first_of_kept_rows_stays) {
    take("run.started@v1", started("r"));
    take("run.started@v1", "{\"run_id\":\"r\",\"sha\":\"ffff\",\"started\":\"2026-01-01T00:00:00Z\"}");
    check_ops("keep runs 1");
}
END_TEST

START_TEST(what_would_act_too_early_opens_a_phase) {
    take("run.started@v1", started("a"));
    take("run.finished@v1", finished("r", "ok"));
    take("run.started@v1", started("r")); /* must find the finished run */
    check_ops("keep runs 1|replace runs 1|keep runs 1");
}
END_TEST

START_TEST(an_update_stays_between_the_inserts_around_it) {
    const char *requested = "{\"nf_id\":\"NF-0123456789ABCDEF0123456789\",\"pattern\":\"p\",\"fix_hint\":\"h\",\"review_gate\":\"auto\"}";
    const char *decided = "{\"nf_id\":\"NF-0123456789ABCDEF0123456789\",\"status\":\"accepted\"}";
    take("sast.fix.requested@v1", requested);
    take("sast.fix.decided@v1", decided);
    take("sast.fix.requested@v1", requested);
    check_ops("insert sast_fix_queue 1|update sast_fix_queue 1|insert sast_fix_queue 1");
}
END_TEST

START_TEST(the_newest_row_is_the_newest_of_its_time) {
    const char *requested = "{\"nf_id\":\"NF-0123456789ABCDEF0123456789\",\"pattern\":\"p\",\"fix_hint\":\"h\",\"review_gate\":\"auto\"}";
    take("sast.fix.requested@v1", requested);
    take("sast.fix.validated@v1", "{\"nf_id\":\"NF-0123456789ABCDEF0123456789\",\"sandbox_ok\":true,\"ci_ok\":true}");
    take("sast.fix.requested@v1", requested);
    check_ops("insert sast_fix_queue 1|insert sast_fix_verification 1|insert sast_fix_queue 1");
}
END_TEST

START_TEST(an_update_that_moves_its_key_is_not_folded) {
    take("spec.drift.unfrozen@v1", "{\"module\":\"m\",\"metric\":\"d\",\"reason\":\"first\"}");
    take("spec.drift.unfrozen@v1", "{\"module\":\"m\",\"metric\":\"d\",\"reason\":\"second\"}"); /* finds nothing any more */
    check_ops("update spec_drift 1|update spec_drift 1");
}
END_TEST

static const char *graph(const char *path, const char *node) {
    return eg_arena_printf(arena, "{\"sha\":\"abcd\",\"module\":\"m.%s\",\"file\":{\"path\":\"%s\",\"sha256\":"
                                  "\"0000000000000000000000000000000000000000000000000000000000000000\"},\"nodes\":[{\"uid\":"
                                  "\"AST::%s#%s\",\"kind\":\"FunctionDef\"}],\"edges\":[]}", path, path, path, node);
}

START_TEST(files_share_statements_and_a_file_indexed_twice_does_not) {
    struct eg_op ops[64];
    take("code.graph.indexed@v1", graph("a.c", "f"));
    take("code.graph.indexed@v1", graph("b.c", "f"));
    size_t once = phases.n_ops;
    take("code.graph.indexed@v1", graph("c.c", "f"));
    ck_assert_uint_eq(phases.n_ops, once);
    take("code.graph.indexed@v1", graph("a.c", "g"));
    ck_assert_uint_gt(phases.n_ops, once);
    ck_assert_uint_le(phases.n_ops, sizeof ops / sizeof *ops);
    eg_phases_ops(&phases, ops);
    bool inserted = false, deleted_after = false;
    for (size_t i = 0; i < phases.n_ops; i++) {
        bool nodes = strcmp(ops[i].dml->table->name, "ast_nodes") == 0;
        deleted_after |= nodes && inserted && ops[i].dml->kind == EG_DML_DELETE;
        inserted |= nodes && ops[i].dml->kind <= EG_DML_REPLACE;
    }
    ck_assert(deleted_after);
}
END_TEST

START_TEST(many_rows_grow) {
    for (int i = 0; i < 40; i++) {
        take("run.finished@v1", finished(eg_arena_printf(arena, "r%d", i % 30), "ok"));
    }
    check_ops("replace runs 30");
    ck_assert_uint_eq(phases.n_rows, 40);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("phase");
    TCase *cases = tcase_create("phase");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, many_events_make_one_statement_a_shape);
    tcase_add_test(cases, rows_of_one_key_are_folded_and_the_last_wins);
    tcase_add_test(cases, the_first_of_kept_rows_stays);
    tcase_add_test(cases, what_would_act_too_early_opens_a_phase);
    tcase_add_test(cases, an_update_stays_between_the_inserts_around_it);
    tcase_add_test(cases, the_newest_row_is_the_newest_of_its_time);
    tcase_add_test(cases, an_update_that_moves_its_key_is_not_folded);
    tcase_add_test(cases, files_share_statements_and_a_file_indexed_twice_does_not);
    tcase_add_test(cases, many_rows_grow);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
