"""Files and commits that are larger than one event may be, or than is read of one file: all of them end well, and say what is missing."""
import json

import pytest

from support import indexer
from support.repository import Repository


@pytest.fixture
def repository(scratch):
    return Repository(scratch / "repo")


def run(repository, *args):
    return json.loads(indexer.run(*args, "--repo", repository.folder, timeout_s=300).out.splitlines()[-1])


def function(n):
    return f"int f{n}(int a) {{ return a; }}\n"


def test_a_commit_of_more_tokens_than_an_event_has(repository, server, store):
    repository.commit("an import", {f"m{n}.c": "".join(function(n * 100 + i) for i in range(100)) for n in range(110)})
    done = run(repository, "--server", server.url)
    assert done["rejected"] == 0 and done["tokens"] > 11_000
    assert store.scalar("SELECT count(*) FROM delta_tokens") == done["tokens"]
    assert store.scalar("SELECT count(*) FROM events WHERE topic = 'delta.tokens@v1'") == 3


def test_a_file_of_more_definitions_than_an_event_has(repository, server, store):
    repository.commit("generated", {"big.c": "".join(map(function, range(12_000))), "small.c": function(1)})
    done = run(repository, "graph", "--server", server.url)
    assert done["rejected"] == 0
    kept = store.scalar("SELECT count(*) FROM ast_nodes WHERE file = 'big.c'")
    assert 4000 < kept < 12_000 and store.scalar("SELECT count(*) FROM ast_nodes WHERE file = 'small.c'") == 2
    meta = store.scalar("SELECT meta FROM ast_nodes WHERE uid = 'AST::big.c#'")
    assert (json.loads(meta) if isinstance(meta, str) else meta)["truncated"] is True
    assert store.scalar("SELECT count(*) FROM ast_edges e JOIN ast_nodes n ON n.id = e.src_id WHERE n.file = 'big.c' AND e.dst_id IS NULL") == 0


@pytest.mark.parametrize("text", ["".join(map(function, range(50_001))), "from " + "m" * 299 + " import " + ",".join("a" * 50_001),
                                  "function a(){" * 20_000 + "}" * 20_000],
                         ids=["definitions", "imports", "nested"])
def test_what_is_beyond_a_file(repository, scratch, text):
    """Left out as a whole, with its reason, and the other file of the commit is not."""
    name = "big.c" if text.startswith("int") else "big.py" if text.startswith("from") else "big.js"
    repository.commit("before", {name: "", "small.c": function(1)})
    repository.commit("hostile", {name: text, "small.c": function(1) + function(2)})
    run(repository, "graph", "--out", scratch / "graph.json")
    files = {file["file"]["path"]: file for file in json.loads((scratch / "graph.json").read_text("utf-8"))["files"]}
    assert files[name]["nodes"][0]["meta"]["skipped"] == "huge" and len(files[name]["nodes"]) == 1
    assert len(files["small.c"]["nodes"]) == 3
    indexer.run("delta", "--out", scratch / "delta.json", "--repo", repository.folder, timeout_s=300)
    assert {token["file"] for token in json.loads((scratch / "delta.json").read_text("utf-8"))["tokens"]} >= {"small.c"}
