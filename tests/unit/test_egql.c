/* The front half of EGQL beyond the cases of tests/egql/: what the AST holds, bounds, parameters, sources against the
 * tables of the migrations, completion, regular expressions. */
#include <glob.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/db_sqlite_catalogue.h"
#include "egql/regex.h"
#include "egql/suggest.h"
#include "tests/unit/egql_support.h"

static const struct egql_query *query(const char *text) {
    eg_status status = egql_front(text, strlen(text), NULL, 0);
    ck_assert_msg(status == EG_OK, "%s: %s", text, support_diag.message);
    return &support_ast->query;
}

static const char *wrong(const char *text, size_t len) {
    ck_assert_msg(egql_front(text, len, NULL, 0) == EG_FAIL, "%.*s", (int)len, text);
    return support_diag.message;
}

static bool is(struct eg_str text, const char *expected) {
    return text.n == strlen(expected) && memcmp(text.p, expected, text.n) == 0;
}

START_TEST(conditions_bind) {
    const struct egql_cond *c = query("FIND events WHERE topic=a source=b OR NOT trust=c AND (id=d OR id=e)")->where;
    ck_assert_int_eq(c->kind, EGQL_OR);
    ck_assert_uint_eq(c->n_children, 2);
    ck_assert_int_eq(c->children[0]->kind, EGQL_AND);
    ck_assert_uint_eq(c->children[0]->n_children, 2);
    ck_assert_int_eq(c->children[1]->kind, EGQL_AND);
    ck_assert_int_eq(c->children[1]->children[0]->kind, EGQL_NOT);
    ck_assert_int_eq(c->children[1]->children[1]->kind, EGQL_OR);
    c = query("FIND events WHERE (topic=a source=b) AND id=c")->where;
    ck_assert_uint_eq(c->n_children, 3);
}
END_TEST

START_TEST(values_have_their_keys_type) {
    const struct egql_cond *c =
        query("FIND invariants WHERE gate=12 score=12 score=1.5 details.a=12 details.a=\"12\" details.a=true "
              "created_utc>2025-10-10 gate=true score=null details.a=9223372036854775808")
            ->where;
    static const enum eg_type types[] = {EG_TEXT, EG_INT8, EG_FLOAT8, EG_INT8,   EG_TEXT,
                                         EG_BOOL, EG_TIME, EG_TEXT,   EG_FLOAT8, EG_FLOAT8};
    ck_assert_uint_eq(c->n_children, 10);
    for (size_t i = 0; i < 10; i++)
        ck_assert_int_eq(c->children[i]->values[0].type, types[i]);
    ck_assert(is(c->children[0]->values[0].as.s, "12"));
    ck_assert_int_eq(c->children[1]->values[0].as.i, 12);
    ck_assert_int_eq(c->children[6]->values[0].as.i, INT64_C(1760054400000000));
    ck_assert(is(c->children[7]->values[0].as.s, "true"));
    ck_assert(c->children[8]->values[0].null);
}
END_TEST

START_TEST(texts_are_unquoted) {
    const struct egql_query *q = query(
        "SELECT events FROM branch( \"a)b\"\"c\" ) WHERE source='it''s' payload.\"x-y\".3.\"\" = feature/x-1@v2.b:c");
    ck_assert(is(q->scope.arg, "a)b\"c"));
    ck_assert(is(q->where->children[0]->values[0].as.s, "it's"));
    const struct egql_key *key = q->where->children[1]->key;
    ck_assert_uint_eq(key->n_path, 3);
    ck_assert(is(key->path[0], "x-y") && is(key->path[1], "3") && is(key->path[2], ""));
    ck_assert_ptr_eq(key->field, &support_ast->query.source->fields[egql_source_field(q->source, "payload", 7)]);
    ck_assert(is(q->where->children[1]->values[0].as.s, "feature/x-1@v2.b:c"));
    ck_assert_ptr_eq(query("FIND runs WHERE payload.a=1")->where->key->field, &egql_field_payload);
}
END_TEST

START_TEST(a_walk_is_taken_out) {
    const struct egql_query *q =
        query("SELECT graph FROM all WHERE start=a:b depth<3 direction=both etype IN (import, contain) file~x depth>1");
    ck_assert(q->walk.on && q->walk.depth == 2 && q->walk.direction == EGQL_BOTH);
    ck_assert(!q->walk.etypes[0] && q->walk.etypes[1] && q->walk.etypes[2]);
    ck_assert(is(q->walk.start->as.s, "a:b"));
    ck_assert_uint_eq(q->where->n_children, 2);
    q = query("SELECT graph FROM all WHERE start=a:b");
    ck_assert(q->walk.depth == 1 && q->walk.direction == EGQL_OUT && q->walk.etypes[0] && !q->where);
    q = query("SELECT graph FROM all WHERE start=a:b depth=3");
    ck_assert(q->walk.depth == 3 && q->where->kind == EGQL_COMPARE);
    ck_assert(!query("SELECT graph FROM all WHERE etype=call")->walk.on);
}
END_TEST

START_TEST(a_declarations_condition_joins) {
    const struct egql_cond *c = query("FIND tiles WHERE phi>0 OR phi<0")->where;
    ck_assert_int_eq(c->kind, EGQL_AND);
    ck_assert_int_eq(c->children[0]->kind, EGQL_EXISTS);
    ck_assert_int_eq(c->children[1]->kind, EGQL_OR);
    ck_assert_int_eq(query("FIND mosaics")->where->kind, EGQL_NOT);
}
END_TEST

START_TEST(windows) {
    const struct egql_window *w =
        &query("FIND events SINCE 2025-10-10T00:00Z UNTIL '2025-10-10T01:00:00+01:00'")->window;
    ck_assert(w->since && w->until && w->from.us == w->to.us && w->from.us == INT64_C(1760054400000000));
    ck_assert_int_eq(query("FIND events LAST 2w")->window.length.us, INT64_C(14) * 86400 * 1000000);
    ck_assert_int_eq(query("FIND steps LAST 90m LIMIT 7")->limit, 7);
}
END_TEST

START_TEST(parameters_have_types) {
    static const char text[] = "SELECT runs FROM branch($b) WHERE started > $t AND id IN ($b, $n)";
    struct egql_param params[] = {{{"t", 1}, EG_TEXT, false}, {{"b", 1}, EG_TEXT, false}, {{"n", 1}, EG_TEXT, true}};
    ck_assert_int_eq(egql_front(text, strlen(text), params, 3), EG_OK);
    ck_assert_uint_eq(support_ast->n_params, 3);
    ck_assert(is(support_ast->params[0].name, "b") && is(support_ast->params[1].name, "t"));
    const struct egql_cond *c = support_ast->query.where;
    ck_assert_int_eq(c->children[0]->values[0].type, EG_TIME);
    ck_assert_int_eq(c->children[0]->values[0].param, 1);
    ck_assert(c->children[1]->values[1].null);
    ck_assert_int_eq(support_ast->query.scope.param, 0);
    ck_assert_int_eq(egql_front(text, strlen(text), params, 2), EG_FAIL);
    ck_assert_int_eq(support_diag.code, EG_E_PARAM_INVALID);
}
END_TEST

/* Each is too much of something, and is named. */
START_TEST(bounds_are_named) {
    static char text[EGQL_MOST_B + 2];
    memset(text, ' ', sizeof text);
    ck_assert(strstr(wrong(text, sizeof text - 1), "longer than 65536 bytes"));
    size_t n = (size_t)sprintf(text, "FIND events WHERE ");
    memset(text + n, '(', 5000);
    ck_assert(strstr(wrong(text, n + 5000), "more than 32 deep"));
    for (int i = 0; i < 5000; i++)
        memcpy(text + n + 4 * i, "NOT ", 4);
    ck_assert(strstr(wrong(text, n + 20000), "more than 32 deep"));
    for (int i = 0; i < 65; i++)
        memcpy(text + n + 5 * i, "id=a ", 5);
    ck_assert(strstr(wrong(text, n + 325), "more than 50 conditions"));
    size_t at = n + (size_t)sprintf(text + n, "id IN (a");
    for (int i = 0; i < 2000; i++)
        memcpy(text + at + 2 * i, ",a", 2);
    ck_assert(strstr(wrong(text, at + 4000), "more than 2000 parts"));
    at = n + (size_t)sprintf(text + n, "id IN (a");
    for (int i = 0; i < 65; i++)
        at += (size_t)sprintf(text + at, ",$p%d", i);
    ck_assert(strstr(wrong(text, at), "more than 64 parameters"));
    ck_assert(strstr(wrong("FIND events WHERE id=\"\xff\"", 24), "not UTF-8"));
    ck_assert(strstr(wrong("FIND \0events", 12), "NUL"));
}
END_TEST

START_TEST(a_full_arena_is_an_error) {
    static const char text[] = "SELECT tokens (token, count()) FROM all WHERE file=a file=b GROUP BY token";
    struct egql_ast *ast;
    struct egql_diag diag;
    int failed = 0;
    for (size_t max_b = 0; max_b < 8000; max_b += 16) {
        struct eg_arena *arena = eg_arena_new(max_b);
        eg_status status = egql_parse(text, strlen(text), arena, &ast, &diag);
        if (status == EG_OK)
            status = egql_check(ast, support_sources, NULL, 0, arena, &diag);
        ck_assert(status == EG_OK || strstr(diag.message, "more memory"));
        failed += status != EG_OK;
        eg_arena_free(arena);
    }
    ck_assert_int_gt(failed, 10);
    ck_assert_int_lt(failed, 500);
}
END_TEST

static struct eg_catalogue catalogue_of_migrations(struct eg_arena *arena) {
    struct eg_catalogue catalogue;
    struct eg_err err = {0};
    sqlite3 *db;
    glob_t files;
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_int_eq(glob("migrations/sql/*.sqlite.up.sql", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char *sql = calloc(1, 1 << 20);
        FILE *file = fopen(files.gl_pathv[i], "rb");
        ck_assert(file && fread(sql, 1, (1 << 20) - 1, file) > 0);
        fclose(file);
        ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        free(sql);
    }
    globfree(&files);
    ck_assert_msg(eg_sqlite_catalogue(db, arena, &catalogue, &err) == EG_OK, "%s", err.message);
    sqlite3_close(db);
    return catalogue;
}

/* Every table and view has a source, but for those that are the engine's own bookkeeping. */
START_TEST(sources_are_the_tables) {
    static const char *const own[] = {"event_keys", "event_position", "pending_parents", "egdb_view_columns",
                                      "vw_sast_suppressed"};
    struct eg_arena *arena = eg_arena_new(8 << 20);
    struct eg_catalogue catalogue = catalogue_of_migrations(arena);
    struct eg_err err = {0};
    ck_assert_msg(egql_sources_check(support_sources, &catalogue, &err) == EG_OK, "%s", err.message);
    for (size_t i = 0; i < catalogue.n_tables; i++) {
        bool found = false;
        for (size_t j = 0; j < support_sources->n; j++)
            found |= strcmp(support_sources->all[j].table, catalogue.tables[i].name) == 0;
        for (size_t j = 0; j < sizeof own / sizeof own[0]; j++)
            found |= strcmp(own[j], catalogue.tables[i].name) == 0;
        ck_assert_msg(found, "no source declares %s", catalogue.tables[i].name);
    }
    eg_arena_free(arena);
}
END_TEST

static const char *load_one(const char *json) {
    static struct eg_err err;
    static char folder[] = "/tmp/egql-XXXXXX";
    char path[64];
    struct egql_sources *sources;
    strcpy(folder, "/tmp/egql-XXXXXX");
    ck_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/sources", folder);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/sources/a.json", folder);
    FILE *file = fopen(path, "wb");
    fputs(json, file);
    fclose(file);
    eg_err_clear(&err);
    eg_status status = egql_sources_load(folder, &sources, &err);
    if (status == EG_OK) {
        struct eg_arena *arena = eg_arena_new(8 << 20);
        struct eg_catalogue catalogue = catalogue_of_migrations(arena);
        status = egql_sources_check(sources, &catalogue, &err);
        egql_sources_free(sources);
        eg_arena_free(arena);
    }
    unlink(path);
    snprintf(path, sizeof path, "%s/sources", folder);
    rmdir(path);
    rmdir(folder);
    return status == EG_OK ? "" : err.message;
}

#define FIELDS "\"fields\":{\"id\":{\"type\":\"text\",\"title\":\"t\"}"
#define HEAD "{\"name\":\"a\",\"title\":\"t\",\"table\":\"runs\",\"tie\":[\"id\"],"

START_TEST(wrong_declarations_are_named) {
    static const struct {
        const char *json, *message;
    } cases[] = {
        {HEAD FIELDS "}}", ""},
        {"{", "line 1"},
        {"[]", "not a JSON object"},
        {HEAD FIELDS "},\"x\":1}", "x: is no member"},
        {"{\"name\":\"b\",\"title\":\"t\",\"table\":\"runs\",\"tie\":[\"id\"]," FIELDS "}}", "file's name"},
        {"{\"name\":\"a\",\"table\":\"runs\",\"tie\":[\"id\"]," FIELDS "}}", "title: is missing"},
        {"{\"name\":\"a\",\"title\":\"t\",\"table\":\"runs\"," FIELDS "}}", "tie: must be"},
        {HEAD "\"time\":\"id\"," FIELDS "}}", "time: must name a field of type time"},
        {HEAD "\"sha\":\"no\"," FIELDS "}}", "sha: names no field"},
        {HEAD "\"newest_first\":true," FIELDS "}}", "newest_first: needs time"},
        {HEAD FIELDS ",\"x\":{\"type\":\"blob\",\"title\":\"t\"}}}", "x: its type must be"},
        {HEAD FIELDS ",\"x\":{\"type\":\"text\",\"title\":\"t\"}}}", "the table runs has no column x"},
        {HEAD FIELDS ",\"sha\":{\"type\":\"time\",\"title\":\"t\"}}}", "runs.sha is text, not time"},
        {HEAD FIELDS ",\"x\":{\"type\":\"text\",\"title\":\"t\",\"column\":\"sha\",\"member\":\"m\"}}}",
         "runs.sha is text, not json"},
        {HEAD "\"scope\":\"admin\"," FIELDS "}}", ""},
        {HEAD "\"scope\":\"root\"," FIELDS "}}", "scope: is a scope of tokens: events:write, events:read, query or admin"},
        {"{\"name\":\"a\",\"title\":\"t\",\"table\":\"events\",\"tie\":[\"id\"],\"scope\":\"admin\"," FIELDS "}}",
         "scope: cannot be asked for the events"},
        {HEAD "\"where\":\"sha=\"," FIELDS "}}", "where: the query ends too early"},
        {"{\"name\":\"a\",\"title\":\"t\",\"table\":\"gone\",\"tie\":[\"id\"]," FIELDS "}}", "no table or view gone"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *said = load_one(cases[i].json);
        ck_assert_msg(cases[i].message[0] ? strstr(said, cases[i].message) != NULL : said[0] == '\0', "%s: %s",
                      cases[i].json, said);
    }
}
END_TEST

static json_t *complete(const char *text, const char *mark) {
    static const char *const topics[] = {"core.step.finished@v1", "delta.tokens@v1"};
    struct eg_buf out;
    char whole[500];
    size_t caret = (size_t)(strstr(text, mark) - text);
    snprintf(whole, sizeof whole, "%.*s%s", (int)caret, text, text + caret + strlen(mark));
    eg_buf_init(&out, 1 << 20);
    egql_complete(support_sources, whole, strlen(whole), caret, topics, 2, support_arena, &out);
    json_t *json = json_loadb(out.data, out.len, 0, NULL);
    ck_assert_msg(json != NULL, "%s", eg_buf_text(&out));
    eg_buf_free(&out);
    return json;
}

/* "|" in the text is the caret; texts: what must be offered, each behind a blank; what begins with - must not. */
static void offers(const char *text, const char *texts) {
    json_t *json = complete(text, "|"), *list = json_object_get(json, "completions"), *one;
    char *words = strdup(texts);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
        bool found = false;
        size_t i;
        json_array_foreach(list, i, one) found |=
            strcmp(json_string_value(json_object_get(one, "text")), word + (*word == '-')) == 0;
        ck_assert_msg(found == (*word != '-'), "%s: %s", text, word);
    }
    free(words);
    json_decref(json);
}

START_TEST(completion_knows_what_comes) {
    offers("|", "SELECT FIND PATH -FROM");
    offers("SEL|", "SELECT -FIND");
    offers("SELECT e|", "events event_ids -tokens");
    offers("SELECT events |", "FROM -WHERE");
    offers("SELECT events (|", "topic count( payload bucket(");
    offers("FIND events GROUP BY |", "topic bucket( -count(");
    offers("FIND events GROUP BY bu|", "bucket( -topic");
    offers("FIND events GROUP BY bucket(|", "ts_utc topic -bucket(");
    offers("FIND events GROUP BY bucket(ts_utc, 1h) |", "LAST LIMIT -bucket(");
    offers("SELECT events FROM |", "sha( branch( all");
    offers("SELECT events FROM all |", "WHERE LAST LIMIT -AND");
    offers("SELECT events FROM all WHERE to|", "topic -source");
    offers("SELECT events FROM all WHERE to| LIMIT 3", "topic");
    offers("SELECT events FROM all WHERE topic=|", "core.step.finished@v1 -topic");
    offers("SELECT events FROM all WHERE topic=\"del|", "delta.tokens@v1 -core.step.finished@v1");
    offers("SELECT events FROM all WHERE topic=x |", "AND OR topic LIMIT -WHERE");
    offers("SELECT drift FROM all WHERE freeze=|", "true false");
    offers("SELECT graph FROM all WHERE start=x direction=|", "out in both");
    offers("SELECT tokens (sum(weight) AS w) FROM all ORDER BY |", "w token");
    offers("PATH topic:de|", "topic:delta.tokens@v1");
    offers("SELECT events FORM all WHERE |", "-topic -AND");
}
END_TEST

START_TEST(completion_replaces_the_word) {
    json_t *json = complete("SELECT events FROM all WHERE to|pxx = 1", "|");
    json_t *one = json_array_get(json_object_get(json, "completions"), 0),
           *diag = json_array_get(json_object_get(json, "diagnostics"), 0);
    ck_assert_int_eq(json_integer_value(json_object_get(one, "offset")), 29);
    ck_assert_int_eq(json_integer_value(json_object_get(one, "length")), 5);
    ck_assert_str_eq(json_string_value(json_object_get(one, "kind")), "column");
    ck_assert_int_eq(json_integer_value(json_object_get(diag, "offset")), 29);
    ck_assert_str_eq(json_string_value(json_object_get(diag, "suggestion")), "topic");
    json_decref(json);
    json = complete("SELECT events FROM branch($b) WHERE position > $p|", "|");
    ck_assert_uint_eq(json_array_size(json_object_get(json, "diagnostics")), 0);
    json_decref(json);
}
END_TEST

START_TEST(regular_expressions) {
    static const struct {
        const char *pattern, *is; /* NULL: refused */
    } cases[] = {{"core\\..*", "core\\..*"},
                 {"\\d+\\W", "[0-9]+[^A-Za-z0-9_]"},
                 {"[^\\]a-z-]", "[^\\]a-z\\-]"},
                 {"[:alpha:]", "[\\:alpha\\:]"}, {"[]a]", "[\\]a]"},
                 {"(a|)*?b{2,}", "(?:a|)*?b{2,}"},
                 {"[[:alpha:]\\d]", "[A-Za-z0-9]"},
                 {"\\t", "\t"},
                 {"é+|[à-ü]", "é+|[à-ü]"},
                 {"a]}", "a\\]\\}"},
                 {"a(?=b)", NULL},
                 {"(?i)a", NULL},
                 {"\\ba", NULL},
                 {"(a)\\1", NULL},
                 {"a**", NULL},
                 {"a*+", NULL},
                 {"^*", NULL},
                 {"*a", NULL},
                 {"a{2,1}", NULL},
                 {"a{256}", NULL},
                 {"a{,3}", NULL},
                 {"x{", NULL},
                 {"(a", NULL},
                 {"a)", NULL},
                 {"[a", NULL},
                 {"[b-a]", NULL},
                 {"[a-\\d]", NULL},
                 {"[[.a.]]", NULL},
                 {"[[:word:]]", NULL},
                 {"\\x41", NULL},
                 {"a\\", NULL},
                 {"[\\D]", NULL},
                 {"\\<a", NULL},
                 {"(((a{10}){10}){10}){2}", NULL},
                 {"[a-c-e]", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct eg_str out;
        struct egql_regex_wrong why;
        bool ok = egql_regex_check(cases[i].pattern, strlen(cases[i].pattern), support_arena, &out, &why);
        ck_assert_msg(ok == (cases[i].is != NULL), "%s: %s", cases[i].pattern, ok ? out.p : why.message);
        if (ok)
            ck_assert_str_eq(out.p, cases[i].is);
    }
}
END_TEST

START_TEST(suggestions_are_near) {
    static const char *const pairs[][3] = {{"evnts", "events", "yes"},
                                           {"vents", "events", "yes"},
                                           {"eevnts", "events", "yes"},
                                           {"xyz", "events", NULL},
                                           {"t", "id", NULL}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct egql_suggest suggest = {.word = pairs[i][0], .len = strlen(pairs[i][0])};
        egql_suggest_try(&suggest, pairs[i][1]);
        ck_assert_int_eq(suggest.best != NULL, pairs[i][2] != NULL);
    }
}
END_TEST

START_TEST(diagnostics_as_json) {
    wrong("FIND tokens\nWHERE token=ΔCC wieght=1", 37);
    struct eg_buf out;
    eg_buf_init(&out, 1 << 16);
    egql_diag_json(&support_diag, &out);
    json_t *json = json_loadb(out.data, out.len, 0, NULL);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "offset")), 29);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "line")), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(json, "column")), 17);
    ck_assert_str_eq(json_string_value(json_object_get(json, "suggestion")), "weight");
    ck_assert_str_eq(json_string_value(json_object_get(json, "code")), "query_invalid");
    json_decref(json);
    eg_buf_free(&out);
    eg_buf_init(&out, 1 << 20);
    egql_sources_json(support_sources, &out);
    json = json_loadb(out.data, out.len, 0, NULL);
    ck_assert_uint_eq(json_array_size(json), support_sources->n);
    json_decref(json);
    eg_buf_free(&out);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("egql");
    TCase *tcase = tcase_create("egql");
    tcase_add_checked_fixture(tcase, egql_setup, egql_teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, conditions_bind);
    tcase_add_test(tcase, values_have_their_keys_type);
    tcase_add_test(tcase, texts_are_unquoted);
    tcase_add_test(tcase, a_walk_is_taken_out);
    tcase_add_test(tcase, a_declarations_condition_joins);
    tcase_add_test(tcase, windows);
    tcase_add_test(tcase, parameters_have_types);
    tcase_add_test(tcase, bounds_are_named);
    tcase_add_test(tcase, a_full_arena_is_an_error);
    tcase_add_test(tcase, sources_are_the_tables);
    tcase_add_test(tcase, wrong_declarations_are_named);
    tcase_add_test(tcase, completion_knows_what_comes);
    tcase_add_test(tcase, completion_replaces_the_word);
    tcase_add_test(tcase, regular_expressions);
    tcase_add_test(tcase, suggestions_are_near);
    tcase_add_test(tcase, diagnostics_as_json);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
