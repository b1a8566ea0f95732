/* For the registry's tests: the catalogue of the real migrations, a folder of declarations made by a test, and rows as
 * text. */
#ifndef EG_TESTS_REGISTRY_SUPPORT_H
#define EG_TESTS_REGISTRY_SUPPORT_H

#include <check.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "db/db_sqlite_catalogue.h"
#include "server/registry/registry.h"

static struct eg_arena *support_arena;
static struct eg_catalogue support_catalogue;
static char support_spec[] = "/tmp/egdb-spec-XXXXXX";

static inline char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    char *text = calloc(1, 1 << 20);
    ck_assert(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return text;
}

static inline void write_file(const char *name, const char *text) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", support_spec, name);
    FILE *file = fopen(path, "wb");
    ck_assert_msg(file != NULL, "%s", path);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static inline void make_folder(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", support_spec, name);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

/* Tables of the migrations, and a small system of the tests' own: keys of two columns, every type, a table without a
 * key. */
static const char support_tables[] =
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, repo TEXT NOT NULL DEFAULT '', name TEXT NOT NULL, UNIQUE (repo, "
    "name));"
    "CREATE TABLE kinds (k TEXT PRIMARY KEY NOT NULL, t TEXT, i4 INT4, i8 BIGINT, f DOUBLE PRECISION, b BOOLEAN, z UTC "
    "TEXT,"
    " j JSON TEXT, y BLOB, need TEXT NOT NULL DEFAULT 'x');"
    "CREATE TABLE child (id INTEGER PRIMARY KEY, repo TEXT NOT NULL DEFAULT '', parent_id BIGINT REFERENCES parent(id),"
    " parent_name TEXT, other_id BIGINT REFERENCES parent(id), note TEXT NOT NULL);"
    "CREATE INDEX ix_parent_name ON parent (name); CREATE INDEX ix_child_parent ON child (repo, parent_name);"
    "CREATE TABLE pair (a TEXT NOT NULL, b TEXT NOT NULL, c TEXT, PRIMARY KEY (a, b));"
    "CREATE TABLE branchlet (id INTEGER PRIMARY KEY, a TEXT, b TEXT, FOREIGN KEY (a, b) REFERENCES pair (a, b));";

static inline void support_open(void) {
    sqlite3 *db = NULL;
    glob_t files;
    struct eg_err err = {0};
    support_arena = eg_arena_new(1 << 24);
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_msg(eg_sqlite_add_now(db, &err) == EG_OK, "%s", err.message);
    ck_assert_int_eq(glob("migrations/sql/*.sqlite.up.sql", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        char *sql = read_file(files.gl_pathv[i]);
        ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", files.gl_pathv[i],
                      sqlite3_errmsg(db));
        free(sql);
    }
    globfree(&files);
    ck_assert_msg(sqlite3_exec(db, support_tables, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    ck_assert_msg(eg_sqlite_catalogue(db, support_arena, &support_catalogue, &err) == EG_OK, "%s", err.message);
    sqlite3_close(db);
    strcpy(support_spec, "/tmp/egdb-spec-XXXXXX");
    ck_assert(mkdtemp(support_spec) != NULL);
    make_folder("schemas");
    make_folder("schemas/t");
    make_folder("policies");
    write_file("policies/p.json",
               "{\"n\": 3, \"words\": [\"a\", \"b\"], \"deep\": {\"text\": \"hi\", \"obj\": {\"x\": [1]}}}");
}

static inline void support_close(void) {
    char command[600];
    snprintf(command, sizeof command, "rm -r '%s'", support_spec);
    ck_assert_int_eq(system(command), 0);
    eg_arena_free(support_arena);
}

/* Declares the topic t.x@v1 with these rows; its schema has a member of each name that tests use. */
static inline void declare(const char *rows) {
    char *text = malloc(strlen(rows) + 2000);
    ck_assert_ptr_nonnull(text);
    sprintf(text,
            "{\"$id\": \"t.x@v1\", \"title\": \"x\", \"type\": \"object\", \"properties\": {\"a\": {}, \"b\": {}, "
            "\"c\": {},"
            " \"repo\": {\"type\": \"string\"}, \"o\": {\"type\": \"object\", \"properties\": {\"x/y\": {}, \"x~y\": "
            "{}, \"in\": {}}},"
            " \"open\": {\"type\": \"object\", \"additionalProperties\": true, \"properties\": {}},"
            " \"list\": {\"type\": \"array\", \"items\": {\"type\": \"object\", \"properties\": {\"a\": {}, \"b\": {}, "
            "\"sub\":"
            " {\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/sub\"}}}}}},"
            " \"$defs\": {\"sub\": {\"properties\": {\"a\": {}, \"b\": {}}}},"
            " \"x-egdb\": {\"rows\": %s, \"examples\": [{}, {}]}}",
            rows);
    write_file("schemas/t/t.x@v1.json", text);
    free(text);
}

/* The cases of a data file, an array; the caller owns it. */
static inline json_t *data_cases(const char *name) {
    char path[200];
    json_error_t why;
    snprintf(path, sizeof path, "tests/unit/data/%s", name);
    json_t *cases = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!json_is_array(cases)) {
        fprintf(stderr, "%s: %d: %s\n", path, why.line, why.text);
        exit(1);
    }
    return cases;
}

static inline char *dump(const json_t *json) {
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    ck_assert_ptr_nonnull(text);
    return text;
}

static inline void show_value(struct eg_buf *buf, enum eg_type type, const struct eg_value *value) {
    char time[EG_TIME_TEXT_B];
    if (value->null) {
        eg_buf_str(buf, "null");
    } else if (type == EG_TEXT || type == EG_JSON) {
        eg_buf_printf(buf, type == EG_TEXT ? "'%.*s'" : "%.*s", (int)value->s.n, value->s.p);
    } else if (type == EG_FLOAT8) {
        eg_buf_json_double(buf, value->d);
    } else if (type == EG_BOOL) {
        eg_buf_str(buf, value->b ? "true" : "false");
    } else if (type == EG_TIME) {
        eg_time_format(value->i, time);
        eg_buf_str(buf, time);
    } else {
        eg_buf_printf(buf, "%" PRId64, value->i);
    }
}

static inline void show_row(struct eg_buf *buf, const struct eg_row *row) {
    static const char *const kinds[] = {"insert", "keep", "replace", "update", "delete", "lookup", "fill"};
    const struct eg_dml *dml = &row->rule->dml;
    size_t at = 0;
    eg_buf_printf(buf, "%s %s", kinds[dml->kind], dml->table->name);
    for (size_t i = 0; i < dml->n_cells; i++) {
        const struct eg_ref *ref = dml->cells[i].ref;
        const int *shared = dml->cells[i].shared;
        eg_buf_printf(buf, " %s=", dml->table->columns[dml->cells[i].column].name);
        if (ref) {
            eg_buf_printf(buf, "(%s%s", ref->table->name, ref->newest ? " newest" : "");
        }
        for (size_t j = 0; j < (ref ? ref->n_where : 1); j++) {
            size_t param = shared ? (size_t)shared[j] : at++;
            if (ref) {
                eg_buf_printf(buf, " %s=", ref->table->columns[ref->where[j]].name);
            }
            show_value(buf, row->rule->types[param], &row->params[param]);
        }
        eg_buf_str(buf, ref ? ")" : "");
    }
    for (size_t i = 0; i < dml->n_key && (dml->kind == EG_DML_UPDATE || dml->kind == EG_DML_DELETE); i++, at++) {
        eg_buf_printf(buf, "%s%s=", i ? " " : " where ", dml->table->columns[dml->key[i]].name);
        show_value(buf, row->rule->types[at], &row->params[at]);
    }
    for (size_t i = 0; dml->unless && i < dml->unless->n_where + (dml->unless->after >= 0); i++, at++) {
        const struct eg_guard *guard = dml->unless;
        int column = i < guard->n_where ? guard->where[i] : guard->after;
        eg_buf_printf(buf, "%s%s%s", i ? " " : " unless ", guard->table->columns[column].name, i < guard->n_where ? "=" : ">");
        show_value(buf, row->rule->types[at], &row->params[at]);
    }
    ck_assert_uint_eq(at, row->rule->n_params);
    eg_buf_char(buf, '\n');
}

/* Projects a payload by the registry's topic; the rows as lines, or "! code place: message". The caller frees it. cut:
 * whether the payload's text is there too. */
static inline char *project(const struct eg_registry *registry, const char *topic, const char *payload, bool cut) {
    struct eg_buf buf;
    struct eg_err err = {0};
    struct eg_row *rows = NULL;
    size_t n_rows = 0;
    const struct eg_topic *found = eg_registry_topic(registry, topic, strlen(topic));
    struct eg_arena *arena = eg_arena_new(1 << 24);
    struct eg_envelope envelope = {.id = {"ID", 2},
                                   .topic = {topic, strlen(topic)},
                                   .source = {"src", 3},
                                   .correlation_id = {"CORR", 4},
                                   .repo_sha = {"SHA", 3},
                                   .repo_branch = {"main", 4}};
    ck_assert_ptr_nonnull(found);
    ck_assert(eg_time_parse("2025-10-10T12:00:00Z", 20, false, &envelope.ts_us));
    envelope.payload = json_loads(payload, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_msg(envelope.payload != NULL, "%s", payload);
    if (cut) {
        envelope.payload_text = (struct eg_str){payload, strlen(payload)};
    }
    eg_buf_init(&buf, 1 << 20);
    if (eg_project(found, &envelope, arena, &rows, &n_rows, &err) != EG_OK) {
        eg_buf_printf(&buf, "! %s %s: %s", eg_code_name(err.code), err.place, err.message);
    }
    for (size_t i = 0; i < n_rows && err.code == EG_E_NONE; i++) {
        show_row(&buf, &rows[i]);
    }
    char *text = strdup(eg_buf_text(&buf));
    eg_buf_free(&buf);
    json_decref(envelope.payload);
    eg_arena_free(arena);
    return text;
}

/* Compares what a case says (`makes`: lines, or `refused`) with the rows of its payload. */
static inline void check_case(const struct eg_registry *registry, const char *topic, const json_t *one) {
    struct eg_buf expected;
    const char *refused = json_string_value(json_object_get(one, "refused"));
    char *payload = dump(json_object_get(one, "payload"));
    char *rows = project(registry, topic, payload, false);
    const json_t *lines = json_object_get(one, "makes");
    ck_assert(refused || json_is_array(lines));
    eg_buf_init(&expected, 1 << 20);
    eg_buf_printf(&expected, "%s%s", refused ? "! " : "", refused ? refused : "");
    for (size_t i = 0; i < json_array_size(lines); i++) {
        eg_buf_printf(&expected, "%s\n", json_string_value(json_array_get(lines, i)));
    }
    ck_assert_str_eq(rows, eg_buf_text(&expected));
    eg_buf_free(&expected);
    free(payload);
    free(rows);
}

#endif
