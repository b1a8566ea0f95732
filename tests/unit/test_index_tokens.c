/* The algebra of Δ tokens: each rule, and its laws for the histories that generated programs have. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/token.h"

#define ROUNDS 300
#define STEPS 60
#define FUNCTIONS 8

static struct eg_arena *arena;

static void setup(void) { arena = eg_arena_new((size_t)256 << 20); }
static void teardown(void) { eg_arena_free(arena); }

static struct eg_str text(const char *format, int a, int b) {
    char *made = eg_arena_printf(arena, "%s%d.%d", format, a, b);
    return (struct eg_str){made, strlen(made)};
}

static struct eg_str word(const char *given) { return (struct eg_str){given, strlen(given)}; }

static struct eg_token token(enum eg_token_kind kind, const char *uid, const char *origin, const char *before, const char *after) {
    return (struct eg_token){.kind = kind, .file = word("a.py"), .module = word("a"), .uid = word(uid), .origin = word(origin),
                             .before = word(before), .after = word(after), .line = 10, .weight = 0.1};
}

static struct eg_tokens one(struct eg_token first) {
    struct eg_tokens tokens = {0};
    eg_tokens_add(&tokens, &first);
    return tokens;
}

static struct eg_tokens two(struct eg_token first, struct eg_token second) {
    struct eg_tokens a = one(first), b = one(second);
    eg_tokens_compose(&a, &b);
    eg_tokens_free(&b);
    return a;
}

static void check_one(struct eg_tokens tokens, enum eg_token_kind kind, const char *before, const char *after) {
    ck_assert_uint_eq(tokens.n, 1);
    ck_assert_int_eq(tokens.v[0].kind, kind);
    ck_assert(tokens.v[0].before.n == strlen(before) && memcmp(tokens.v[0].before.p, before, strlen(before)) == 0);
    ck_assert(tokens.v[0].after.n == strlen(after) && memcmp(tokens.v[0].after.p, after, strlen(after)) == 0);
    eg_tokens_free(&tokens);
}

static void check_none(struct eg_tokens tokens) {
    ck_assert_uint_eq(tokens.n, 0);
    eg_tokens_free(&tokens);
}

START_TEST(added_and_deleted_is_nothing) {
    check_none(two(token(EG_TOKEN_ADD_FN, "u", "", "", "x"), token(EG_TOKEN_DEL_FN, "u", "", "x", "")));
    struct eg_tokens apart = two(token(EG_TOKEN_DEL_FN, "u", "", "x", ""), token(EG_TOKEN_ADD_FN, "u", "", "", "x"));
    ck_assert_uint_eq(apart.n, 2); /* the order counts */
    eg_tokens_free(&apart);
    apart = two(token(EG_TOKEN_ADD_FN, "u", "", "", "x"), token(EG_TOKEN_DEL_FN, "w", "", "x", ""));
    ck_assert_uint_eq(apart.n, 2);
    eg_tokens_free(&apart);
}
END_TEST

static struct eg_token path(enum eg_token_kind kind, const char *from, const char *to) { return token(kind, to, from, from, to); }

START_TEST(a_chain_of_names_is_one) {
    enum eg_token_kind rename = EG_TOKEN_RENAME_FN, move = EG_TOKEN_MOVE_SYMBOL;
    check_one(two(path(rename, "a", "b"), path(rename, "b", "c")), rename, "a", "c");
    check_none(two(path(rename, "a", "b"), path(rename, "b", "a")));
    check_one(two(path(move, "a", "b"), path(rename, "b", "c")), move, "a", "c");
    check_one(two(path(rename, "a", "b"), path(move, "b", "c")), move, "a", "c");
}
END_TEST

static struct eg_token signature(const char *before, const char *after) { return token(EG_TOKEN_MODIFY_SIG, "u", "", before, after); }

START_TEST(signatures_are_merged) {
    check_one(two(signature("1", "2"), signature("2", "3")), EG_TOKEN_MODIFY_SIG, "1", "3");
    check_none(two(signature("1", "2"), signature("2", "1")));
}
END_TEST

START_TEST(imports_cancel) {
    check_none(two(token(EG_TOKEN_IMPORT, "", "", "", "os"), token(EG_TOKEN_IMPORT, "", "", "os", "")));
    struct eg_tokens apart = two(token(EG_TOKEN_IMPORT, "", "", "", "os"), token(EG_TOKEN_IMPORT, "", "", "sys", ""));
    ck_assert_uint_eq(apart.n + (apart.n == 1), 2);
    eg_tokens_free(&apart);
}
END_TEST

START_TEST(duplicates_are_fused) {
    struct eg_token light = token(EG_TOKEN_ADD_FN, "u", "", "", "x"), heavy = light;
    heavy.weight = 0.5;
    heavy.public_api = true;
    heavy.line = 12;
    struct eg_tokens tokens = two(light, heavy);
    ck_assert_uint_eq(tokens.n, 1);
    ck_assert(tokens.v[0].public_api && tokens.v[0].weight > 0.4);
    eg_tokens_free(&tokens);
    heavy.line = 17;
    tokens = two(light, heavy);
    ck_assert_uint_eq(tokens.n, 2);
    eg_tokens_free(&tokens);
}
END_TEST

/* A program of a few functions that is worked on. */
struct program {
    int names[FUNCTIONS]; /* 0: the function is not there */
    int signatures[FUNCTIONS];
    bool imported[FUNCTIONS];
    int next;
};

static bool work(struct program *program, struct eg_token *made) {
    int at = rand() % FUNCTIONS, what = rand() % 5;
    *made = (struct eg_token){.file = word("a.py"), .module = word("a"), .line = at * 100, .weight = 0.1};
    int name = program->names[at];
    made->uid = text("u", at, name);
    if (what == 0 && name == 0) {
        program->names[at] = ++program->next;
        made->kind = EG_TOKEN_ADD_FN;
        made->uid = made->after = text("u", at, program->next);
    } else if (what == 1 && name > 0) {
        program->names[at] = 0;
        made->kind = EG_TOKEN_DEL_FN;
        made->before = made->uid;
    } else if (what == 2 && name > 0) {
        program->names[at] = rand() % 3 ? ++program->next : program->next;
        made->kind = EG_TOKEN_RENAME_FN;
        made->origin = made->before = made->uid;
        made->uid = made->after = text("u", at, program->names[at]);
        return program->names[at] != name;
    } else if (what == 3 && name > 0) {
        made->kind = EG_TOKEN_MODIFY_SIG;
        made->before = text("s", at, program->signatures[at]);
        program->signatures[at] = program->signatures[at] == 0 ? rand() % 3 + 1 : 0;
        made->after = text("s", at, program->signatures[at]);
    } else if (what == 4) {
        made->kind = EG_TOKEN_IMPORT;
        made->uid = word("");
        made->body = (uint64_t)at;
        *(program->imported[at] ? &made->before : &made->after) = text("i", at, 0);
        program->imported[at] = !program->imported[at];
    } else {
        return false;
    }
    return true;
}

static struct eg_tokens part(const struct eg_token *from, size_t n) {
    struct eg_tokens tokens = {0};
    for (size_t i = 0; i < n; i++) {
        eg_tokens_add(&tokens, &from[i]);
    }
    return tokens;
}

static bool equal(struct eg_str a, struct eg_str b) { return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0); }

static void check_same(const struct eg_tokens *a, const struct eg_tokens *b) {
    char one_mark[80], other_mark[80];
    ck_assert_uint_eq(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        const struct eg_token *x = &a->v[i], *y = &b->v[i];
        ck_assert(x->kind == y->kind && equal(x->uid, y->uid) && equal(x->origin, y->origin));
        ck_assert(equal(x->before, y->before) && equal(x->after, y->after));
    }
    eg_tokens_fingerprint(a, one_mark);
    eg_tokens_fingerprint(b, other_mark);
    ck_assert_str_eq(one_mark, other_mark);
}

START_TEST(the_laws_hold_for_generated_histories) {
    for (int round = 0; round < ROUNDS; round++) {
        struct eg_token made[STEPS];
        struct program program = {0};
        size_t n = 0;
        srand((unsigned)round);
        for (int step = 0; step < STEPS; step++) {
            n += work(&program, &made[n]);
        }
        size_t i = n ? (size_t)rand() % n : 0, j = i + (n > i ? (size_t)rand() % (n - i) : 0);
        struct eg_tokens whole = part(made, n), a = part(made, i), b = part(made + i, j - i), c = part(made + j, n - j), nothing = {0};
        struct eg_tokens left = part(made, i), right = part(made + i, j - i);
        eg_tokens_normalize(&whole);
        eg_tokens_compose(&left, &b); /* (a ⊕ b) ⊕ c */
        eg_tokens_compose(&left, &c);
        eg_tokens_compose(&right, &c); /* a ⊕ (b ⊕ c) */
        eg_tokens_compose(&a, &right);
        check_same(&left, &a);
        check_same(&left, &whole);
        eg_tokens_normalize(&a); /* the normal form is its own */
        check_same(&left, &a);
        eg_tokens_compose(&nothing, &whole); /* ε ⊕ a, a ⊕ ε */
        check_same(&nothing, &whole);
        eg_tokens_free(&nothing);
        eg_tokens_compose(&whole, &nothing);
        check_same(&whole, &left);
        struct eg_tokens *all[] = {&whole, &a, &b, &c, &left, &right};
        for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
            eg_tokens_free(all[k]);
        }
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("index tokens");
    TCase *tests = tcase_create("algebra");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, added_and_deleted_is_nothing);
    tcase_add_test(tests, a_chain_of_names_is_one);
    tcase_add_test(tests, signatures_are_merged);
    tcase_add_test(tests, imports_cancel);
    tcase_add_test(tests, duplicates_are_fused);
    tcase_add_test(tests, the_laws_hold_for_generated_histories);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
