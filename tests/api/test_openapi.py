"""openapi.yaml against what the server is made of: routes.def and errors.def; and the configuration's texts against options.def."""
import re
import subprocess
import sys

import yaml

from support import binary

ROOT = binary.ROOT
ROUTE = re.compile(r'^X\((\w+),\s*"([^"]+)",\s*(\w+),\s*(\w+),\s*(NULL|"[^"]*")\)$', re.M)
ERROR = re.compile(r'^X\(\w+,\s*"(\w+)",\s*(\d+),', re.M)


def text(name):
    return (ROOT / name).read_text("utf-8")


def described_routes():
    found, path = set(), None
    section = re.search(r"^paths:\n(.*?)^components:", text("openapi.yaml"), re.M | re.S).group(1)
    for line in section.splitlines():
        if match := re.fullmatch(r"  (/\S*):", line):
            path = match.group(1)
        elif match := re.fullmatch(r"    (get|post|put|delete):", line):
            found.add((match.group(1).upper(), path))
    return found


def test_paths_and_methods():
    routes = {(method, path) for method, path, *_ in ROUTE.findall(text("server/http/routes.def"))}
    assert len(routes) >= 13
    assert described_routes() == routes


def test_error_codes():
    codes = [code for code, _ in ERROR.findall(text("base/errors.def"))]
    listed = re.search(r"^    Code:\n.*?enum:\n((?:        - \w+\n)+)", text("openapi.yaml"), re.M | re.S).group(1)
    assert re.findall(r"- (\w+)", listed) == codes


def test_every_code_has_an_answer_with_its_status():
    api = yaml.safe_load(text("openapi.yaml"))
    for code, status in ERROR.findall(text("base/errors.def")):
        named = [name for name, answer in api["components"]["responses"].items() if f"`{code}`" in answer["description"]]
        assert len(named) == 1, code
        used = {answers for path in api["paths"].values() for way in path.values()
                for answers, what in way["responses"].items() if what.get("$ref", "").endswith("/" + named[0])}
        assert used == {status}, code


def test_queries():
    """The names that a route takes in its query string are those of the description. NULL: the flow judges them."""
    api = yaml.safe_load(text("openapi.yaml"))

    def resolved(parameter):
        return api["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]] if "$ref" in parameter else parameter

    for method, path, _, _, names in ROUTE.findall(text("server/http/routes.def")):
        way = api["paths"][path]
        described = [resolved(parameter) for parameter in way.get("parameters", []) + way[method.lower()].get("parameters", [])]
        if names != "NULL":
            assert sorted(p["name"] for p in described if p["in"] == "query") == sorted(names.strip('"').split()), (method, path)


def test_scopes():
    """Open routes are open in the description, and the others name their scope."""
    api = yaml.safe_load(text("openapi.yaml"))
    for method, path, scope, *_ in ROUTE.findall(text("server/http/routes.def")):
        way = api["paths"][path][method.lower()]
        assert (way.get("security") == []) == (scope == "NONE"), path
        if scope not in ("NONE", "ANY"):
            assert f"`{scope.lower().replace('_', ':')}`" in way["description"], path
        assert ("401" in way["responses"]) == (scope != "NONE"), path


def test_answers_that_every_path_may_give():
    """The head is judged for all of them, and a body wherever one is taken."""
    for path, ways in yaml.safe_load(text("openapi.yaml"))["paths"].items():
        for method, way in ways.items():
            wanted = {"400", "405", "408", "414", "431", "500", "503"} | ({"413", "415", "422"} if "requestBody" in way else set())
            assert wanted <= set(way["responses"]), (method, path, wanted - set(way["responses"]))


def test_open_paths():
    """docs/reference/auth.md names every path that needs no token."""
    page = text("docs/reference/auth.md")
    said = re.findall(r"/[\w./{}-]*", re.search(r"^Open to all, with auth too: (.*?)\. Keep", page, re.M | re.S).group(1))
    assert set(said) == {path for _, path, scope, *_ in ROUTE.findall(text("server/http/routes.def")) if scope == "NONE"}


def test_configuration_texts():
    done = subprocess.run([sys.executable, str(ROOT / "scripts/options.py"), "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_command_reference():
    done = subprocess.run([sys.executable, str(ROOT / "scripts/cli_page.py"), "check", str(binary.path())], capture_output=True, text=True,
                          env=binary.environment(), check=False)
    assert done.returncode == 0, done.stderr


def test_panel_reference():
    done = subprocess.run([sys.executable, str(ROOT / "scripts/panels_page.py"), "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
