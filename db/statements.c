/* The fixed statements of statements.def with their types read from letters, once, at start. */
#include "db/db_store.h"

static struct eg_statement statements[EG_SQL_COUNT];
static bool parsed;

static enum eg_type type_of(char letter) {
    switch (letter) {
    case 't':
        return EG_TEXT;
    case 'i':
        return EG_INT4;
    case 'l':
        return EG_INT8;
    case 'd':
        return EG_FLOAT8;
    case 'b':
        return EG_BOOL;
    case 'z':
        return EG_TIME;
    case 'j':
        return EG_JSON;
    case 'y':
        return EG_BYTES;
    default:
        eg_assert_failed("a letter of statements.def is a type", __FILE__, __LINE__);
    }
}

static size_t types_of(const char *letters, enum eg_type *types, size_t most) {
    size_t n = 0;
    for (; letters[n]; n++) {
        EG_ASSERT(n < most);
        types[n] = type_of(letters[n]);
    }
    return n;
}

static void statement_set(enum eg_sql sql, const char *name, const char *postgresql, const char *sqlite,
                          const char *params, const char *columns) {
    struct eg_statement *statement = &statements[sql];
    statement->name = name;
    statement->postgresql = postgresql;
    statement->sqlite = sqlite;
    statement->n_params = types_of(params, statement->params, EG_SQL_MOST_PARAMS);
    statement->n_columns = types_of(columns, statement->columns, EG_SQL_MOST_COLUMNS);
}

void eg_statements_init(void) {
    if (parsed) {
        return;
    }
#define X(name, postgresql, sqlite, params, columns)                                                                   \
    statement_set(EG_SQL_##name, #name, postgresql, sqlite, params, columns);
#include "db/statements.def"
#undef X
    parsed = true;
}

const struct eg_statement *eg_statement(enum eg_sql sql) {
    EG_ASSERT(parsed && sql < EG_SQL_COUNT);
    return &statements[sql];
}
