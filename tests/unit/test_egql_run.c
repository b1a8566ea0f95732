/* A walk from statement to statement, without a store: what it asks for, when it has read enough, and what a budget leaves. */
#include "tests/unit/egql_support.h"

static struct egql_run *run;
static struct egql_statement asked;

static void next(void) { ck_assert_msg(egql_run_next(run, &asked, &support_diag), "%s", support_diag.message); }

/* Up to the first level of a walk that starts at node 1. */
static void start(const char *text, int64_t nodes_most) {
    const struct egql_limits limits = {.rows_default = 1000, .rows_most = 100000, .nodes_most = nodes_most};
    const struct egql_compiled *compiled;
    const struct eg_value node[] = {eg_int(1), eg_cstr("AST::a.py#f"), eg_cstr("")};
    eg_status status = egql_compile(support_sources, egql_dialect_find("sqlite"), text, strlen(text), NULL, 0, support_arena,
                                    &compiled, &support_diag);
    ck_assert_msg(status == EG_OK, "%s: %s", text, support_diag.message);
    run = egql_run_new(compiled, NULL, 0, &limits, support_arena);
    next(); /* the repositories */
    next();
    ck_assert(egql_run_row(run, node));
    next();
    ck_assert(!asked.answer);
}

/* What the level finds, 0 for an edge that leads to no known node. */
static void found(const int64_t *ids, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const struct eg_value id = ids[i] ? eg_int(ids[i]) : eg_null();
        ck_assert(egql_run_row(run, &id));
    }
    next();
}
#define FOUND(...) found((const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

static int64_t most(void) { return asked.params[asked.n_params - 1].i; }

/* The nodes that a statement is given. */
static const char *nodes(void) {
    for (size_t i = 0; i < asked.n_params; i++)
        if (asked.param_types[i] == EG_TEXT && asked.params[i].s.n && asked.params[i].s.p[0] == '[')
            return eg_arena_dup(support_arena, asked.params[i].s.p, asked.params[i].s.n);
    return "";
}

static bool given(const char *list) { return strcmp(nodes(), list) == 0; }
static bool begins(const char *with) { return strncmp(nodes(), with, strlen(with)) == 0; }
static bool ends(const char *with) {
    const char *list = nodes();
    return strlen(list) > strlen(with) && strcmp(list + strlen(list) - strlen(with), with) == 0;
}

#define WALK "SELECT graph FROM all WHERE start=\"a:f\" depth<=5"
#define COUNT "SELECT graph (depth, count()) FROM all WHERE start=\"a:f\" depth<=5 GROUP BY depth"

START_TEST(edges_fill_an_answer) {
    start(WALK " LIMIT 3", 1000);
    ck_assert(given("[1]") && most() == 4);
    FOUND(2, 2, 2, 2); /* four calls of one function */
    ck_assert_msg(asked.answer && given("[[1]]"), "a level too many is walked");
    start(WALK " LIMIT 3", 1000);
    FOUND(2, 2, 0);
    ck_assert(!asked.answer && given("[2]") && most() == 1);
    FOUND(0);
    ck_assert(asked.answer && given("[[1],[2]]"));
    ck_assert(!egql_run_truncated(run));
}
END_TEST

START_TEST(an_edge_is_met_from_both_of_its_ends) {
    start(WALK " direction=both LIMIT 3", 1000);
    ck_assert(most() == 8);
    FOUND(2, 3, 4);
    ck_assert(!asked.answer && most() == 5);
    FOUND(1, 1, 1, 5); /* the same three again: four edges until now, as many as the answer may have and one */
    ck_assert(!asked.answer && given("[5]") && most() == 1);
    FOUND(2);
    ck_assert(asked.answer && given("[[1],[2,3,4],[5]]"));
}
END_TEST

START_TEST(a_budget_leaves_the_least_nodes) {
    start(WALK, 3);
    FOUND(9, 7, 8, 7, 5);
    ck_assert(asked.answer && given("[[1],[5,7]]") && egql_run_truncated(run));
    start(WALK " LIMIT 3", 3);
    FOUND(9, 7, 8, 5); /* more nodes than it may visit, but none of them is needed */
    ck_assert(asked.answer && given("[[1]]") && !egql_run_truncated(run));
    start(COUNT, 3);
    FOUND(1, 2, 3);
    ck_assert(!asked.answer && given("[2,3]"));
    FOUND(1, 2, 3);
    ck_assert(asked.answer && !egql_run_truncated(run));
    start(COUNT, 3);
    FOUND(1, 2, 3, 4);
    ck_assert(asked.answer && given("[[1],[2,3]]") && egql_run_truncated(run));
}
END_TEST

START_TEST(many_nodes_are_asked_about_in_parts) {
    int64_t ids[6000];
    for (int64_t i = 0; i < 6000; i++)
        ids[i] = i + 2;
    start(COUNT, 7000);
    found(ids, 6000);
    ck_assert(!asked.answer && begins("[2,3,") && ends(",1001]"));
    found(ids, 3);
    ck_assert(!asked.answer && begins("[1002,") && ends(",6001]"));
    FOUND(7, 8000);
    ck_assert(!asked.answer && given("[8000]"));
    start(COUNT, 6001);
    found(ids, 6000);
    FOUND(7, 8000);
    ck_assert_msg(asked.answer && egql_run_truncated(run), "the rest is asked for when the budget has ended");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("egql_run");
    TCase *tcase = tcase_create("egql_run");
    tcase_add_checked_fixture(tcase, egql_setup, egql_teardown);
    tcase_add_test(tcase, edges_fill_an_answer);
    tcase_add_test(tcase, an_edge_is_met_from_both_of_its_ends);
    tcase_add_test(tcase, a_budget_leaves_the_least_nodes);
    tcase_add_test(tcase, many_nodes_are_asked_about_in_parts);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
