/* Which changes of a signature break those who call it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "indexer/gate_sig.h"

static const struct {
    const char *path, *before, *after;
    enum eg_compat how;
    const char *why;
} cases[] = {
    {"a.py", "(a, b)", "(a, b)", EG_COMPAT_SAME, ""},
    {"a.py", "(a, b)", "(a)", EG_COMPAT_BROKEN, "parameter b was removed"},
    {"a.py", "(a, b)", "(b, a)", EG_COMPAT_BROKEN, "parameter a stands at another place"},
    {"a.py", "(a, b=1)", "(a, b)", EG_COMPAT_BROKEN, "parameter b is required now"},
    {"a.py", "(a)", "(a, b)", EG_COMPAT_BROKEN, "the required parameter b was added"},
    {"a.py", "(a)", "(a, b=None)", EG_COMPAT_REVIEW, "the optional parameter b was added"},
    {"a.py", "(a)", "(b=1, a=2)", EG_COMPAT_BROKEN, "parameter a stands at another place"},
    {"a.py", "(a)", "(a, *, b=(1, 2))", EG_COMPAT_REVIEW, "the optional parameter b was added"},
    {"a.py", "(a)", "(a, *, b)", EG_COMPAT_BROKEN, "the required parameter b was added"},
    {"a.py", "(a, b)", "(a, *, b)", EG_COMPAT_BROKEN, "parameter b stands at another place"},
    {"a.py", "(*, a, b)", "(*, b, a)", EG_COMPAT_SAME, ""},
    {"a.py", "(a)", "(x)", EG_COMPAT_BROKEN, "parameter a is x now"},
    {"a.py", "(a, /)", "(x, /)", EG_COMPAT_SAME, ""},
    {"a.py", "(_a)", "(_b)", EG_COMPAT_SAME, ""},
    {"a.py", "(a, *args)", "(a)", EG_COMPAT_BROKEN, "parameter args was removed"},
    {"a.py", "(a)", "(a, **kw)", EG_COMPAT_REVIEW, "the optional parameter kw was added"},
    {"a.py", "(a: int = 1)", "(a: str = 1)", EG_COMPAT_REVIEW, "the type of a has changed"},
    {"a.py", "(a: Dict[str, int]=\"x,y\")", "(a: Dict[str, int]=\"y,x\")", EG_COMPAT_REVIEW,
     "the default of a has changed"},
    {"a.py", "(a) -> int", "(a) -> str", EG_COMPAT_REVIEW, "the type of the result has changed"},
    {"a.py", "(self, a)", "(self)", EG_COMPAT_BROKEN, "parameter a was removed"},
    {"a.js", "(a, b)", "(x, b)", EG_COMPAT_SAME, ""},
    {"a.js", "(a, b)", "(b, a)", EG_COMPAT_BROKEN, "parameter a stands at another place"},
    {"a.js", "({a, b}, c)", "({a, b}, c, d=[1, 2])", EG_COMPAT_REVIEW, "the optional parameter d was added"},
    {"a.ts", "(f: (x: number) => void, b?: Map<string, number>)", "(f: (x: number) => void, b: Map<string, number>)",
     EG_COMPAT_BROKEN, "parameter b is required now"},
    {"a.ts", "(private y: string)", "(private y: string, z?: number)", EG_COMPAT_REVIEW,
     "the optional parameter z was added"},
    {"a.ts", "(a: string)", "(b: number)", EG_COMPAT_BROKEN, "parameter a was replaced by b"},
    {"a.mts", "(x: Map<string, number>)", "(y: Map<string, number>, z?: number)", EG_COMPAT_REVIEW, "the optional parameter z was added"},
    {"a.cts", "(x: string)", "(y: string)", EG_COMPAT_SAME, ""},
    {"a.py", "(x) -> int", "async (x) -> int", EG_COMPAT_BROKEN, "its result has to be awaited"},
    {"a.py", "async (x, y)", "async (x)", EG_COMPAT_BROKEN, "parameter y was removed"},
    {"a.js", "async (x)", "(x)", EG_COMPAT_REVIEW, "its result is no longer awaited"},
    {"a.pyi", "(x)", "(y)", EG_COMPAT_BROKEN, "parameter x is y now"},
    {"a.rs", "(&self, a: Vec<(u8, u8)>) -> u8", "(&self, b: Vec<(u8, u8)>) -> u8", EG_COMPAT_SAME, ""},
    {"a.go", "(a, b int, c ...string) -> error", "(a, b int) -> error", EG_COMPAT_BROKEN, "parameter c was removed"},
    {"a.go", "(a, b int)", "(x int, y int)", EG_COMPAT_SAME, ""},
    {"a.go", "(int, string)", "(string, int)", EG_COMPAT_BROKEN, "parameter int was replaced by string"},
    {"a.go", "(a int)", "(a int, b ...string)", EG_COMPAT_REVIEW, "the optional parameter b was added"},
    {"A.java", "(final String s, List<Map<K, V>> l)", "(String s, List<Map<K, V>> m)", EG_COMPAT_SAME, ""},
    {"A.java", "(int a, String b)", "(String b, int a)", EG_COMPAT_BROKEN, "parameter a stands at another place"},
    {"a.c", "(void) -> int", "(int a) -> int", EG_COMPAT_BROKEN, "the required parameter a was added"},
    {"a.c", "(int a, const char *b)", "(int x, const char *y)", EG_COMPAT_SAME, ""},
    {"a.c", "(int a)", "(long a)", EG_COMPAT_REVIEW, "the type of a has changed"},
    {"a.c", "(int, char *)", "(char *, int)", EG_COMPAT_BROKEN, "parameter int was replaced by char *"},
    {"a.c", "(void (*cb)(int, int), int n)", "(void (*cb)(int, int))", EG_COMPAT_BROKEN, "parameter n was removed"},
    {"a.h", "(const char *format)", "(const char *format, ...)", EG_COMPAT_REVIEW,
     "the optional parameter ... was added"},
    {"a.py", "", "(a", EG_COMPAT_BROKEN, "the required parameter a was added"},
    {"a.c", "(", ")))((", EG_COMPAT_SAME, ""},
};

START_TEST(test_compare) {
    char why[200];
    enum eg_compat how = eg_signature_compare(cases[_i].before, cases[_i].after, cases[_i].path, why, sizeof(why));
    ck_assert_msg(how == cases[_i].how && strcmp(why, cases[_i].why) == 0, "%s → %s: %d, %s", cases[_i].before,
                  cases[_i].after, how, why);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("signature");
    TCase *compare = tcase_create("compare");
    tcase_add_loop_test(compare, test_compare, 0, sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, compare);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
