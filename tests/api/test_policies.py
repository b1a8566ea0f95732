"""spec/policies/change_types.json: what a change of a file is about, by its path; and all patterns are regular expressions."""
import json
import pathlib
import re

import pytest

POLICIES = pathlib.Path(__file__).parents[2] / "spec" / "policies"
CHANGE_TYPES = json.loads((POLICIES / "change_types.json").read_text())
PATHS = {
    "db_migration": ["migrations/sql/0001_log.sqlite.up.sql", "app/db/migrate/001.rb", "schema.prisma"],
    "dependency": ["requirements-dev.txt", "web/package.json", "go.sum", "Cargo.lock", "pyproject.toml"],
    "config": ["config/egdb.ini", "deploy/values.yaml", "Makefile", "Dockerfile", ".github/workflows/ci.yml", ".clang-format.yml"],
    "timeout_retry": ["net/retry.go", "src/circuit_breaker.py", "lib/backoff.c"],
    "http_client": ["net/http_client.c", "src/clients/billing.py", "api-client/index.ts"],
    "shared_util": ["src/utils/text.py", "base/arena.c", "helpers/time.js", "core/string_util.c"],
    "auth": ["server/auth/jwt.c", "app/login.py", "oauth2/token.go"],
    "test": ["tests/unit/test_rules.c", "pkg/a_test.go", "src/a.spec.ts", "conftest.py"],
    "docs": ["README.md", "docs/architecture.md", "LICENSE", "man/egdb.1"],
    "other": ["core/pipeline.py", "server/main.c", "a"],
}


def change_type(path):
    for rule in CHANGE_TYPES["rules"]:
        if re.search(rule["pattern"], path, re.IGNORECASE):
            return rule["type"]
    return CHANGE_TYPES["default"]


@pytest.mark.parametrize("expected,path", [(kind, path) for kind, paths in PATHS.items() for path in paths])
def test_change_type(expected, path):
    assert change_type(path) == expected


def test_types_are_those_of_the_schema():
    schema = json.loads((POLICIES.parent / "schemas" / "glitchlab" / "commit.recorded@v1.json").read_text())
    declared = schema["properties"]["files"]["items"]["properties"]["change_type"]["enum"]
    assert CHANGE_TYPES["types"] == declared
    assert {rule["type"] for rule in CHANGE_TYPES["rules"]} | {CHANGE_TYPES["default"]} == set(declared)


def test_patterns_compile():
    for entry in json.loads((POLICIES / "secrets.json").read_text())["patterns"]:
        re.compile(entry["pattern"])
    for entry in json.loads((POLICIES / "tokens.json").read_text())["factors"]:
        re.compile(entry["pattern"])
