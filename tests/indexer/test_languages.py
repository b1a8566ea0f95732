"""What each language's table finds: definitions, signatures, complexity, imports, calls, tests, and what is public. samples/expected.json was
checked by hand against the samples."""
import json
import pathlib

import pytest

from support import indexer

SAMPLES = pathlib.Path(__file__).parent / "samples"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text("utf-8"))

# Two texts that mean the same: white space, line breaks, comments, quotes, commas before closing brackets, order of imports.
SAME = {
    "a.py": ('import os\nimport sys\n\ndef f(a, b=1):\n    if a and b: return g("x", [1, 2])\n    return None\n',
             "import sys\nimport os\n\n\ndef f(\n    a,  # the first\n    b = 1,\n):\n    '''Says something.'''\n    if a and b:\n"
             "        return g(\n            'x',\n            [1, 2,],\n        )\n\n    # nothing\n    return None\n"),
    "a.c": ('#include "a.h"\n#include <b.h>\nint f(int a, char *b) { if (a && b) return g(a); return 0; }\n',
            '#include <b.h>\n#include "a.h"\n\n/* says */\nint\nf(int   a,\n  char *b)\n{\n    // why\n    if (a && b)\n        return g(a);\n'
            '    return 0;\n}\n'),
    "a.js": ("import {a, b} from './m';\nimport c from './n';\nexport function f(x, y = 'z') { return [g(x), y]; }\n",
             'import c from "./n"\nimport { b, a, } from "./m"\n\n// says\nexport function f(\n    x,\n    y = "z",\n) {\n    return [g(x), y,]\n}\n'),
    "a.ts": ("import {a} from './m';\nexport class A { f(x: number, y?: string): void { g(x, 'y'); } }\n",
             'import { a } from "./m"\nexport class A {\n    /* says */\n    f(\n        x: number,\n        y?: string,\n    ): void {\n'
             '        g(x, "y")\n    }\n}\n'),
    "a.go": ('package a\nimport "fmt"\nimport "os"\nfunc F(a int, b string) error { if a > 1 { g(b, os.Args) }; return nil }\n',
             'package a\n\nimport (\n\t"os"\n\t"fmt"\n)\n\n// F says.\nfunc F(\n\ta int,\n\tb string,\n) error {\n\tif a > 1 {\n'
             '\t\tg(\n\t\t\tb, os.Args,\n\t\t)\n\t}\n\treturn nil\n}\n'),
    "A.java": ("import a.B;\nimport c.D;\npublic class A { public int f(int a, String b) { return a > 1 ? g(a) : D.h(b); } }\n",
               "import c.D;\nimport a.B;\n\n/** Says. */\npublic class A {\n    public int f(int a,\n                 String b) {\n        // why\n"
               "        return a > 1\n            ? g(a)\n            : D.h(b);\n    }\n}\n"),
    "a.rs": ("use a::{b, c};\nuse d::E;\npub fn f(a: i32, b: &str) -> Option<i32> { if a > 1 { return g(a); } Some(h(b, 1)) }\n",
             "use d::E;\nuse a::c;\nuse a::b;\n\n/// Says.\npub fn f(\n    a: i32,\n    b: &str,\n) -> Option<i32> {\n    if a > 1 {\n"
             "        return g(a);\n    }\n    Some(h(b, 1,))\n}\n"),
}


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
