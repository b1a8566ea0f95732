/* For the tests of EGQL: the sources as they are declared, and what the front half says of a query. */
#ifndef EG_TESTS_EGQL_SUPPORT_H
#define EG_TESTS_EGQL_SUPPORT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "egql/ast.h"

static struct egql_sources *support_sources;
static struct eg_arena *support_arena;
static struct egql_ast *support_ast;
static struct egql_diag support_diag;

static inline void egql_setup(void) {
    struct eg_err err = {0};
    ck_assert_msg(egql_sources_load("spec", &support_sources, &err) == EG_OK, "%s: %s", err.place, err.message);
    support_arena = eg_arena_new(8 << 20);
}

static inline void egql_teardown(void) {
    egql_sources_free(support_sources);
    eg_arena_free(support_arena);
}

static inline eg_status egql_front(const char *text, size_t len, const struct egql_param *params, size_t n_params) {
    eg_status status = egql_parse(text, len, support_arena, &support_ast, &support_diag);
    if (status == EG_OK)
        status = egql_check(support_ast, support_sources, params, n_params, support_arena, &support_diag);
    ck_assert_int_eq(status == EG_OK, support_diag.code == EG_E_NONE);
    return status;
}

#endif
