/* Edits of dead letters: the examples of RFC 6902 (appendix A) and RFC 7396 (appendix A), and what is refused. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/event/edit.h"

struct edit_case {
    const char *doc, *edit;
    const char *expected; /* NULL: it fails */
};

static const struct edit_case cases[] = {
    {"{'foo':'bar'}", "[{'op':'add','path':'/baz','value':'qux'}]", "{'foo':'bar','baz':'qux'}"},
    {"{'foo':['bar','baz']}", "[{'op':'add','path':'/foo/1','value':'qux'}]", "{'foo':['bar','qux','baz']}"},
    {"{'baz':'qux','foo':'bar'}", "[{'op':'remove','path':'/baz'}]", "{'foo':'bar'}"},
    {"{'foo':['bar','qux','baz']}", "[{'op':'remove','path':'/foo/1'}]", "{'foo':['bar','baz']}"},
    {"{'baz':'qux','foo':'bar'}", "[{'op':'replace','path':'/baz','value':'boo'}]", "{'baz':'boo','foo':'bar'}"},
    {"{'foo':{'bar':'baz','waldo':'fred'},'qux':{'corge':'grault'}}", "[{'op':'move','from':'/foo/waldo','path':'/qux/thud'}]",
     "{'foo':{'bar':'baz'},'qux':{'corge':'grault','thud':'fred'}}"},
    {"{'foo':['all','grass','cows','eat']}", "[{'op':'move','from':'/foo/1','path':'/foo/3'}]",
     "{'foo':['all','cows','eat','grass']}"},
    {"{'baz':'qux','foo':['a',2,'c']}", "[{'op':'test','path':'/baz','value':'qux'},{'op':'test','path':'/foo/1','value':2.0}]",
     "{'baz':'qux','foo':['a',2,'c']}"},
    {"{'baz':'qux'}", "[{'op':'test','path':'/baz','value':'bar'}]", NULL},
    {"{'foo':'bar'}", "[{'op':'add','path':'/child','value':{'grandchild':{}}}]", "{'foo':'bar','child':{'grandchild':{}}}"},
    {"{'foo':'bar'}", "[{'op':'add','path':'/baz','value':'qux','xyz':123}]", "{'foo':'bar','baz':'qux'}"},
    {"{'foo':'bar'}", "[{'op':'add','path':'/baz/bat','value':'qux'}]", NULL},
    {"{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':10},{'op':'replace','path':'/~1','value':8}]", "{'/':8,'~1':10}"},
    {"{'/':9,'~1':10}", "[{'op':'test','path':'/~01','value':'10'}]", NULL},
    {"{'foo':['bar']}", "[{'op':'add','path':'/foo/-','value':['abc','def']}]", "{'foo':['bar',['abc','def']]}"},
    {"{'a':1}", "[{'op':'add','path':'','value':{'b':2}}]", "{'b':2}"},
    {"{'a':{'b':1}}", "[{'op':'move','from':'/a','path':'/a/b'}]", NULL},
    {"{'a':{'b':1}}", "[{'op':'copy','from':'/a','path':'/a/c'}]", "{'a':{'b':1,'c':{'b':1}}}"},
    {"{'a':[1]}", "[{'op':'add','path':'/a/2','value':1}]", NULL},
    {"{'a':[1]}", "[{'op':'replace','path':'/a/1','value':1}]", NULL},
    {"{'a':[1,2]}", "[{'op':'replace','path':'/a/01','value':1}]", NULL},
    {"{'a':[1,2]}", "[{'op':'remove','path':'/a/-'}]", NULL},
    {"{'a':1}", "[{'op':'replace','path':'/b','value':1}]", NULL},
    {"{'a':1}", "[{'op':'add','path':'/a/b','value':1}]", NULL},
    {"{'a':1}", "[{'op':'remove','path':''}]", NULL},
    {"{'a':1}", "[{'op':'copy','from':'/b','path':'/c'}]", NULL},
    {"{'':1}", "[{'op':'replace','path':'/','value':2}]", "{'':2}"},
    {"{'a':1}", "[]", "{'a':1}"},
    {"{'a':'b'}", "{'a':'c'}", "{'a':'c'}"},
    {"{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}"},
    {"{'a':'b'}", "{'a':null}", "{}"},
    {"{'a':['b']}", "{'a':'c'}", "{'a':'c'}"},
    {"{'a':'c'}", "{'a':['b']}", "{'a':['b']}"},
    {"{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}"},
    {"{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}"},
    {"['c']", "{'a':'b','c':null}", "{'a':'b'}"},
    {"{'e':null}", "{'a':1}", "{'e':null,'a':1}"},
    {"{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}"},
};

static json_t *parse(const char *text) {
    char quoted[512];
    size_t n = 0;
    for (; text[n]; n++)
        quoted[n] = (char)(text[n] == '\'' ? '"' : text[n]);
    json_t *value = json_loadb(quoted, n, 0, NULL);
    ck_assert_msg(value != NULL, "%s", text);
    return value;
}

START_TEST(examples) {
    const struct edit_case *c = &cases[_i];
    json_t *doc = parse(c->doc), *change = parse(c->edit);
    json_t *edit = json_pack("{s:o}", json_is_array(change) ? "patch" : "merge", change);
    struct eg_err err = {0};
    ck_assert_msg(eg_edit_check(edit, &err) == EG_OK, "%s", err.message);
    eg_status status = eg_edit_apply(&doc, edit, &err);
    if (c->expected) {
        json_t *expected = parse(c->expected);
        ck_assert_msg(status == EG_OK && json_equal(doc, expected), "%s: %s", c->edit, err.message);
        json_decref(expected);
    } else {
        ck_assert_msg(status == EG_FAIL && err.code == EG_E_EDIT_FAILED, "%s", c->edit);
    }
    json_decref(doc);
    json_decref(edit);
}
END_TEST

START_TEST(a_whole_event) {
    json_t *doc = NULL, *edit = parse("{'replace':{'a':1}}"), *expected = parse("{'a':1}");
    struct eg_err err = {0};
    ck_assert_int_eq(eg_edit_check(edit, &err), EG_OK);
    ck_assert_int_eq(eg_edit_apply(&doc, edit, &err), EG_OK);
    ck_assert(json_equal(doc, expected));
    json_decref(doc);
    json_decref(edit);
    json_decref(expected);
}
END_TEST

/* Each copy of the whole into itself doubles it: twenty would make gigabytes of a line. */
START_TEST(copies_are_bounded) {
    json_t *doc = parse("{'a':'some text'}"), *patch = json_array(), *edit = json_pack("{s:o}", "patch", patch);
    struct eg_err err = {0};
    for (int i = 0; i < 40; i++)
        json_array_append_new(patch, json_pack("{s:s, s:s, s:o}", "op", "copy", "from", "", "path", json_sprintf("/x%d", i)));
    ck_assert_int_eq(eg_edit_check(edit, &err), EG_OK);
    ck_assert_int_eq(eg_edit_apply(&doc, edit, &err), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_EDIT_FAILED);
    char *made = json_dumps(doc, JSON_COMPACT);
    ck_assert_uint_lt(strlen(made), 2U << 20);
    free(made);
    json_decref(doc);
    json_decref(edit);
}
END_TEST

/* The same into its own depth: fifteen would make a text that no recursion gets to the end of. */
START_TEST(levels_are_bounded) {
    json_t *doc = parse("{'':{}}"), *patch = json_array(), *edit = json_pack("{s:o}", "patch", patch);
    struct eg_err err = {0};
    for (int levels = 2; levels < 32768; levels *= 2) {
        char *path = malloc((size_t)levels + 1);
        memset(path, '/', (size_t)levels);
        path[levels] = '\0';
        json_array_append_new(patch, json_pack("{s:s, s:s, s:s}", "op", "copy", "from", "", "path", path));
        free(path);
    }
    ck_assert_int_eq(eg_edit_check(edit, &err), EG_OK);
    ck_assert_int_eq(eg_edit_apply(&doc, edit, &err), EG_FAIL);
    ck_assert_int_eq(err.code, EG_E_EDIT_FAILED);
    char *made = json_dumps(doc, JSON_COMPACT);
    ck_assert_uint_le(strlen(made), 64 * 5);
    free(made);
    json_decref(doc);
    json_decref(edit);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("edit");
    TCase *tcase = tcase_create("edit");
    tcase_add_loop_test(tcase, examples, 0, (int)(sizeof cases / sizeof cases[0]));
    tcase_add_test(tcase, a_whole_event);
    tcase_add_test(tcase, copies_are_bounded);
    tcase_add_test(tcase, levels_are_bounded);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
