"""Repositories that are deep, damaged, huge or out of time: each has a defined result, which is counted and said once."""
import datetime
import hashlib
import json
import os
import struct
import zlib

import pytest

from support import indexer
from support.repository import Repository

CODE = "def f(a):\n    return a\n"


@pytest.fixture
def repository(scratch):
    return Repository(scratch / "repo")


def run(repository, *args, **kw):
    done = indexer.run(*args, "--repo", repository.folder, **kw)
    return json.loads(done.out.splitlines()[-1]), done.err


def graphs(folder):
    lines = (folder / "events.ndjson").read_text("utf-8").splitlines()
    return {event["payload"]["file"]["path"]: event["payload"] for event in map(json.loads, lines) if event["topic"] == "code.graph.indexed@v1"}


def named(kind, body):
    return hashlib.sha1(b"%s %d\0" % (kind, len(body)) + body).digest()


def pack(repository, objects):
    """Puts (type number, bytes) into the repository, without git's own looking into them."""
    out = struct.pack(">4sII", b"PACK", 2, len(objects))
    for kind, body in objects:
        size, head = len(body) >> 4, kind << 4 | len(body) & 15
        while size:
            out += bytes([head | 0x80])
            head, size = size & 0x7f, size >> 7
        out += bytes([head]) + zlib.compress(body, 1)
    repository.git("unpack-objects", "-q", stdin=out + hashlib.sha1(out).digest())


def nested(repository, depth, name, text=CODE):
    """The name of a tree with a.py, and a file `depth` folders below it."""
    blob = named(b"blob", text.encode())
    objects, tree = [(3, text.encode())], None
    body = b"100644 " + name + b"\0" + blob
    for level in range(depth + 1):
        tree = named(b"tree", body)
        if level == depth:
            break
        objects.append((2, body))
        body = b"40000 d\0" + tree
        if level == depth - 1:
            body = b"100644 a.py\0" + blob + body
    objects.append((2, body))
    pack(repository, objects)
    return tree.hex()


def commit_tree(repository, tree, *parents):
    words = [word for parent in parents for word in ("-p", parent)]
    sha = repository.git("commit-tree", tree, *words, "-m", "deep").stdout.decode().strip()
    repository.git("update-ref", "refs/heads/main", sha)
    return sha


def test_deep_folders_are_left_out(repository, scratch, server, store):
    """Within 512 folders a path may fit; below none does. A rename down there is not looked for, and nobody's stack ends."""
    first = commit_tree(repository, nested(repository, 2000, b"b.py"))
    second = commit_tree(repository, nested(repository, 2000, b"c.py", CODE + "\n"), first)
    done, _ = run(repository, "graph", "--server", server.url)
    assert (done["files"], done["left_out"], done["rejected"]) == (1, 1, 0)
    done, _ = run(repository, "graph", "--from", first, "--to", second, "--out", scratch / "out")
    assert (done["files"], done["removed"]) == (1, 0)
    done, _ = run(repository, "history", "--from", first, "--server", server.url)
    assert store.query("SELECT file, token FROM delta_tokens") == []
    assert json.loads(indexer.run("delta", "--repo", repository.folder, "--range", f"{first}..{second}", "--no-past").out)["tokens"] == []
    fits = commit_tree(repository, nested(repository, 400, b"b.py"))
    done, _ = run(repository, "graph", "--to", fits, "--out", scratch / "out")
    assert (done["files"], done["left_out"]) == (2, 0)


def test_a_commit_of_tomorrow_is_left_out_until_then(repository, scratch, server, store):
    sha = repository.commit(files={"a.py": CODE})
    ahead = {"GIT_COMMITTER_DATE": "4070908800 +0000", "GIT_AUTHOR_DATE": "4070908800 +0000"}  # 2099
    late = repository.commit(files={"b.py": CODE}, env=ahead)
    repository.commit(files={"c.py": CODE})
    done, err = run(repository, "--server", server.url)
    assert done["rejected"] == 0 and done["commits"] == 3 and done["files"] == 3
    assert [line for line in err.splitlines() if "ahead" in line] == [
        f"egdb-index: 4 events were left out: they are of commits dated more than a day ahead (the first is {late[:12]}, of 2099-01-01), "
        "which the server takes when that day has come"]
    assert store.scalar("SELECT count(*) FROM commits") == 2 and store.scalar(f"SELECT count(*) FROM events WHERE repo_sha = '{late}'") == 0
    assert run(repository, "--server", server.url)[0]["stored"] == 0
    repository.git("checkout", "-q", late)
    done, err = run(repository, "graph", "--server", server.url)
    assert (done["events"], done["rejected"]) == (0, 0) and "2099" in err
    report = scratch / "r.json"
    report.write_text("[]")
    assert run(repository, "sarif", "--complete", "--format", "gitleaks", report, "--server", server.url)[0]["stored"] == 1
    with server.client() as client:
        rows = client.post("/v1/query?format=json", {"query": "SELECT events (ts_utc) FROM all WHERE topic=sast.findings.ready@v1"}).json()["rows"]
    found = [datetime.datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp() for (when,) in rows]
    assert found == [int(repository.git("show", "-s", "--format=%ct", sha).stdout) + 1], "behind the commit before, whenever it was scanned"
    assert run(repository, "sarif", "--complete", "--format", "gitleaks", report, "--server", server.url)[0]["stored"] == 0
    assert run(repository, "--out", scratch / "out")[0]["events"] > done["events"] and sha, "what no server is sent has no bound"


def test_a_folder_that_is_not_utf8_has_a_name(scratch, server, store):
    repository = Repository(scratch / os.fsdecode(b"caf\xe9"))
    repository.commit(files={"a.py": CODE})
    for _ in range(2):
        done, _ = run(repository, "--server", server.url)
        assert done["rejected"] == 0
    assert done["stored"] == 0
    for table in ("commits", "files", "delta_tokens", "delta_fingerprints", "mosaic_deltas"):
        assert set(store.query(f"SELECT repo FROM {table}")) == {("caf�",)}, table


@pytest.mark.parametrize("words", [(), ("graph",), ("graph", "--from", "HEAD^"), ("hook", "--timeout-ms", "60000")])
def test_a_clone_that_lacks_a_text_takes_nothing_from_the_server(repository, scratch, server, store, words):
    """What the whole clone told of the file stays until a whole one tells of it again; a new file of which nobody knows the text has its node."""
    repository.commit(files={"a.py": CODE, "gone.py": CODE + "\n\ndef gone(b):\n    return f(b)\n"})
    run(repository, "graph", "--server", server.url)
    ours = "SELECT uid, line FROM ast_nodes WHERE file = 'gone.py' ORDER BY uid", "SELECT src_uid, dst_uid FROM ast_edges WHERE file = 'gone.py' ORDER BY 1, 2"
    before = [store.query(question) for question in ours]
    assert len(before[0]) == 3 and before[1]
    repository.commit(files={"gone.py": CODE + "\n\ndef other():\n    return 1\n", "new.py": "def new(): pass\n", "a.py": CODE + "\n\ndef g():\n    pass\n"})
    kept = {}
    for name in ("gone.py", "new.py"):
        oid = repository.git("rev-parse", f"HEAD:{name}").stdout.decode().strip()
        path = repository.folder / ".git" / "objects" / oid[:2] / oid[2:]
        kept[path] = path.read_bytes()
        os.remove(path)
    for _ in range(2):
        assert "are not in this clone" in indexer.run(*words, "--repo", repository.folder, "--server", server.url).err
        assert [store.query(question) for question in ours] == before
        assert {uid for (uid,) in store.query("SELECT uid FROM ast_nodes WHERE file <> 'gone.py'")} == {"AST::a.py#", "AST::a.py#f", "AST::a.py#g", "AST::new.py#"}
    for path, body in kept.items():
        path.write_bytes(body)
    run(repository, "graph", "--from", "HEAD^", "--server", server.url)
    assert {uid for (uid,) in store.query("SELECT uid FROM ast_nodes")} == {
        "AST::a.py#", "AST::a.py#f", "AST::a.py#g", "AST::new.py#", "AST::new.py#new", "AST::gone.py#", "AST::gone.py#f", "AST::gone.py#other"}


def test_huge_files_are_not_read(repository, scratch):
    """More than 16 MiB: of source, and of what git calls text; as old and as new side of a change."""
    big = "x = 1\n" * 2_900_000
    repository.commit(files={"huge.py": big, "huge.txt": big, "a.py": CODE})
    repository.commit(files={"huge.py": big + "y = 2\n", "huge.txt": big + "y\n", "a.py": CODE + "\n\ndef g():\n    pass\n"})
    oid = repository.git("rev-parse", "HEAD:huge.py").stdout.decode().strip()
    done, _ = run(repository, "--out", scratch / "out")
    assert done["files"] == 2
    told = graphs(scratch / "out")["huge.py"]
    assert told["nodes"][0]["meta"]["skipped"] == "huge" and told["file"]["sha256"] == hashlib.sha256(bytes.fromhex(oid)).hexdigest()
    tokens = json.loads(indexer.run("delta", "--repo", repository.folder, "--no-past").out)["tokens"]
    assert [(token["kind"], token["file"]) for token in tokens] == [("ADD_FN", "a.py")]


def test_what_is_missing_is_counted_and_the_rest_is_told(repository, scratch, server, store):
    repository.commit(files={"a.py": CODE, "gone.py": "def gone():\n    pass\n", "gone.txt": "words\n"})
    repository.commit(files={"gone.py": "def gone(a):\n    pass\n", "a.py": CODE + "\n\ndef g():\n    pass\n"})
    repository.git("mv", "a.py", "moved.py")
    repository.git("rm", "-q", "gone.txt")
    repository.commit("a rename beside what is missing")
    for name in ("HEAD:gone.py", "HEAD^:gone.txt"):
        oid = repository.git("rev-parse", name).stdout.decode().strip()
        os.remove(repository.folder / ".git" / "objects" / oid[:2] / oid[2:])
    done, err = run(repository, "graph", "--server", server.url)
    assert (done["files"], done["rejected"]) == (2, 0) and err.count("the texts of 1 files are not in this clone") == 1
    assert store.query("SELECT name FROM ast_nodes WHERE file = 'gone.py'") == [("gone",)], "the file itself"
    run(repository, "history", "--server", server.url)
    run(repository, "mosaic", "--all", "--server", server.url)
    tokens = {(file, token) for file, token in store.query("SELECT file, token FROM delta_tokens")}
    assert ("a.py", "ADD_FN") in tokens and store.scalar("SELECT count(DISTINCT sha) FROM mosaic_deltas") == 3
    done, err = run(repository, "--server", server.url)
    assert (done["commits"], done["rejected"]) == (3, 0) and err.count("commits were left out") == 1
    assert {path for (path,) in store.query("SELECT path FROM files")} == {"gone.py", "moved.py"}
    report = scratch / "r.sarif"
    report.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": [
        {"ruleId": "R", "message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": name}, "region": {"startLine": 1}}}]}
        for name in ("gone.py", "moved.py")]}]}))
    assert run(repository, "sarif", report, "--server", server.url)[0]["findings"] == 2


def test_a_folder_that_is_missing_costs_only_what_needs_it(repository, scratch, server, store):
    """Commits that go into it or out of it, mosaics that lie on it, the graph of a state that has it; each is told of. What comes later is whole."""
    shas = [repository.commit(files={"a.py": f"def a{n}(x):\n    return x + {n}\n", "d/x.py": f"def x{n // 2}(y):\n    return y * {n // 2}\n"}) for n in (0, 2, 3, 4, 5)]

    def hide(name):
        oid = repository.git("rev-parse", name).stdout.decode().strip()
        path = repository.folder / ".git" / "objects" / oid[:2] / oid[2:]
        body = path.read_bytes()
        os.remove(path)
        return lambda: path.write_bytes(body)

    def told(table):
        return {sha for (sha,) in store.query(f"SELECT DISTINCT {table}")}

    back = hide(f"{shas[1]}:d")
    done, err = run(repository, "--server", server.url)
    assert (done["commits"], done["files"], done["rejected"]) == (5, 2, 0)
    for said in (f"2 commits were left out (the first is {shas[1][:12]})", f"what 2 commits changed is left out, as folders of theirs are not in this clone (the first is {shas[1][:12]})",
                 f"the mosaics of 1 commits are left out, as folders of theirs are not in this clone (the first is {shas[2][:12]})"):
        assert said in err, err
    whole = {shas[0], shas[2], shas[4]}
    assert told("commit_sha FROM commits") == told("sha FROM delta_fingerprints") == whole
    assert told("sha FROM mosaic_deltas") == {shas[0], shas[4]}
    for words in (("history", "--from", shas[3]), ("history", "--from", shas[0]), ("mosaic", "--all")):
        run(repository, *words, "--out", scratch / "out")
    back()
    assert run(repository, "--server", server.url)[1].count("left out") == 0
    assert told("commit_sha FROM commits") == told("sha FROM delta_fingerprints") == told("sha FROM mosaic_deltas") == set(shas)

    last = repository.commit(files={"d/x.py": "def last():\n    pass\n"})
    hide("HEAD:d")
    done, err = run(repository, "--server", server.url)
    assert done["files"] == 0 and f"the code graph of {last[:12]} is left out: folders of {last[:12]} are not in this clone" in err
    assert {path for (path,) in store.query("SELECT path FROM files")} == {"a.py", "d/x.py"}, "nothing is taken from the server"
    assert "folders of" in indexer.run("graph", "--repo", repository.folder, "--server", server.url, check=1).err
    said = indexer.run("hook", "--repo", repository.folder, "--server", server.url, "--timeout-ms", "60000").err
    assert "the code graph is left out: folders of" in said and "what " + last + " changed is left out" in said
