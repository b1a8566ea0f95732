"""`egdb-index` without a command: one run tells all of a history, and a second one, or `egdb post`, nothing else. `egdb-index hook`: what it
posts of one commit is what the whole history gives; whatever goes wrong, it ends with 0."""
import json
import os
import shutil
import subprocess

import pytest

from support import binary, indexer, ports
from support.repository import Repository

HOOK = ("hook", "--timeout-ms", "60000")
ONE = "def f(a):\n    return a\n\n\ndef g(a):\n    return f(a) + 1\n"


@pytest.fixture
def repository(scratch):
    """Seven commits, one of them a merge, one with a rename, one without code."""
    repository = Repository(scratch / "repo")
    repository.commit("root", {"a.py": ONE, "README.md": "text\n"})
    for n in range(2):
        repository.commit(f"a grows {n}", {"a.py": ONE + "".join(f"\n\ndef h{i}(a, b):\n    return a * b + {i}\n" for i in range(n + 1))})
    repository.git("checkout", "-q", "-b", "side", "HEAD^")
    repository.commit("aside", {"b/c.py": "import a\n\n\ndef k(x):\n    return a.f(x)\n"})
    repository.git("checkout", "-q", "main")
    repository.clock += 60
    repository.git("merge", "-q", "--no-ff", "-m", "the side", "side")
    repository.git("mv", "b/c.py", "b/d.py")
    repository.commit("moved", {"a.py": ONE.replace("def f(a)", "def f(a, b=2)")})
    repository.commit("words", {"README.md": "other text\n"})
    return repository


def run(repository, *args, **kw):
    done = indexer.run(*args, "--repo", repository.folder, **kw)
    return json.loads(done.out.splitlines()[-1]) if done.out else done


def lines(folder):
    return (folder / "events.ndjson").read_text("utf-8").splitlines()


def counts(store):
    return {table: store.scalar(f"SELECT count(*) FROM {table}")
            for table in ("events", "commits", "commit_files", "files", "ast_nodes", "phi_links", "delta_tokens", "delta_fingerprints",
                          "mosaic_deltas")}


def test_one_run_tells_all(repository, server, store):
    done = run(repository, "--server", server.url)
    assert (done["command"], done["commits"], done["files"], done["duplicates"], done["rejected"]) == ("index", 7, 2, 0, 0)
    first = counts(store)
    assert first["commits"] == 7 and first["files"] == 2 and first["delta_fingerprints"] == 7
    assert first["phi_links"] >= first["ast_nodes"] == done["nodes"] and first["delta_tokens"] == done["tokens"]
    assert store.scalar("SELECT count(DISTINCT sha) FROM mosaic_deltas") == 7
    assert store.scalar("SELECT count(*) FROM commit_files WHERE file_path = 'b/d.py' AND status = 'R'") == 1
    again = run(repository, "--server", server.url)
    assert (again["stored"], again["duplicates"]) == (0, done["events"])
    assert counts(store) == first


def test_it_tells_what_its_parts_tell(repository, server, store):
    """The commands and `egdb post --git-history` after it store nothing new."""
    run(repository, "--all", "--server", server.url)
    assert run(repository, "graph", "--server", server.url)["stored"] == 0
    assert run(repository, "history", "--server", server.url)["stored"] == 0
    assert run(repository, "mosaic", "--all", "--server", server.url)["stored"] == 0
    said = binary.run("post", "--git-history", "--repo", str(repository.folder), "--server", server.url, check=0).out
    assert said.startswith("7 sent: 0 stored, 7 duplicates"), said


def test_a_range_tells_what_is_new(repository, scratch, server, store):
    run(repository, "--to", "HEAD~2", "--server", server.url)
    assert store.scalar("SELECT count(*) FROM commits") == 5
    done = run(repository, "--from", "HEAD~2", "--server", server.url)
    assert (done["commits"], done["files"], done["removed"], done["duplicates"]) == (2, 2, 1, 0)
    after = counts(store)
    run(repository, "--server", server.url)  # all of it: what the range told is what the whole tells
    assert {table: n for table, n in counts(store).items() if table != "events"} == {t: n for t, n in after.items() if t != "events"}


def test_the_file_has_the_same_bytes(repository, scratch):
    done = [run(repository, "--out", scratch / str(n), "--jobs", n + 1) for n in range(2)]
    assert lines(scratch / "0") == lines(scratch / "1") and len(lines(scratch / "0")) == done[0]["events"]
    ids = [json.loads(line)["id"] for line in lines(scratch / "0")]
    assert len(set(ids)) == len(ids)


def test_a_run_that_was_cut_off_goes_on(repository, scratch, server, store, client):
    run(repository, "--out", scratch / "out")
    half = [json.loads(line) for line in lines(scratch / "out")][::2]
    assert client.post("/v1/events", half).status == 200
    done = run(repository, "--server", server.url)
    assert (done["duplicates"], done["stored"]) == (len(half), done["events"] - len(half))


def test_the_index_is_the_default_and_has_a_name(repository, scratch):
    run(repository, "--out", scratch / "a")
    run(repository, "index", "--out", scratch / "b")
    indexer.run("--out", scratch / "c", cwd=repository.folder)
    assert lines(scratch / "a") == lines(scratch / "b") == lines(scratch / "c")
    assert "--jobs" in indexer.run("index", "--help").out and "egdb-index [--repo" in indexer.run("--help").out


@pytest.mark.parametrize("words, says", [(["--from", "HEAD^", "--all"], "one of them"), (["--to", "nowhere"], "nowhere"),
                                         (["--jobs", "0"], "--jobs"), (["--png"], "no such flag"), (["word"], "COMMAND")])
def test_wrong_usage(repository, scratch, words, says):
    assert says in indexer.run(*words, "--out", scratch / "o", cwd=repository.folder, check=2).err


def test_progress_is_json_lines_without_a_terminal_and_one_line_on_one(repository, scratch):
    script = f"exec {indexer.path()} --repo {repository.folder} --out {scratch}/o"
    done = subprocess.run(["script", "-qec", script, "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
    assert b"\r\033[K7 of 7 changes" in done.stdout and b'{"progress"' not in done.stdout
    done = indexer.run("--repo", repository.folder, "--out", scratch / "o")
    assert all(json.loads(line)["progress"] for line in done.err.splitlines()) and "\r" not in done.err


def test_odd_histories_have_a_defined_result(scratch, server, store):
    """Whatever can stand in a repository is told or left out and counted; the server refuses nothing of it; a second run stores nothing."""
    repository = Repository(scratch / "odd")
    repository.commit("root, and empty")
    os.symlink("a.py", repository.folder / "link.py")
    repository.commit("all kinds", {
        "a.py": ONE, "empty.py": "", "binary.py": b"\0\1def f(): pass\n", "huge.py": "x = 1\n" * 500_000, "big.bin": b"\0\1\2" * 1_000_000,
        "latin.c": b"int caf\xe9(void) { return 1; }\n", "broken.js": "function good() {}\nfunction bad( {{{\n", "crlf.go": "package a\r\nfunc F() {}\r\n",
        b"odd\xff.py": "def f(): pass\n", "sp ace/\"q\".rs": "fn f() {}\n", "umläut/Ünï.java": "class Ü { int ß() { return 1; } }\n",
        "a" * 200 + ".py": "x = 1\n", "/".join(["deep"] * 60) + "/d.ts": "export function d(): void {}\n", "nul.txt": "no newline"})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module.py")
    repository.git("commit", "-q", "-m", "a submodule")
    repository.git("checkout", "-q", "-b", "side", "HEAD^")
    repository.commit(b"not \xff UTF-8", {"side.py": ONE.replace("def f", "def k")})
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "merged", "side")
    repository.git("mv", "side.py", "sp ace/moved.py")
    repository.commit("a rename with a change", {"sp ace/moved.py": ONE.replace("def f", "def k") + "\n\ndef new():\n    return 1\n"})
    repository.git("rm", "-q", "link.py", "latin.c", "--cached")
    os.remove(repository.folder / "link.py")
    os.mkdir(repository.folder / "link.py")
    repository.commit("a link becomes a folder, an old file text", {"link.py/a.py": ONE, "big.bin": "text\n", "empty.py": "def now(): pass\n"})
    repository.commit("")
    done = run(repository, "--server", server.url)
    assert (done["commits"], done["rejected"], done["duplicates"], done["left_out"]) == (8, 0, 0, 1)
    again = run(repository, "--server", server.url)
    assert (again["stored"], again["duplicates"]) == (0, done["events"])
    assert {table: n for table, n in counts(store).items() if table in ("commits", "delta_fingerprints")} == {
        "commits": 8, "delta_fingerprints": 8}
    assert store.scalar("SELECT count(*) FROM events_dlq") == 0
    paths = {path for (path,) in store.query("SELECT path FROM files")}
    assert {"link.py/a.py", "umläut/Ünï.java", "sp ace/moved.py", "binary.py", "huge.py"} <= paths and "side.py" not in paths
    found = store.query("SELECT token, file FROM delta_tokens WHERE file = 'sp ace/moved.py' ORDER BY token")
    assert [token for token, _ in found] == ["ADD_FN", "MOVE_FILE"]


def test_the_artefacts_of_the_playbooks_need_no_folder(repository, server):
    """As the playbooks write them, in a repository without `.glx`."""
    run(repository, "--server", server.url)
    glx = repository.folder / ".glx"

    def made(*words, path):
        indexer.run(*words, cwd=repository.folder, env={"EGDB_SERVER": server.url})
        return json.loads((glx / path).read_text("utf-8"))

    report = made("delta", "--range", "HEAD~2..HEAD", "--out", ".glx/one/delta_report.json", path="one/delta_report.json")
    assert set(report) == {"range", "tokens", "fingerprint", "delta_z", "by_category", "modules", "degraded", "spike"}
    assert all({"kind", "file", "line", "weight", "contribution"} <= set(token) for token in report["tokens"])
    assert report["range"] == "HEAD~2..HEAD" and report["fingerprint"].startswith("fp:sha256:") and report["spike"] in ("structural", "semantic")
    assert abs(sum(token["contribution"] for token in report["tokens"]) - 1) < 1e-9
    assert len(made("graph", "--from", "HEAD~2", "--out", ".glx/two/ast_index.json", path="two/ast_index.json")["files"]) == 2
    grid = made("mosaic", "--from", "HEAD~2", "--rows", "32", "--cols", "16", "--strict", "--out", ".glx/three/mosaic",
                path="three/mosaic/mosaic_map.json")["grid"]
    assert (grid["rows"], grid["cols"]) == (32, 16) and (glx / "three/mosaic/mosaic_delta.png").read_bytes().startswith(b"\x89PNG")
    assert made("findings", "--out", ".glx/security/queue.json", path="security/queue.json") == []
    assert made("thresholds", "export", ".glx/four/spec_state.json", path="four/spec_state.json")["thresholds"] == []
    gates = made("gates", "--commit", "HEAD", "--report", ".glx/five/invariants.json", path="five/invariants.json")
    assert [gate["gate"] for gate in gates["commits"][0]["gates"]] == ["I2", "I3", "I4", "I1"]
    assert made("gates", "--ci", "--freeze", ".glx/four/spec_state.json", "--report", ".glx/six/i.json", path="six/i.json")["decision"]


# hook

def test_a_hook_posts_what_the_whole_history_gives(repository, scratch, server, store):
    for n in range(8):  # so that the scales of the modules have a past
        body = "".join(f"    if a > {i}:\n        a += 1\n" for i in range(n))
        repository.commit(f"a changes {n}", {"a.py": ONE.replace("def g(a):\n", f"def g(a):\n{body}"), f"new{n}.py": ONE})
    repository.commit("last", {"a.py": ONE.replace("def g(a)", "def gg(a, b)"), "b/d.py": ONE})
    done = run(repository, *HOOK, "--server", server.url)
    assert done.err == "" and done.out == ""
    assert store.query("SELECT commit_sha FROM commits") == [(repository.head(),)]
    assert store.query("SELECT path FROM files ORDER BY path") == [("a.py",), ("b/d.py",)]
    posted = {row[0] for row in store.query("SELECT id FROM events WHERE topic <> 'code.graph.indexed@v1'")}
    run(repository, "--from", "HEAD^", "--out", scratch / "out")
    told = {json.loads(line)["id"] for line in lines(scratch / "out") if '"code.graph.indexed@v1"' not in line}
    assert posted == told and len(told) == 4
    assert store.scalar("SELECT score_deltaZ FROM delta_fingerprints") > 0


def test_a_hook_says_nothing_when_all_went_well(repository, server):
    script = f"exec {indexer.path()} {' '.join(HOOK)} --repo {repository.folder} --server {server.url}"
    done = subprocess.run(["script", "-qec", script, "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
    assert done.stdout == b""


def test_commits_wait_and_are_posted_with_the_next(repository, start_server, store):
    nobody = f"http://127.0.0.1:{ports.free()}"
    waiting = []
    for n in range(3):
        waiting.append(repository.commit(f"{n}", {"w.py": f"def w{n}():\n    return {n}\n"}))
        said = run(repository, "hook", "--server", nobody).err
        assert f"{n + 1} commits wait in" in said and "no answer" in said
    spool = repository.folder / ".git/egdb/commits"
    assert spool.read_text("ascii").split() == waiting
    server = start_server(store)
    last = repository.commit("back", {"x.py": "y = 1\n", ".gitignore": "/.glx/\n"})
    run(repository, *HOOK, "--server", server.url)
    assert {sha for (sha,) in store.query("SELECT commit_sha FROM commits")} == {*waiting, last}
    assert {sha for (sha,) in store.query("SELECT sha FROM delta_fingerprints")} == {*waiting, last}
    assert store.query("SELECT path FROM files ORDER BY path") == [("w.py",), ("x.py",)]
    assert spool.read_text("ascii") == ""


def test_the_spool_is_bounded_and_what_is_gone_is_forgotten(repository, server, store):
    spool = repository.folder / ".git/egdb/commits"
    spool.parent.mkdir(parents=True)
    spool.write_text("".join(f"{i:040x}\n" for i in range(1000)))
    said = run(repository, "hook", "--server", f"http://127.0.0.1:{ports.free()}").err
    assert "it is full" in said and len(spool.read_text().split()) == 1000
    run(repository, *HOOK, "--server", server.url)
    assert store.query("SELECT commit_sha FROM commits") == [(repository.head(),)] and spool.read_text() == ""


@pytest.mark.parametrize("words", [["--repo", "/nowhere"], ["--commit", "nowhere"], ["--spec", "/nowhere"], ["--spool", "/proc/no/spool"],
                                   ["--timeout-ms", "soon"], ["--rows", "0"], ["--server", "http://256.0.0.1:1"]])
def test_a_hook_never_fails(repository, server, words):
    done = indexer.run("hook", "--repo", repository.folder, "--server", server.url, *words, check=0)
    assert done.err.startswith("egdb-index hook: ") and done.out == ""


@pytest.mark.parametrize("broken", [{"TMPDIR": "/nonexistent"}, {"PATH": "/nonexistent"}])
def test_where_git_cannot_run_no_commit_is_lost(repository, server, store, broken):
    """A clone that lacks objects costs the commits that need them; a git that does not run costs none, as all can be told of later."""
    done = indexer.run("--repo", repository.folder, "--server", server.url, env=broken, check=None)
    assert done.returncode == 2 and not done.out, done.out
    assert ("TMPDIR: no temporary folder" if "TMPDIR" in broken else "git is not installed") in done.err
    said = run(repository, *HOOK, "--server", server.url, env=broken).err
    assert "1 commits wait in" in said and "left out" not in said
    assert (repository.folder / ".git/egdb/commits").read_text("ascii").split() == [repository.head()]
    assert store.scalar("SELECT count(*) FROM commits") == 0
    assert run(repository, *HOOK, "--server", server.url).err == ""
    assert store.query("SELECT commit_sha FROM commits") == [(repository.head(),)]


def test_paths_are_as_long_as_the_system_takes(repository, scratch):
    deep = scratch.joinpath(*(letter * 200 for letter in "abcd"))
    run(repository, "--out", deep / "out")
    run(repository, "--out", scratch / "short")
    assert lines(deep / "out") == lines(scratch / "short")
    mosaic = indexer.run("mosaic", "--repo", repository.folder, "--out", deep / "mosaic")
    assert json.loads(mosaic.out.splitlines()[-1])["files"] == 3 and (deep / "mosaic/mosaic_map.json").exists()
    os.makedirs(deep / "spec")
    shutil.copytree(binary.ROOT / "spec/policies", deep / "spec/policies")
    run(repository, "--out", scratch / "spec", "--spec", deep / "spec")
    assert lines(scratch / "spec") == lines(scratch / "short")


@pytest.mark.parametrize("words, said", [
    (("--server", "http://127.0.0.1:1/" + "a" * 1100), "the server's URL is longer than"), (("--spec", "s" * 4096), "the folder's path is longer"),
    (("--name", "n" * 200), "--name: longer than"), (("--out", "/tmp/" + "o" * 300), "File name too long")])
def test_what_is_too_long_is_an_error(repository, words, said):
    done = indexer.run("--repo", repository.folder, *words, check=None)
    assert done.returncode in (1, 2) and said in done.err, done.err


def test_two_repositories_do_not_take_commits_from_one_another(scratch, server, store):
    """Rows of a commit are kept by its sha: under another name, or from a fork, the same commits are refused, and it is said how to go on."""
    repository = Repository(scratch / "lab")
    repository.commit(files={"a.py": "def a():\n    return 1\n"})
    words = ("--repo", repository.folder, "--server", server.url)
    indexer.run("index", *words)
    repository.commit(files={"a.py": "def b():\n    return 2\n"})
    for command in ("index", "history"):
        assert "--name lab" in indexer.run(command, *words, "--name", "fork", check=2).err
    assert store.scalar("SELECT count(*) FROM delta_fingerprints WHERE repo = 'fork'") == 0
    indexer.run("index", *words)
    assert store.scalar("SELECT count(*) FROM delta_fingerprints WHERE repo = 'lab'") == 2


@pytest.mark.parametrize("words", [("--nosuch",), ("word",), ("--timeout-ms", "soon"), ("--repo", "/nowhere")])
def test_a_hook_that_is_used_wrongly_says_so_and_fails_no_commit(words):
    assert "egdb-index hook" in indexer.run("hook", *words).err
