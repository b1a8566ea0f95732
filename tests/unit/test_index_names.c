/* Which names a text gives besides its functions and classes: never those of locals, strings and comments. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "indexer/lang.h"
#include "indexer/names.h"

static const struct {
    const char *path, *text, *names; /* name: d defined, v value, i imported, x declared; + is public */
} cases[] = {
    {"a.py", "def report(xs):\n    total = len(xs)\n    return total\n", "d:report+"},
    {"a.py", "\"\"\"Says:\ntotal = 1\nimport total\n\"\"\"\n# total = 2\nS = '''\ntotal = 3\n'''\n", "v:S+"},
    {"a.py", "total = length\nif x:\n    LIMIT = A_2 = 3\nelse:\n    a, _B = 1, 2\nx: int\n", "v:total v:LIMIT+ v:A_2+ v:a v:_B"},
    {"a.py", "class R:\n    load = read\n    LIMIT = 1\n    def other(self):\n        save = 1\nR.save = R.other\n",
     "d:R+ v:R.load v:R.LIMIT+ d:R.other+ v:R.save"},
    {"a.py", "from x import load\nfrom y import b as c, d\nimport e.f\nimport g as h\nfrom i import *\n", "i:load i:c i:d i:e i:h"},
    {"a.py", "total == 1\nf(total=1)\ng = lambda total=1: total\n", "v:g"},
    {"a.js", "const total = 1;\nfunction f() { const g = 2; }\nimport { h } from './h.js';\n"
     "// export const a = 1\n`export const b = 1`;\n", ""},
    {"a.js", "export const total = 1, other = 2;\nexport { x as y, z };\nexport { w } from './w.js';\nexport * as all from './all.js';\n",
     "v:total+ v:other+ i:y+ i:z+ i:w+ i:all+"},
    {"a.js", "exports.a = b;\nmodule.exports.c = d;\nmodule.exports = { e, f: g, h() {} };\nfunction k() { exports.l = 1; }\n",
     "v:a+ v:c+ v:e+ v:f+ v:h+"},
    {"a.js", "export class R { load = read; other() { const save = 1; } }\nR.more = 1;\n", "d:R+ v:R.load d:R.other v:R.more"},
    {"a.ts", "export type A = string;\nexport interface B { c: string }\n"
     "export function d(): void {}\ntype E = string;\n", "v:A+ d:B+ d:d+"},
    {"a.c", "#define total count\nint f(void) { int total = 1; return total; }\nstatic int (*g)(int) = f;\n/*\n#define no 1\n*/\n",
     "v:total d:f v:g"},
    {"a.h", "#ifndef A_H\n#define A_H\n#define MOST 1\ntypedef struct a { int b; } A, *B;\n"
     "int f(int no);\nextern int g;\nenum c { ONE, TWO };\n#endif\n",
     "v:A_H v:MOST+ v:A+ v:B+ x:f+ x:g+ v:ONE+ v:TWO+"},
    {"a.go", "package a\nconst (\n\tLimit = 1\n\tother = 2\n)\nvar A, B int = 1, 2\ntype T = S\nfunc F() { total := 1; const C = 2 }\n",
     "v:Limit+ v:other v:A+ v:B+ v:T+ d:F+"},
    {"a.rs", "pub use a::{b, c as d, e::{f}};\nuse g::h;\npub const MOST: u8 = 1;\n"
     "const NO: u8 = 1;\npub type T = u8;\nfn k() { pub const L: u8 = 1; }\n",
     "i:b+ i:d+ i:f+ v:MOST+ v:NO v:T+ d:k"},
    {"A.java", "public class A { public static final int MOST = 1; int no; void f() { int g = 1; } public enum E { ONE, TWO } }",
     "d:A+ v:A.MOST+ v:A.no d:A.E+ v:A.E.ONE+ v:A.E.TWO+"},
    {"a.txt", "total = 1\n", "?"},
};

static void put(void *ctx, const struct eg_name *name) {
    struct eg_buf *out = ctx;
    eg_buf_printf(out, "%s%c:%.*s%s%.*s%s", out->len ? " " : "", "dvix"[name->what], (int)name->scope.n, name->scope.p,
                  name->scope.n ? "." : "",
                  (int)name->name.n, name->name.p, name->is_public ? "+" : "");
}

START_TEST(test_names) {
    struct eg_buf out;
    eg_buf_init(&out, 65536);
    const char *said = eg_names_each(cases[_i].path, cases[_i].text, strlen(cases[_i].text), put, &out) ? eg_buf_text(&out) : "?";
    ck_assert_msg(strcmp(said, cases[_i].names) == 0, "%s\n%s\n  wanted %s\n  is     %s",
                  cases[_i].path, cases[_i].text, cases[_i].names, said);
    eg_buf_free(&out);
}
END_TEST

START_TEST(test_deep_and_broken_texts) {
    struct eg_buf text, out;
    eg_buf_init(&text, 1 << 20);
    eg_buf_init(&out, 1 << 20);
    for (int i = 0; i < 500; i++) {
        eg_buf_printf(&text, "%*sclass C:\n", i, "");
    }
    ck_assert(eg_names_each("a.py", eg_buf_text(&text), text.len, put, &out));
    ck_assert(eg_names_each("a.rs", "mod a { mod b { pub const C: u8 = 1; } } }}", 43, put, &out));
    ck_assert(strstr(eg_buf_text(&out), "v:a.b.C+") != NULL);
    eg_buf_free(&text);
    eg_buf_free(&out);
}
END_TEST

int main(void) {
    struct eg_err err = {0};
    if (eg_grammars_load(&err)) {
        return EXIT_FAILURE;
    }
    Suite *suite = suite_create("names");
    TCase *names = tcase_create("names");
    tcase_add_loop_test(names, test_names, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(names, test_deep_and_broken_texts);
    suite_add_tcase(suite, names);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    eg_grammars_free();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
