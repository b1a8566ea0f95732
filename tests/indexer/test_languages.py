"""What each language's table finds: definitions, signatures, complexity, imports, calls, tests, and what is public. samples/expected.json was
checked by hand against the samples."""
import json
import pathlib

import pytest

from support import indexer
from support.samples import SAME

SAMPLES = pathlib.Path(__file__).parent / "samples"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_sample_has_what_is_expected(name, tmp_path):
    wanted = EXPECTED[name]
    found = indexer.Symbols(tmp_path, name, (SAMPLES / name).read_bytes())
    assert found.file["language"] == wanted["language"]
    assert found.file["tests"] == wanted["tests"]
    assert [[d["def"], d["kind"], d["public"], d.get("signature", ""), d.get("cc", 0)] for d in found.defs] == wanted["definitions"]
    assert [list(entry) for entry in found.imports] == wanted["imports"]
    assert [list(entry) for entry in found.calls] == wanted["calls"]


def test_every_language_has_a_sample_and_a_pair():
    languages = {line.split("(")[1].split(",")[0] for line in
                 (SAMPLES.parents[2] / "indexer/languages.def").read_text("utf-8").splitlines() if line.startswith("X(")}
    assert {wanted["language"] for wanted in EXPECTED.values()} == languages - {"tsx"}
    assert len(SAME) == len(languages) - 1


@pytest.mark.parametrize("name", sorted(SAME))
def test_formatting_changes_nothing(name, tmp_path):
    before, after = (indexer.Symbols(tmp_path, name, text) for text in SAME[name])
    assert before.defs and before.calls and before.imports
    assert before.meaning() == after.meaning()


@pytest.mark.parametrize("name", sorted(SAME))
def test_another_body_has_another_hash(name, tmp_path):
    text = SAME[name][0]
    before, after = (indexer.Symbols(tmp_path, name, t) for t in (text, text.replace("g(", "k(")))
    changed = [a["def"] for a, b in zip(before.defs, after.defs) if a["body"] != b["body"]]
    assert changed == [d["def"] for d in before.defs], "the function, and the class around it"


def test_indentation_is_meaning_in_python(tmp_path):
    """What stands in a block, and what behind it, are two things; how deep it is indented and what follows the function are not."""
    inside = "def f(a):\n    for x in a:\n        g(x)\n        h(x)\n"
    behind = "def f(a):\n    for x in a:\n        g(x)\n    h(x)\n"
    wide = "def f(a):\n  for x in a:\n\n          g(x)\n          # words\n          h(x)\n\n\nprint(1)\n"
    body = {name: indexer.Symbols(tmp_path, f"{name}.py", text).defs[0]["body"]
            for name, text in (("inside", inside), ("behind", behind), ("wide", wide))}
    assert body["inside"] == body["wide"] != body["behind"]
    line, lines = "def f(a):\n    if a: return g(a)\n    return 1\n", "def f(a):\n    if a:\n        return g(a)\n    return 1\n"
    assert indexer.Symbols(tmp_path, "a.py", line).defs[0]["body"] == indexer.Symbols(tmp_path, "b.py", lines).defs[0]["body"]


def test_tsx_is_typescript_with_elements(tmp_path):
    found = indexer.Symbols(tmp_path, "a.tsx", "export const View = (p: P): Node => <a href={link(p)}>text</a>;\n")
    assert [(d["def"], d["public"], d["signature"]) for d in found.defs] == [("View", True, "(p: P) -> Node")]
    assert found.calls == [("View", "link")] and not found.file["broken"]


def test_definitions_of_one_name_are_numbered(tmp_path):
    found = indexer.Symbols(tmp_path, "a.py", "def f(): return 1\ndef f(): return 2\nclass A:\n    def f(self): return 3\n")
    assert [(d["def"], d.get("ordinal", 1)) for d in found.defs] == [("f", 1), ("f", 2), ("A", 1), ("A.f", 1)]


@pytest.mark.parametrize("name, text, skipped", [
    ("a.py", b"def f():\n    return '\0'\n", "binary"), ("a.c", b"int x;\n" * 400_000, "huge"), ("a.txt", b"def f(): pass\n", None)],
    ids=["binary", "huge", "other"])
def test_what_is_not_read_says_why(tmp_path, name, text, skipped):
    found = indexer.Symbols(tmp_path, name, text)
    assert found.file.get("skipped") == skipped
    assert not found.defs and not found.imports and not found.calls


def test_broken_text_gives_what_can_be_read(tmp_path):
    found = indexer.Symbols(tmp_path, "a.py", "def good():\n    return helper(1)\n\ndef bad(:\n    ]]] (\n")
    assert found.file["broken"]
    assert found.defs[0]["def"] == "good" and ("good", "helper") in found.calls


def test_bytes_that_are_no_utf8_are_replaced(tmp_path):
    found = indexer.Symbols(tmp_path, "a.py", b"def f(a='\xe4\xff'):\n    return caf\xe9(a)\n")
    assert found.defs[0]["def"] == "f" and found.defs[0]["signature"] == '(a="��")'


@pytest.mark.parametrize("name, piece, n", [("a.py", "(", 100_000), ("a.js", "a(", 50_000), ("a.rs", "fn f(){", 20_000), ("a.c", "int ((*", 20_000),
                                            ("a.ts", "class A{", 5_000), ("a.go", "func(", 20_000), ("A.java", "class A{", 5_000),
                                            ("a.py", "class A:\n def f(): pass\n", 20_000)])
def test_deep_and_long_texts_end(tmp_path, name, piece, n):
    assert indexer.Symbols(tmp_path, name, piece * n).file["lines"] >= 1


def test_an_import_of_white_space_is_none(tmp_path):
    assert indexer.Symbols(tmp_path, "a.go", 'package main\nimport "fmt"\nimport " "\n').imports == [("fmt", "", "")]
