"""`egdb-index graph`: the files of a commit become nodes and edges; what a name leads to; runs that are repeated; files that are odd."""
import json
import os
import random

import pytest

from support import indexer, ports
from support.repository import Repository


@pytest.fixture
def repository(scratch):
    return Repository(scratch / "repo")


def events(repository, *args, out=None):
    """The events that a run writes."""
    folder = out or repository.folder.parent / "out"
    indexer.run("graph", "--repo", repository.folder, "--out", folder, *args)
    return [json.loads(line) for line in (folder / "events.ndjson").read_text("utf-8").splitlines()]


def graphs(listed):
    return {event["payload"]["file"]["path"]: event["payload"] for event in listed if event["topic"] == "code.graph.indexed@v1"}


def edges(listed, etype):
    """{(source, destination): confidence}, uids without what all have in common."""
    return {(edge["src"][5:], edge["dst"].removeprefix("AST::")): edge["meta"]["confidence"]
            for graph in graphs(listed).values() for edge in graph["edges"] if edge["etype"] == etype}


def test_the_graph_is_in_the_tables(repository, server, store):
    repository.commit(files={"pkg/a.py": "from pkg.b import helper\n\nclass Reader:\n    def load(self):\n        return helper(self.parse())\n\n"
                                         "    def parse(self):\n        return print(1)\n",
                             "pkg/b.py": "def helper(x):\n    return x\n", "README.md": "text\n"})
    done = json.loads(indexer.run("graph", "--repo", repository.folder, "--server", server.url).out)
    assert (done["files"], done["nodes"], done["stored"], done["duplicates"], done["rejected"]) == (2, 6, 2, 0, 0)
    assert sorted(store.query("SELECT path FROM files")) == [("pkg/a.py",), ("pkg/b.py",)]
    assert sorted(store.query("SELECT name FROM modules")) == [("pkg.a",), ("pkg.b",)]
    rows = store.query("SELECT etype, src_uid, dst_uid, CASE WHEN dst_id IS NULL THEN 0 ELSE 1 END FROM ast_edges")
    assert sorted(row for row in rows if row[0] != "contain") == [
        ("call", "AST::pkg/a.py#Reader.load", "AST::pkg/a.py#Reader.parse", 1),
        ("call", "AST::pkg/a.py#Reader.load", "AST::pkg/b.py#helper", 1),
        ("call", "AST::pkg/a.py#Reader.parse", "print", 0),
        ("import", "AST::pkg/a.py#", "AST::pkg/b.py#helper", 1)]
    assert sorted(row[1:] for row in rows if row[0] == "contain") == [
        ("AST::pkg/a.py#", "AST::pkg/a.py#Reader", 1), ("AST::pkg/a.py#Reader", "AST::pkg/a.py#Reader.load", 1),
        ("AST::pkg/a.py#Reader", "AST::pkg/a.py#Reader.parse", 1), ("AST::pkg/b.py#", "AST::pkg/b.py#helper", 1)]


def test_a_second_run_posts_only_duplicates(repository, server, store):
    repository.commit(files={f"m{n}.py": f"def f{n}():\n    return f{n + 1}()\n" for n in range(300)})
    first, second = (json.loads(indexer.run("graph", "--repo", repository.folder, "--server", server.url).out) for _ in range(2))
    assert (first["stored"], first["duplicates"]) == (300, 0) and (second["stored"], second["duplicates"]) == (0, 300)
    assert store.scalar("SELECT count(*) FROM ast_nodes") == 600


def test_the_same_commit_gives_the_same_bytes(repository, scratch):
    repository.commit(files={f"d{n % 7}/m{n}.py": f"import m{n + 1}\ndef f{n}():\n    return m{n + 1}.f{n + 1}()\n" for n in range(100)})
    for name, jobs in (("one", 1), ("four", 4)):
        indexer.run("graph", "--repo", repository.folder, "--out", scratch / name, "--jobs", jobs)
    assert (scratch / "one/events.ndjson").read_bytes() == (scratch / "four/events.ndjson").read_bytes()


def test_only_what_changed_is_written_and_a_rename_keeps_its_history(repository, server, store):
    body = "def stays(a):\n    for x in a:\n        print(x)\n    return a\n\ndef other(b):\n    return b\n"
    first = repository.commit(files={"old/name.py": body, "gone.py": "def gone(): pass\n", "same.py": "from old.name import stays\nstays(1)\n",
                                     "edit.py": "def f(): pass\n"})
    indexer.run("graph", "--repo", repository.folder, "--server", server.url)
    repository.git("rm", "-q", "gone.py")
    os.makedirs(repository.folder / "new")
    repository.git("mv", "old/name.py", "new/name.py")
    repository.commit(files={"edit.py": "def f(): return g()\n"})
    done = json.loads(indexer.run("graph", "--repo", repository.folder, "--from", first, "--server", server.url).out)
    assert (done["files"], done["removed"], done["stored"]) == (3, 2, 5)
    assert sorted(store.query("SELECT path FROM files")) == [("edit.py",), ("new/name.py",), ("same.py",)]
    listed = graphs(events(repository, "--from", first))
    previous = {node["uid"]: node["meta"]["previous_uid"] for node in listed["new/name.py"]["nodes"]}
    assert previous == {f"AST::new/name.py#{name}": f"AST::old/name.py#{name}" for name in ("", "stays", "other")}
    # A file that did not change is told again when what it names has moved.
    assert store.query("SELECT dst_uid FROM ast_edges WHERE file = 'same.py' AND dst_id IS NULL") == [("old.name.stays",)]
    assert store.query("SELECT dst_uid FROM ast_edges WHERE file = 'same.py' AND etype = 'call'") == [("AST::new/name.py#stays",)]


NAMES = ("load", "save", "run", "stop", "Reader", "Writer")


def grown(chance, n):
    """A file of some definitions, of which some are called, some imported."""
    text = "".join(f"from {chance.choice(['pkg.m', 'm'])}{chance.randrange(n)} import {chance.choice(NAMES)}\n" for _ in range(2))
    for name in chance.sample(NAMES, chance.randrange(4)):
        text += f"def {name}(a):\n    {chance.choice(NAMES)}(a)\n    return a.{chance.choice(NAMES)}(m{chance.randrange(n)}.{chance.choice(NAMES)}())\n\n"
    return text


@pytest.mark.parametrize("seed", range(3))
def test_step_by_step_is_as_good_as_at_once(repository, scratch, seed):
    """What changes, comes, goes and moves, commit by commit with --from: every edge is that of the whole graph, also of files that did not change."""
    chance = random.Random(seed)
    paths = [f"{folder}m{i}.py" for i, folder in enumerate(["", "pkg/", "", "pkg/", "", "pkg/"])]
    repository.commit(files={path: grown(chance, 6) for path in paths})

    def document(*args):
        indexer.run("graph", "--repo", repository.folder, "--out", scratch / "graph.json", *args)
        return json.loads((scratch / "graph.json").read_text("utf-8"))

    def edges(files):
        return {path: sorted((edge["src"], edge["dst"], edge["etype"], str(edge.get("meta"))) for edge in file["edges"]) for path, file in files.items()}

    state = {file["file"]["path"]: file for file in document()["files"]}
    for n in range(8):
        before = repository.git("rev-parse", "HEAD").stdout.decode().strip()
        path = chance.choice(paths)
        if n % 3 == 1:
            paths.append(f"{chance.choice(['', 'pkg/'])}m{10 + n}.py")
            repository.git("mv", path, paths[-1])
            paths.remove(path)
        elif n % 3 == 2:
            repository.git("rm", "-q", path)
            paths.remove(path)
        repository.commit(files={chance.choice(paths): grown(chance, 6)} if n % 3 == 0 else {"README.md": str(n)})
        step = document("--from", before)
        for gone in step["removed"]:
            state.pop(gone)
        state.update({file["file"]["path"]: file for file in step["files"]})
        assert edges(state) == edges({file["file"]["path"]: file for file in document()["files"]})


def test_definitions_keep_their_history(repository):
    first = repository.commit(files={"a.py": "class Old:\n    def get(self, key):\n        return self.data[key]\n\ndef stays(a):\n    return a\n\n"
                                             "def moves(a):\n    return [x * 2 for x in a]\n", "b.py": ""})
    repository.commit(files={"a.py": "class New:\n    def get(self, key):\n        return self.data[key]\n\ndef stays(a):\n    return a\n",
                             "b.py": "def moves(a):\n    return [x * 2 for x in a]\n"})
    for args in ((), ("--from", first)):
        nodes = {node["uid"]: node["meta"].get("previous_uid") for graph in graphs(events(repository, *args)).values() for node in graph["nodes"]}
        assert nodes == {"AST::a.py#": None, "AST::a.py#New": "AST::a.py#Old", "AST::a.py#New.get": "AST::a.py#Old.get",
                         "AST::a.py#stays": None, "AST::b.py#": None, "AST::b.py#moves": "AST::a.py#moves"}


# language: files, and the calls and imports that must be found with their confidence
LEADS = {
    "python": ({"a/__init__.py": "", "a/b.py": "def f(): pass\nclass C:\n    @staticmethod\n    def m(): pass\n",
                "a/c.py": "from . import b\nfrom .b import f as g, C\nimport a.b\n\ndef x():\n    b.f()\n    g()\n    C.m()\n    a.b.f()\n    only()\n"
                          "    y.mine()\n    len()\n", "d.py": "def only(): pass\nclass D:\n    def mine(self): pass\n"},
               {("a/c.py#x", "a/b.py#f"): 0.95, ("a/c.py#x", "a/b.py#C.m"): 0.95, ("a/c.py#x", "d.py#only"): 0.6,
                ("a/c.py#x", "d.py#D.mine"): 0.4, ("a/c.py#x", "len"): 0},
               {("a/c.py#", "a/b.py#"): 1, ("a/c.py#", "a/b.py#f"): 1, ("a/c.py#", "a/b.py#C"): 1}),
    "c": ({"lib/a.h": "int f(int);\n#define M(x) (x)\n", "lib/a.c": '#include "a.h"\nstatic int s(void) { return 1; }\nint f(int x) { return s(); }\n',
           "b.c": '#include <stdio.h>\n#include "lib/a.h"\nstatic int s(void) { return 2; }\nint g(void) { return M(f(s())); }\n'},
          {("lib/a.c#f", "lib/a.c#s"): 1, ("b.c#g", "b.c#s"): 1, ("b.c#g", "lib/a.c#f"): 0.95, ("b.c#g", "lib/a.h#M"): 0.95},
          {("lib/a.c#", "lib/a.h#"): 1, ("b.c#", "lib/a.h#"): 1, ("b.c#", "stdio.h"): 0}),
    "javascript": ({"src/a.js": "export function f() {}\nexport default class K { static make() {} }\n", "src/d/index.js": "export const h = () => 1;\n",
                    "src/b.js": "import K, { f as g } from './a';\nimport * as d from './d';\nimport fs from 'fs';\n"
                                "function x() { g(); K.make(); d.h(); fs.read(); }\n"},
                   {("src/b.js#x", "src/a.js#f"): 0.95, ("src/b.js#x", "src/a.js#K.make"): 0.95, ("src/b.js#x", "src/d/index.js#h"): 0.95,
                    ("src/b.js#x", "fs.read"): 0},
                   {("src/b.js#", "src/a.js#f"): 1, ("src/b.js#", "src/d/index.js#"): 1, ("src/b.js#", "fs.default"): 0}),
    "typescript": ({"a.ts": "export class A { run(): void { this.stop(); } stop(): void {} }\n",
                    "b.ts": "import { A } from './a.js';\nexport function f(): void { new A(); }\n"},
                   {("a.ts#A.run", "a.ts#A.stop"): 1, ("b.ts#f", "a.ts#A"): 0.95}, {("b.ts#", "a.ts#A"): 1}),
    "go": ({"go.mod": "module example.org/m\n", "util/u.go": "package util\nfunc F() { h() }\n", "util/v.go": "package util\nfunc h() {}\n",
            "main.go": 'package main\nimport (\n\t"fmt"\n\t"example.org/m/util"\n)\nfunc main() { util.F(); fmt.Println() }\n'},
           {("util/u.go#F", "util/v.go#h"): 0.95, ("main.go#main", "util/u.go#F"): 0.8, ("main.go#main", "fmt.Println"): 0},
           {("main.go#", "util/u.go#"): 0.8, ("main.go#", "fmt"): 0}),
    "java": ({"src/p/A.java": "package p;\npublic class A { public static int f() { return g(); } static int g() { return 1; } }\n",
              "src/q/B.java": "package q;\nimport p.A;\npublic class B { int h() { return A.f(); } }\n"},
             {("src/p/A.java#A.f", "src/p/A.java#A.g"): 1, ("src/q/B.java#B.h", "src/p/A.java#A.f"): 0.8}, {("src/q/B.java#", "src/p/A.java#A"): 0.8}),
    "rust": ({"src/lib.rs": "mod a;\nuse crate::a::f;\npub fn g() { f(); a::k(); }\n", "src/a.rs": "pub fn f() { Self::x(); }\npub fn k() {}\n"},
             {("src/lib.rs#g", "src/a.rs#f"): 0.8, ("src/lib.rs#g", "src/a.rs#k"): 0.4}, {("src/lib.rs#", "src/a.rs#f"): 0.8}),
}


@pytest.mark.parametrize("language", sorted(LEADS))
def test_names_lead_to_definitions(repository, language):
    files, calls, imports = LEADS[language]
    repository.commit(files=files)
    listed = events(repository)
    for etype, wanted in (("call", calls), ("import", imports)):
        found = edges(listed, etype)
        assert {key: found.get(key) for key in wanted} == wanted, json.dumps([[*key, value] for key, value in found.items()], indent=1)


def test_records_of_c_have_names_of_their_own(repository):
    """A function is found behind a record of its name, in the header or beside it."""
    repository.commit(files={"past.h": "struct past { int a; };\nstruct past *past(int a);\n",
                             "past.c": '#include "past.h"\nstruct mine { int b; };\nstruct past *past(int a)\n{\n    return 0;\n}\n'
                                       "int mine(void)\n{\n    return 1;\n}\n",
                             "far.c": "int far(void)\n{\n    return past(1) && mine();\n}\n",
                             "near.c": '#include "past.h"\nint near(void)\n{\n    return past(1) != 0;\n}\n'})
    calls = edges(events(repository), "call")
    assert calls == {("far.c#far", "past.c#past"): 0.6, ("far.c#far", "past.c#mine~2"): 0.6, ("near.c#near", "past.c#past"): 0.95}


def test_a_package_is_of_one_language(repository):
    """In Go a name of another file of the folder is known, the nearest one's; that of another language's file is not."""
    repository.commit(files={"p/a.go": "package p\nfunc near() {}\n", "p/b.go": "package p\nfunc near() {}\nfunc first() { far(); near(); helper() }\n",
                             "p/b/c.go": "package b\nfunc far() {}\n", "p/helper.py": "def helper(): pass\n", "p/z.go": "package p\nfunc far() {}\n",
                             "q/a.go": "package q\nfunc second() { near() }\n", "q/b.go": "package q\nfunc near() {}\n"})
    assert edges(events(repository), "call") == {("p/b.go#first", "p/z.go#far"): 0.95, ("p/b.go#first", "p/b.go#near"): 1, ("p/b.go#first", "helper"): 0,
                                                 ("q/a.go#second", "q/b.go#near"): 0.95}


def test_a_graph_is_a_document(repository, scratch):
    repository.commit(files={"a.py": "def f(): pass\n", "b.py": "def g(): pass\n", "c.txt": "text\n"})
    repository.git("rm", "-q", "b.py")
    repository.commit(files={"d.py": "import a\n"})
    whole, changed = scratch / "new/folder/ast_index.json", scratch / "changed.json"
    done = json.loads(indexer.run("graph", "--repo", repository.folder, "--out", whole).out)
    assert (done["files"], done["nodes"], done["removed"]) == (2, 3, 1)
    document = json.loads(whole.read_text("utf-8"))
    listed = graphs(events(repository))
    assert [graph["file"]["path"] for graph in document["files"]] == ["a.py", "d.py"] and document["files"] == list(listed.values())
    assert (document["sha"], document["removed"], document["left_out"]) == (repository.head(), ["b.py"], 0)
    indexer.run("graph", "--repo", repository.folder, "--from", "HEAD^", "--out", changed)
    assert [graph["file"]["path"] for graph in json.loads(changed.read_text("utf-8"))["files"]] == ["d.py"]
    assert "/proc" in indexer.run("graph", "--repo", repository.folder, "--out", "/proc/no/x.json", check=2).err


def test_an_ambiguous_name_is_not_resolved(repository):
    repository.commit(files={"a.py": "def f(): pass\n", "b.py": "def f(): pass\n", "c.py": "f()\n"})
    assert edges(events(repository), "call") == {("c.py#", "f"): 0}


def test_odd_files_have_defined_results(repository, server, store):
    os.symlink("a.py", repository.folder / "link.py")
    repository.commit(files={"a.py": "def f(): pass\n", "empty.py": "", "binary.py": b"\x00\x01def f(): pass\n", "huge.py": "x = 1\n" * 500_000,
                             "latin.py": b"def caf\xe9(): pass\n", "broken.py": "def good(): pass\ndef bad(:\n", "crlf.py": "def f():\r\n    pass\r\n",
                             b"odd\xff.py": "def f(): pass\n", "sp ace/\"q\".py": "def f(): pass\n"})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module.py")
    repository.git("commit", "-q", "-m", "a submodule")
    done = json.loads(indexer.run("graph", "--repo", repository.folder, "--server", server.url).out)
    assert (done["files"], done["left_out"], done["rejected"]) == (8, 1, 0)
    listed = graphs(events(repository))
    assert {path: listed[path]["nodes"][0]["meta"].get("skipped") for path in ("binary.py", "huge.py", "a.py")} == {
        "binary.py": "binary", "huge.py": "huge", "a.py": None}
    assert listed["broken.py"]["nodes"][0]["meta"]["broken"] and listed["broken.py"]["nodes"][1]["name"] == "good"
    assert listed["latin.py"]["nodes"][0]["meta"]["not_utf8"]
    assert len(listed["empty.py"]["nodes"]) == 1
    assert store.scalar("SELECT count(*) FROM files") == 8


def test_merges_empty_and_root_commits(repository):
    repository.commit("root, and empty")
    assert events(repository) == []
    repository.commit(files={"a.py": "def f(): pass\n"})
    repository.git("checkout", "-q", "-b", "side", "HEAD~1")
    repository.commit(files={"b.py": "def g(): pass\n"})
    repository.git("merge", "-q", "--no-edit", "main")
    assert sorted(graphs(events(repository))) == ["a.py", "b.py"]


def test_wrong_words_are_told(repository, scratch):
    assert str(scratch) in indexer.run("graph", "--repo", scratch, check=2).err
    repository.commit(files={"a.py": "x = 1\n"})
    assert "nosuch" in indexer.run("graph", "--repo", repository.folder, "--to", "nosuch", "--out", scratch / "o", check=2).err
    for number in ("many", "2x", "0", "-1", "65"):
        assert "--jobs" in indexer.run("graph", "--repo", repository.folder, "--jobs", number, check=2).err
    assert "no such flag" in indexer.run("graph", "--wrong", check=2).err
    assert not (scratch / "o").exists()


def test_a_server_that_is_away_is_told(repository):
    repository.commit(files={"a.py": "x = 1\n"})
    url = f"http://127.0.0.1:{ports.free()}"
    assert url in indexer.run("graph", "--repo", repository.folder, "--server", url, check=4).err


def test_a_run_that_was_cut_off_goes_on(repository, start_server, store):
    """The server takes half, then goes; the second run stores only what is missing."""
    repository.commit(files={f"m{n}.py": f"def f{n}(): pass\n" for n in range(400)})
    listed = events(repository)
    server = start_server(store)
    with server.client() as client:
        assert client.post("/v1/events", listed[:150]).status == 200
    done = json.loads(indexer.run("graph", "--repo", repository.folder, "--server", server.url).out)
    assert (done["stored"], done["duplicates"]) == (250, 150)


def test_a_server_that_is_full_gets_all_in_the_end(repository, start_server, store):
    """Several requests are under way at once, of which this server takes one or two; the others are sent again when it says so."""
    repository.commit(files={f"m{n}.py": f"def f{n}():\n    return f{n + 1}()\n" for n in range(1100)})
    server = start_server(store, config={"event.sender_most_events": 300})
    first, second = (json.loads(indexer.run("graph", "--repo", repository.folder, "--server", server.url).out) for _ in range(2))
    assert (first["stored"], first["duplicates"]) == (1100, 0) and (second["stored"], second["duplicates"]) == (0, 1100)
    assert store.scalar("SELECT count(*) FROM ast_nodes") == 2200


def test_removals_are_stored_before_what_takes_their_place(repository, server, store):
    first = repository.commit(files={f"old{n}.py": f"x = {n}\n" for n in range(250)})
    indexer.run("graph", "--repo", repository.folder, "--server", server.url)
    repository.git("rm", "-q", "*.py")
    second = repository.commit(files={f"new{n}.py": f"def f{n}(): pass\n" for n in range(700)})
    done = json.loads(indexer.run("graph", "--repo", repository.folder, "--from", first, "--server", server.url).out)
    assert (done["removed"], done["stored"]) == (250, 950)
    bounds = dict(store.query("SELECT topic, max(position) FROM events WHERE topic = 'code.file.removed@v1' GROUP BY topic"))
    assert bounds["code.file.removed@v1"] < store.scalar(
        f"SELECT min(position) FROM events WHERE topic = 'code.graph.indexed@v1' AND repo_sha = '{second}'")


def test_commits_are_stored_in_their_order(repository, server, store):
    order = [repository.commit(f"change {n}", files={"a.py": f"def f{n}(): pass\n"}) for n in range(30)]
    indexer.run("history", "--repo", repository.folder, "--server", server.url)
    stored = [row[0] for row in store.query("SELECT repo_sha FROM events WHERE topic = 'delta.fingerprint@v1' ORDER BY position")]
    assert stored == order
