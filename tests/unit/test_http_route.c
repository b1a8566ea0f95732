/* Paths to routes: literals, parameters, methods. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/route.h"

static const struct eg_flow costly = {.name = "costly", .no_head = true};
static const struct eg_route routes[] = {
    {.method = EG_HTTP_POST, .pattern = "/v1/events"},
    {.method = EG_HTTP_GET, .pattern = "/v1/events/{id}"},
    {.method = EG_HTTP_GET, .pattern = "/v1/events"},
    {.method = EG_HTTP_GET, .pattern = "/v1/events/stream"},
    {.method = EG_HTTP_GET, .pattern = "/v1/topics/{topic}"},
    {.method = EG_HTTP_POST, .pattern = "/v1/topics/{topic}/validate"},
    {.method = EG_HTTP_DELETE, .pattern = "/v1/events/{id}"},
    {.method = EG_HTTP_GET, .pattern = "/v1/query", .flow = &costly},
};

static struct eg_router *router;
static struct eg_str param;

static void setup(void) { router = eg_router_new(routes, sizeof routes / sizeof routes[0]); }
static void teardown(void) { eg_router_free(router); }

static const struct eg_path *find(const char *path) { return eg_router_find(router, path, strlen(path), &param); }

static void expect(const char *path, enum eg_http_method method, int route, const char *value) {
    const struct eg_path *found = find(path);
    ck_assert_msg(found != NULL, "%s is not found", path);
    ck_assert_int_eq(found->route[method], route);
    if (value)
        ck_assert_msg(param.p && param.n == strlen(value) && memcmp(param.p, value, param.n) == 0, "%s", path);
    else
        ck_assert_ptr_null(param.p);
}

START_TEST(paths_find_their_routes) {
    expect("/v1/events", EG_HTTP_POST, 0, NULL);
    expect("/v1/events", EG_HTTP_GET, 2, NULL);
    expect("/v1/events/abc", EG_HTTP_GET, 1, "abc");
    expect("/v1/events/abc", EG_HTTP_DELETE, 6, "abc");
    expect("/v1/events/a%2Fb", EG_HTTP_GET, 1, "a%2Fb");
    expect("/v1/topics/a.b@v1", EG_HTTP_GET, 4, "a.b@v1");
    expect("/v1/topics/a.b@v1/validate", EG_HTTP_POST, 5, "a.b@v1");
    expect("/v1/topics/validate", EG_HTTP_GET, 4, "validate");
}
END_TEST

START_TEST(a_literal_wins) { expect("/v1/events/stream", EG_HTTP_GET, 3, NULL); }
END_TEST

START_TEST(other_paths_are_unknown) {
    static const char *const unknown[] = {"/",
                                          "",
                                          "/v1/event",
                                          "/v1/events/",
                                          "/v1/eventsx",
                                          "/v1/topics",
                                          "/v1/events/a/b",
                                          "/v1/topics//validate",
                                          "/V1/events",
                                          "//v1/events",
                                          "/v1/topics/a/b/validate"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        ck_assert_msg(find(unknown[i]) == NULL, "%s", unknown[i]);
}
END_TEST

START_TEST(allow_lists_the_methods) {
    char allow[EG_HTTP_ALLOW_B];
    eg_path_allow(find("/v1/events"), allow);
    ck_assert_str_eq(allow, "GET, HEAD, POST, OPTIONS");
    eg_path_allow(find("/v1/events/x"), allow);
    ck_assert_str_eq(allow, "GET, HEAD, DELETE, OPTIONS");
    eg_path_allow(find("/v1/topics/x/validate"), allow);
    ck_assert_str_eq(allow, "POST, OPTIONS");
    eg_path_allow(find("/v1/query"), allow);
    ck_assert_str_eq(allow, "GET, OPTIONS");
    ck_assert(!find("/v1/query")->head && find("/v1/events")->head);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("http_route");
    TCase *tests = tcase_create("route");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, paths_find_their_routes);
    tcase_add_test(tests, a_literal_wins);
    tcase_add_test(tests, other_paths_are_unknown);
    tcase_add_test(tests, allow_lists_the_methods);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
