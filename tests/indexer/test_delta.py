"""`egdb-index delta` and `history`: every kind of token is found on hand-made pairs in each language, and nothing else is; formatting is no
change; the fingerprint and the energy are those of their formulas."""
import hashlib
import json
import math
import os

import pytest

from support import indexer
from support.repository import Repository
from support.samples import SAME

C_BODY = "    int n = 0;\n    for (int i = 0; i < a; i++) {\n        n += step(i, a) * 2;\n    }\n    return n;\n"
# Each language: the name of a file, and texts by name. `base` is what the others are compared with.
LANGUAGES = {
    "python": ("m.py", {
        "import": "import os\n",
        "work": "def {name}(a, b):\n    total = 0\n    for x in a:\n        total += x * b\n    return total\n",
        "sig": "def {name}(a, b, c=1):\n    total = 0\n    for x in a:\n        total += x * b\n    return total\n",
        "cc": "def {name}(a, b):\n    total = 0\n    for x in a:\n        if x: total += x * b\n    return total\n",
        "class": "class {name}:\n    def get(self, key):\n        return self.data[key] or None\n",
        "test": "def test_{name}():\n    assert work(1, 2) == {name}\n",
        "long": "def long(a):\n    first = prepare(a)\n    second = [x * 2 for x in first if x]\n    third = sorted(second, key=len)\n    return emit(third)\n",
        "short": "def long(a):\n    third = part(a)\n    return emit(third)\n",
        "part": "def part(a):\n    first = prepare(a)\n    second = [x * 2 for x in first if x]\n    return sorted(second, key=len)\n"}),
    "c": ("m.c", {
        "import": "#include <os.h>\n",
        "work": "static int {name}(int a, char *b)\n{{\n    int n = 0;\n    for (int i = 0; i < a; i++) {{ n += step(b, i); }}\n    return n;\n}}\n",
        "sig": "static int {name}(int a, char *b, int c)\n{{\n    int n = 0;\n    for (int i = 0; i < a; i++) {{ n += step(b, i); }}\n    return n;\n}}\n",
        "cc": "static int {name}(int a, char *b)\n{{\n    int n = 0;\n    for (int i = 0; i < a; i++) {{ if (i) n += step(b, i); }}\n    return n;\n}}\n",
        "class": "struct {name} {{ int data; char *key; struct other *next; }};\n",
        "test": "void test_{name}(void) {{ check(work(1, 2) == {name}); }}\n",
        "long": "int longer(int a)\n{{\n    int first = prepare(a) * 3;\n    int second = filter(first, a, 2);\n    int third = arrange(second);\n"
                "    return emit(third);\n}}\n",
        "short": "int longer(int a)\n{{\n    int third = part(a);\n    return emit(third);\n}}\n",
        "part": "static int part(int a)\n{{\n    int first = prepare(a) * 3;\n    int second = filter(first, a, 2);\n    return arrange(second);\n}}\n"}),
    "javascript": ("m.js", {
        "import": "import os from 'os';\n",
        "work": "export function {name}(a, b) {{\n  let total = 0;\n  for (const x of a) {{ total += x * b; }}\n  return total;\n}}\n",
        "sig": "export function {name}(a, b, c = 1) {{\n  let total = 0;\n  for (const x of a) {{ total += x * b; }}\n  return total;\n}}\n",
        "cc": "export function {name}(a, b) {{\n  let total = 0;\n  for (const x of a) {{ if (x) total += x * b; }}\n  return total;\n}}\n",
        "class": "class {name} {{\n  get(key) {{ return this.data[key] + 1; }}\n}}\n",
        "test": "test('{name}', () => {{ }});\n",
        "long": "function longer(a) {{\n  const first = prepare(a);\n  const second = first.filter(x => x > 2);\n  const third = arrange(second);\n"
                "  return emit(third);\n}}\n",
        "short": "function longer(a) {{\n  const third = part(a);\n  return emit(third);\n}}\n",
        "part": "function part(a) {{\n  const first = prepare(a);\n  const second = first.filter(x => x > 2);\n  return arrange(second);\n}}\n"}),
    "go": ("m_test.go", {
        "import": 'import "os"\n',
        "work": "func {name}(a []int, b int) int {{\n\ttotal := 0\n\tfor _, x := range a {{ total += x * b }}\n\treturn total\n}}\n",
        "sig": "func {name}(a []int, b int64) int {{\n\ttotal := 0\n\tfor _, x := range a {{ total += x * b }}\n\treturn total\n}}\n",
        "cc": "func {name}(a []int, b int) int {{\n\ttotal := 0\n\tfor _, x := range a {{ if x > 0 {{ total += x * b }} }}\n\treturn total\n}}\n",
        "class": "type {name} struct {{\n\tdata map[string]int\n\tnext *Other\n}}\n",
        "test": "func Test{name}(t *testing.T) {{\n\tcheck(t, {name})\n}}\n",
        "long": "func longer(a int) int {{\n\tfirst := prepare(a)\n\tsecond := filter(first, a, 2)\n\tthird := arrange(second)\n\treturn emit(third)\n}}\n",
        "short": "func longer(a int) int {{\n\tthird := part(a)\n\treturn emit(third)\n}}\n",
        "part": "func part(a int) int {{\n\tfirst := prepare(a)\n\tsecond := filter(first, a, 2)\n\treturn arrange(second)\n}}\n"}),
    "rust": ("m.rs", {
        "import": "use std::os;\n",
        "work": "pub fn {name}(a: &[i32], b: i32) -> i32 {{\n    let mut total = 0;\n    for x in a {{ total += x * b; }}\n    total\n}}\n",
        "sig": "pub fn {name}(a: &[i32], b: i64) -> i32 {{\n    let mut total = 0;\n    for x in a {{ total += x * b; }}\n    total\n}}\n",
        "cc": "pub fn {name}(a: &[i32], b: i32) -> i32 {{\n    let mut total = 0;\n    for x in a {{ if *x > 0 {{ total += x * b; }} }}\n    total\n}}\n",
        "class": "struct {name} {{ data: Vec<i32>, next: Option<Box<Other>> }}\n",
        "test": "#[test]\nfn test_{name}() {{ assert_eq!(work(1), {name}); }}\n",
        "long": "fn longer(a: i32) -> i32 {{\n    let first = prepare(a);\n    let second = filter(first, a, 2);\n    let third = arrange(second);\n"
                "    emit(third)\n}}\n",
        "short": "fn longer(a: i32) -> i32 {{\n    let third = part(a);\n    emit(third)\n}}\n",
        "part": "fn part(a: i32) -> i32 {{\n    let first = prepare(a);\n    let second = filter(first, a, 2);\n    arrange(second)\n}}\n"}),
}
LANGUAGES["typescript"] = ("m.ts", dict(LANGUAGES["javascript"][1]))




LANGUAGES["java"] = ("M.java", {
    "import": "import p.os;\n",
    "work": "class W {{\n  public int {name}(int[] a, int b) {{\n    int total = 0;\n    for (int x : a) {{ total += x * b; }}\n    return total;\n  }}\n}}\n",
    "sig": "class W {{\n  public int {name}(int[] a, long b) {{\n    int total = 0;\n    for (int x : a) {{ total += x * b; }}\n    return total;\n  }}\n}}\n",
    "cc": "class W {{\n  public int {name}(int[] a, int b) {{\n    int total = 0;\n    for (int x : a) {{ if (x > 0) total += x * b; }}\n    return total;\n  }}\n}}\n",
    "class": "class {name} {{ int[] data; Other next; String key = \"a\"; }}\n",
    "test": "class T{name} {{\n  @Test void works() {{ check({name}); }}\n}}\n",
    "long": "class L {{\n  int longer(int a) {{\n    int first = prepare(a);\n    int second = filter(first, a, 2);\n    int third = arrange(second);\n"
            "    return emit(third);\n  }}\n}}\n",
    "short": "class L {{\n  int longer(int a) {{\n    int third = part(a);\n    return emit(third);\n  }}\n", "part_head": "",
    "part": "  int part(int a) {{\n    int first = prepare(a);\n    int second = filter(first, a, 2);\n    return arrange(second);\n  }}\n}}\n"})
W = {"java": "W."}  # what stands before a function's name
L = {"java": "L."}


@pytest.fixture
def repository(scratch):
    return Repository(scratch / "repo")


def report(repository, span="HEAD^..HEAD", *args):
    return json.loads(indexer.run("delta", "--repo", repository.folder, "--range", span, *args).out)


def between(repository, before, after):
    """The tokens between two sets of files, as (kind, symbol or file, before, after)."""
    repository.commit(files={"keep.txt": "x", **before})
    for name in set(before) - set(after):
        repository.git("rm", "-q", name)
    repository.commit(files=after)
    return report(repository)


def told(found):
    return sorted((token["kind"], token.get("symbol", "")) for token in found["tokens"])


def texts(language):
    name, parts = LANGUAGES[language]
    return name, lambda part, **kw: parts[part].format(**{"name": "work", **kw})


@pytest.fixture(params=sorted(LANGUAGES))
def language(request):
    return request.param


def head(language):
    return "package m\n" if language == "go" else ""


def test_a_function_comes_and_goes(repository, language):
    name, text = texts(language)
    base = head(language) + text("class", name="Base")
    wanted = W.get(language, "") + "work"
    extra = [("ADD_CLASS", "W")] if language == "java" else []
    assert told(between(repository, {name: base}, {name: base + text("work")})) == sorted([("ADD_FN", wanted)] + extra)
    repository.commit(files={name: base})
    assert told(report(repository)) == sorted([("DEL_FN", wanted)] + [("DEL_CLASS", "W")] * bool(extra))


def test_a_function_is_renamed(repository, language):
    name, text = texts(language)
    found = between(repository, {name: head(language) + text("work")}, {name: head(language) + text("work", name="labour")})
    before, after = W.get(language, "") + "work", W.get(language, "") + "labour"
    assert told(found) == [("RENAME_FN", after)]
    assert (found["tokens"][0]["before"], found["tokens"][0]["after"]) == (before, after)


def test_a_renamed_function_may_change_a_little(repository):
    body = "def {}(a):\n" + "".join(f"    step{n}(a, {n})\n" for n in range(30)) + "    return {}\n"
    found = between(repository, {"m.py": body.format("old", "a")}, {"m.py": body.format("new", "a + 1")})
    assert told(found) == [("RENAME_FN", "new")]
    other = "def {}(a):\n" + "".join(f"    other{n}[a] = {n}\n" for n in range(30))
    repository.commit(files={"m.py": other.format("newer")})
    assert told(report(repository)) == [("ADD_FN", "newer"), ("DEL_FN", "new")]


def test_a_signature_changes(repository, language):
    name, text = texts(language)
    found = between(repository, {name: head(language) + text("work")}, {name: head(language) + text("sig")})
    assert told(found) == [("MODIFY_SIG", W.get(language, "") + "work")]
    assert found["tokens"][0]["before"] != found["tokens"][0]["after"]


@pytest.mark.parametrize("name, before, after, changed", [
    ("m.py", "def f(a, b): pass\n", "def f(b, a): pass\n", True), ("m.py", "def f(a, b): pass\n", "def f(a, c): pass\n", True),
    ("m.py", "def f(a: int): pass\n", "def f(a: str): pass\n", True), ("m.py", "def f(a=1): pass\n", "def f(a=2): pass\n", True),
    ("m.py", "def f(a) -> int: pass\n", "def f(a) -> str: pass\n", True), ("m.py", "def f(a, b): pass\n", "def f(a, *, b): pass\n", True),
    ("m.c", "int f(int a) { return 1; }\n", "int f(int b) { return 1; }\n", False),
    ("m.c", "int f(int a) { return 1; }\n", "int *f(int a) { return 1; }\n", True),
    ("m.js", "function f(a, b) {}\n", "function f(b, a) {}\n", True), ("m.js", "function f(a) {}\n", "function f(b) {}\n", False)],
    ids=range(10))
def test_what_belongs_to_a_signature(repository, name, before, after, changed):
    assert told(between(repository, {name: before}, {name: after})) == ([("MODIFY_SIG", "f")] if changed else [])


def test_complexity_changes(repository, language):
    name, text = texts(language)
    found = between(repository, {name: head(language) + text("work")}, {name: head(language) + text("cc")})
    assert told(found) == [("ΔCC", W.get(language, "") + "work")]
    assert (found["tokens"][0]["before"], found["tokens"][0]["after"]) == (2, 3)


def test_imports_come_and_go(repository, language):
    name, text = texts(language)
    base = head(language)
    found = between(repository, {name: base + text("work")}, {name: base + text("import") + text("work")})
    assert [(t["kind"], "before" in t, "os" in t["after"]) for t in found["tokens"]] == [("ΔIMPORT", False, True)]
    repository.commit(files={name: base + text("work")})
    assert [(t["kind"], "after" in t, "os" in t["before"]) for t in report(repository)["tokens"]] == [("ΔIMPORT", False, True)]


# What a test is beside being one: in JavaScript it is a call.
TESTS_ADD = {"javascript": [], "typescript": [], "go": [("ADD_FN", "TestX")], "java": [("ADD_CLASS", "TX"), ("ADD_FN", "TX.works")],
             **{language: [("ADD_FN", "test_X")] for language in ("python", "c", "rust")}}


def test_tests_come_and_go(repository, language):
    name, text = texts(language)
    base = head(language) + text("work")
    found = between(repository, {name: base}, {name: base + text("test", name="X")})
    assert [(t["before"], t["after"], t["weight"]) for t in found["tokens"] if t["kind"] == "ΔTESTS"] == [(0, 1, 0)]
    assert told(found) == sorted(TESTS_ADD[language] + [("ΔTESTS", "")])
    repository.commit(files={name: base})
    assert [(t["before"], t["after"], t["weight"]) for t in report(repository)["tokens"] if t["kind"] == "ΔTESTS"] == [(1, 0, 0.2)]


def test_classes_come_go_and_are_renamed(repository, language):
    name, text = texts(language)
    base = head(language) + text("work")
    members = [m for m in ("get",) if m in text("class")]
    found = between(repository, {name: base}, {name: base + text("class", name="Some")})
    assert told(found) == sorted([("ADD_CLASS", "Some")] + [("ADD_FN", f"Some.{m}") for m in members])
    repository.commit(files={name: base + text("class", name="Thing")})
    assert told(report(repository)) == [("RENAME_CLASS", "Thing")]
    repository.commit(files={name: base})
    assert told(report(repository)) == sorted([("DEL_CLASS", "Thing")] + [("DEL_FN", f"Thing.{m}") for m in members])


def test_a_part_is_extracted_and_inlined(repository, language):
    name, text = texts(language)
    whole, parts = head(language) + text("long"), head(language) + text("short") + text("part")
    found = between(repository, {name: whole}, {name: parts})
    prefix = L.get(language, "")
    wanted = [("EXTRACT_FN", prefix + "part")]
    assert [t for t in told(found) if t[0] != "ΔCC"] == wanted
    repository.commit(files={name: whole})
    assert [t for t in told(report(repository)) if t[0] != "ΔCC"] == [("INLINE_FN", prefix + "part")]


# Each language: the file that gets the part, what stands before it there, and what brings it into the file that had it.
ELSEWHERE = {"python": ("part.py", "", "from part import part\n"), "c": ("part.c", "", '#include "part.h"\n'),
             "javascript": ("part.js", "export ", "import { part } from './part.js';\n"), "typescript": ("part.ts", "export ", "import { part } from './part';\n"),
             "go": ("part.go", "package m\n", ""), "rust": ("part.rs", "pub ", "use crate::part::part;\n"), "java": ("Part.java", "class Part {\n", "")}
FUNCTIONS = ("ADD_FN", "DEL_FN", "EXTRACT_FN", "INLINE_FN", "RENAME_FN", "MOVE_SYMBOL")


def functions(found):
    return [token for token in told(found) if token[0] in FUNCTIONS]


def test_a_part_is_extracted_into_another_file_and_inlined(repository, language):
    name, text = texts(language)
    other, before, bring = ELSEWHERE[language]
    java = language == "java"
    whole = head(language) + text("long")
    short = head(language) + bring + (text("short").replace("part(", "Part.part(") + "}\n" if java else text("short"))
    parts = {name: short, other: before + text("part").replace("static ", "").replace("  int part", "  static int part")}
    symbol = "Part.part" if java else "part"
    found = between(repository, {name: whole}, parts)
    assert functions(found) == [("EXTRACT_FN", symbol)]
    assert [(t["file"], t["line"]) for t in found["tokens"] if t["kind"] == "EXTRACT_FN"] == [(other, 2 if java or language == "go" else 1)]
    repository.git("rm", "-q", other)
    repository.commit(files={name: whole})
    assert functions(report(repository)) == [("INLINE_FN", symbol)]


def test_what_is_called_elsewhere_was_taken_from_there_only_if_the_call_leads_there(repository):
    python = LANGUAGES["python"][1]
    whole, short, part = (python[name] for name in ("long", "short", "part"))
    assert functions(between(repository, {"m.py": whole}, {"m.py": short, "x/new.py": part})) == [("EXTRACT_FN", "part")], "the only one of its name"
    brought, other = "from other import part\n", {"other.py": "def part(a):\n    return a\n"}
    repository.git("rm", "-rq", "x")
    assert functions(between(repository, {"m.py": brought + whole, **other}, {"m.py": brought + short, "x/new.py": part, **other})) == [
        ("ADD_FN", "part")], "what is called is imported from elsewhere"
    repository.git("rm", "-rq", "x", "other.py")
    assert functions(between(repository, {"m.py": whole}, {"m.py": short, "x/new.py": part, "y/new.py": part})) == [("ADD_FN", "part")] * 2, "one of two"
    repository.git("rm", "-rq", "x", "y")
    assert functions(between(repository, {"m.py": whole}, {"m.py": whole.replace("len", "part"), "x/new.py": part})) == [("ADD_FN", "part")], "not called"
    many = {side: "".join(text.replace("long", f"long{n}").replace("part", f"part{n}") for n in range(201)) for side, text in (("long", whole), ("short", short))}
    repository.git("rm", "-rq", "x")
    found = between(repository, {"m.py": many["long"]}, {"m.py": many["short"], "x/new.py": "".join(part.replace("part", f"part{n}") for n in range(201))})
    assert {kind for kind, _ in functions(found)} == {"ADD_FN"} and found["degraded"], "200 are compared"


def test_a_new_function_that_is_called_is_not_extracted_for_that(repository):
    before = "def long(a):\n    first = prepare(a, [0])\n    return emit(first)\n"
    after = "def long(a):\n    first = prepare(a, helper(a))\n    return emit(first)\n\ndef helper(x):\n    return [y for y in x.items() if y][0]\n"
    found = between(repository, {"m.py": before}, {"m.py": after})
    assert told(found) == [("ADD_FN", "helper")] and found["tokens"][0]["line"] == 5
    repository.commit(files={"m.py": before})
    assert told(report(repository)) == [("DEL_FN", "helper")]


def test_a_symbol_moves(repository, language):
    name, text = texts(language)
    base = head(language) + text("class", name="Base")
    other = "other_" + name
    found = between(repository, {name: base + text("work"), other: head(language)}, {name: base, other: head(language) + text("work")})
    moved = [t for t in found["tokens"] if t["kind"] == "MOVE_SYMBOL"]
    assert told(found) == [("MOVE_SYMBOL", "W" if language == "java" else "work")]
    assert moved[0]["before"].startswith(f"AST::{name}#") and moved[0]["after"].startswith(f"AST::{other}#")


@pytest.mark.parametrize("name", sorted(SAME))
def test_formatting_is_no_change(repository, name):
    before, after = SAME[name]
    found = between(repository, {name: before}, {name: after})
    assert found["tokens"] == []
    assert found["fingerprint"] == "fp:sha256:" + hashlib.sha256(b"").hexdigest() and found["delta_z"] == 0


def test_files_come_go_and_move(repository):
    body = "def stays(a):\n    for x in a:\n        print(x)\n    return a\n"
    found = between(repository, {"a.py": body, "b.txt": "text\n" * 20}, {"new/a.py": body, "c.md": "# other\n" * 20})
    assert told(found) == [("ADD_FILE", ""), ("DEL_FILE", ""), ("MOVE_FILE", "")]
    assert [(t["before"], t["after"]) for t in found["tokens"] if t["kind"] == "MOVE_FILE"] == [("a.py", "new/a.py")]
    repository.commit(files={"new/a.py": body.replace("stays", "goes")})
    assert told(report(repository, "HEAD~2..HEAD")) == told(found)[:2] + [("MOVE_FILE", ""), ("RENAME_FN", "goes")]


def test_many_definitions_are_told_by_their_hashes(repository):
    names = [f"f{n}" for n in range(250)]
    text = {side: {"m.py": "".join(f"def {side}{name}(a):\n    return a * {n} + {n + 1}\n" for n, name in enumerate(names))} for side in "ab"}
    found = between(repository, text["a"], text["b"])
    assert {t["kind"] for t in found["tokens"]} == {"RENAME_FN"} and len(found["tokens"]) == 250 and not found["degraded"]
    repository.commit(files={"m.py": "".join(f"def c{name}(a):\n    return a * {n} - {n + 2}\n" for n, name in enumerate(names))})
    assert report(repository)["degraded"]


def test_weights_are_the_policys(repository):
    found = between(repository, {"pkg/a.py": "x = 1\n"}, {"pkg/a.py": "def public(a):\n    return a\ndef _own(a):\n    return -a\n",
                                                         "tests/t.py": "def helper(a):\n    return a * 9\n", "vendor/v.py": "def _v(a):\n    return a * 8\n"})
    weights = {t["symbol"]: t["weight"] for t in found["tokens"] if t["kind"] == "ADD_FN"}
    assert weights == pytest.approx({"public": 0.08 * 1.5, "_own": 0.08, "helper": 0.08 * 1.5 * 0.5, "_v": 0.08 * 0.1})
    assert sum(t["contribution"] for t in found["tokens"]) == pytest.approx(1)


def test_the_fingerprint_is_that_of_its_formula(repository):
    found = between(repository, {"a.py": "import os\ndef f(a): return a\n"},
                    {"a.py": "import sys\n\n\n\n\n\n\ndef f(a, b): return a\n\ndef g(x): return x * 2\n", "pkg/b.py": "def h(): return 3\n"})
    marks = [(t["file"], f"{t['kind']}@{t['module']}#{t.get('line', 0) // 5 * 5}") for t in found["tokens"]]
    pairs = [f"{a[1]}>{b[1]}" for a, b in zip(marks, marks[1:]) if a[0] == b[0]]
    assert len(marks) == 6 and pairs
    assert found["fingerprint"] == "fp:sha256:" + hashlib.sha256("|".join([m[1] for m in marks] + pairs).encode("utf-8")).hexdigest()


def history(repository, out, *args):
    indexer.run("history", "--repo", repository.folder, "--out", out, *args)
    return [json.loads(line) for line in (out / "events.ndjson").read_text("utf-8").splitlines()]


def test_the_energy_is_that_of_its_formula(repository, scratch):
    text = ""
    for n in range(12):
        text += "".join(f"def _f{n}_{i}(a): return a * {n} + {i}\n" for i in range(n % 4 + 1))
        repository.commit(files={"m.py": text})
    listed = history(repository, scratch / "out")
    raws = [sum(t["weight"] for t in e["payload"]["tokens"]) for e in listed if e["topic"] == "delta.tokens@v1"]
    scores = [e["payload"]["score_deltaZ"] for e in listed if e["topic"] == "delta.fingerprint@v1"]
    average, wanted = None, []
    for n, raw in enumerate(raws):
        wanted.append(1 - math.exp(-raw / (average if n >= 5 else 1.0)))
        average = raw if average is None else 0.15 * raw + 0.85 * average
    assert len(scores) == 12 and scores == pytest.approx(wanted)


def test_the_history_is_in_the_tables_once(repository, server, store, scratch):
    first = repository.commit(files={"a.py": "def f(a): return a\n"})
    second = repository.commit(files={"a.py": "def f(a, b): return a\n"})
    third = repository.commit("nothing")
    one, two = (json.loads(indexer.run("history", "--repo", repository.folder, "--server", server.url).out) for _ in range(2))
    assert (one["commits"], one["tokens"], one["stored"]) == (3, 3, 5) and (two["stored"], two["duplicates"]) == (0, 5)
    assert sorted(store.query("SELECT sha, token, file FROM delta_tokens")) == sorted(
        [(first, "ADD_FILE", "a.py"), (first, "ADD_FN", "a.py"), (second, "MODIFY_SIG", "a.py")])
    assert {row[0] for row in store.query("SELECT sha FROM delta_fingerprints")} == {first, second, third}
    later = history(repository, scratch / "later", "--from", first)
    assert {e["payload"]["sha"] for e in later} == {second, third}
    assert later == [e for e in history(repository, scratch / "all") if e["payload"]["sha"] != first], "a range says the same as the whole"


def test_merges_roots_and_odd_changes(repository, scratch):
    repository.commit("root, and empty")
    repository.commit(files={"a.py": "def f(): return 1\n", "b.bin": b"\0\1\2", "huge.py": "x = 1\n" * 400_000})
    repository.git("checkout", "-q", "-b", "side", "HEAD~1")
    repository.commit(files={"c.py": "def g(): return 2\n"})
    repository.git("merge", "-q", "--no-edit", "main")
    os.remove(repository.folder / "a.py")
    os.symlink("c.py", repository.folder / "a.py")
    repository.commit(files={"b.bin": b"\0\3", "huge.py": "x = 2\n" * 400_000, "c.py": "def g(:\n  ((("})
    listed = history(repository, scratch / "out")
    tokens = {e["payload"]["sha"]: sorted((t["token"], t["file"]) for t in e["payload"]["tokens"]) for e in listed if e["topic"] == "delta.tokens@v1"}
    assert len([e for e in listed if e["topic"] == "delta.fingerprint@v1"]) == 5
    merge = repository.git("rev-parse", "HEAD^").stdout.decode().strip()
    assert tokens[merge] == [("ADD_FILE", "a.py"), ("ADD_FILE", "b.bin"), ("ADD_FILE", "huge.py"), ("ADD_FN", "a.py")]


def test_wrong_ranges_are_told(repository):
    repository.commit(files={"a.py": "x = 1\n"})
    assert "A..B" in indexer.run("delta", "--repo", repository.folder, "--range", "HEAD", check=2).err
    assert "nosuch" in indexer.run("delta", "--repo", repository.folder, "--range", "nosuch..HEAD", check=2).err


def test_the_report_goes_where_it_is_wanted(repository, scratch):
    repository.commit(files={"a.py": "x = 1\n"})
    repository.commit(files={"a.py": "def f(): return 1\n"})
    indexer.run("delta", "--repo", repository.folder, "--out", scratch / ".glx/delta_report.json")
    written = json.loads((scratch / ".glx/delta_report.json").read_text("utf-8"))
    assert set(written) >= {"range", "tokens", "fingerprint", "delta_z", "by_category", "spike"}
    assert written["by_category"] == {"ast": 1} and written["spike"] == "semantic"


def test_a_short_range_has_the_energy_that_the_whole_history_gives_it(repository, scratch):
    """Few commits of many are read without the others; merges and several modules in them."""
    for n in range(40):
        repository.commit(files={f"m{n % 3}.py": "".join(f"def f{n}_{k}(a):\n    return a + {k}\n" for k in range(n % 5 + 1))})
    repository.git("checkout", "-q", "-b", "side", "HEAD~5")
    repository.commit(files={"m1.py": "def side(a, b):\n    return a if b else 1\n"})
    repository.git("checkout", "-q", "main")
    repository.commit(files={"m2.py": "def main(a):\n    return a\n", "m0.py": "import os\n"})
    repository.git("merge", "-q", "-X", "ours", "-m", "both", "side")

    def told(*words):
        folder = scratch / f"out{len(list(scratch.iterdir()))}"
        indexer.run("history", "--repo", repository.folder, "--out", folder, *words)
        return [json.loads(line) for line in (folder / "events.ndjson").read_text("utf-8").splitlines()]

    whole, short = told(), told("--from", "HEAD^")
    shas = {event["repo_sha"] for event in short}
    assert len(shas) == 2 and sorted(map(json.dumps, short)) == sorted(json.dumps(event) for event in whole if event["repo_sha"] in shas)
    fingerprint = next(event["payload"] for event in short if event["topic"] == "delta.fingerprint@v1" and event["repo_sha"] == repository.head())
    assert report(repository, "HEAD^..HEAD")["delta_z"] == pytest.approx(fingerprint["score_deltaZ"])


def test_the_first_commit_is_compared_with_nothing(repository):
    repository.commit(files={"a.py": "def f():\n    pass\n"})
    found = json.loads(indexer.run("delta", "--repo", repository.folder).out)
    assert {"ADD_FILE", "ADD_FN"} == {token["kind"] for token in found["tokens"]}
    assert "nowhere" in indexer.run("delta", "--repo", repository.folder, "--range", "nowhere^..HEAD", check=2).err
