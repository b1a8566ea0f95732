"""Repositories that other people shape: nothing of them is executed, decides what is read, or leads a file elsewhere."""
import json
import random
import shutil
import subprocess

import pytest

from support import binary, indexer
from support.repository import Repository


def lines(seed):
    """Text that algorithms do not agree on: few lines, often repeated."""
    pick = random.Random(seed)
    return "".join(f"{'xyzvw'[pick.randrange(5)]} = {pick.randrange(3)}\n" for _ in range(300))


@pytest.fixture
def repository(scratch):
    repository = Repository(scratch / "repo")
    repository.commit("one", {"a.py": lines(1)})
    repository.commit("two", {"a.py": lines(2)})
    repository.commit("three", {"b.py": "def g():\n    return 1\n"})
    return repository


def events(repository, scratch, topic="commit.recorded@v1", words=(), **kw):
    folder = scratch / "out"
    shutil.rmtree(folder, ignore_errors=True)
    indexer.run("--repo", repository.folder, "--out", folder, *words, **kw)
    told = (folder / "events.ndjson").read_text("utf-8").splitlines()
    return [line for line in told if json.loads(line)["topic"] == topic]


def missing_blob(repository, name):
    """Takes one object out of the repository and makes it one that is fetched when it is missed; gives what would tell of that."""
    told = repository.folder.parent / "told"
    sha = repository.git("rev-parse", f"HEAD:{name}").stdout.decode().strip()
    (repository.folder / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    for key, value in (("remote.origin.promisor", "true"), ("remote.origin.url", str(repository.folder)),
                       ("remote.origin.uploadpack", f"touch {told}; git-upload-pack")):
        repository.git("config", key, value)
    return told


@pytest.mark.parametrize("program", ["egdb-index", "egdb"])
def test_no_program_of_the_configuration_runs(repository, scratch, program):
    told = missing_blob(repository, "b.py")
    if program == "egdb-index":
        done = indexer.run("--repo", repository.folder, "--out", scratch / "out", check=None)
        said, code = done.err, done.returncode
    else:
        done = subprocess.run([str(binary.path()), "post", "--git-history", "--repo", str(repository.folder), "--retries", "0", "--server",
                               "http://127.0.0.1:9"], env=binary.environment(), capture_output=True, timeout=60)
        said, code = done.stderr.decode(), done.returncode
    assert not told.exists()
    assert (code, "not in this clone" in said) == (0, True) if program == "egdb-index" else code in (1, 2) and "missing" in said


@pytest.mark.parametrize("what", ["algorithm", "attributes", "info", "global", "replace", "checkout", "threshold"])
def test_the_same_commit_gives_the_same_bytes(repository, scratch, what):
    before = events(repository, scratch)
    environment = {}
    if what == "algorithm":
        repository.git("config", "diff.algorithm", "histogram")
    elif what == "attributes":
        repository.write(".gitattributes", "*.py -diff\n")
    elif what == "info":
        repository.write(".git/info/attributes", "*.py -diff\n")
    elif what == "global":
        (scratch / "attributes").write_text("*.py -diff\n")
        (scratch / "config").write_text(f"[core]\n\tattributesFile = {scratch}/attributes\n[diff]\n\talgorithm = histogram\n")
        environment = {"GIT_CONFIG_GLOBAL": str(scratch / "config")}
    elif what == "replace":
        repository.git("replace", "--graft", "HEAD", "HEAD~2")
    elif what == "checkout":
        repository.git("rm", "-rq", "--cached", ".")
        (repository.folder / "a.py").unlink()
    else:
        repository.git("config", "core.bigFileThreshold", "1k")
    assert events(repository, scratch, env=environment) == before
    assert len(before) == 3


def test_the_repository_is_the_one_that_is_named(repository, scratch):
    """Hooks, `rebase --exec` and `submodule foreach` call with GIT_DIR set."""
    other = Repository(scratch / "other")
    other.commit("of the other", {"z.py": "def z():\n    return 0\n"})
    environment = {"GIT_DIR": str(other.folder / ".git"), "GIT_WORK_TREE": str(other.folder), "GIT_INDEX_FILE": "nowhere",
                   "GIT_OBJECT_DIRECTORY": str(other.folder / ".git" / "objects")}
    assert events(repository, scratch, env=environment) == events(repository, scratch)


def test_no_folder_is_left_behind(repository, scratch):
    folder = scratch / "temporary"
    folder.mkdir()
    events(repository, scratch, env={"TMPDIR": str(folder)})
    assert list(folder.iterdir()) == []


def away_gate(repository, *words, **env):
    """deploy/ci/gate.sh, as far as it comes without a server."""
    environment = repository.environment({"EGDB_SERVER": "http://127.0.0.1:9", "EGDB_CI_PROGRAM": str(indexer.path()), **env})
    return subprocess.run([str(binary.ROOT / "deploy/ci/gate.sh"), *words], cwd=repository.folder, env=environment, capture_output=True,
                          timeout=120, check=False)


def test_a_change_does_not_bring_the_policy_that_it_is_judged_by(repository, scratch):
    repository.commit("mine", {"spec/policies/tokens.json": "{}", "spec/policies/change_types.json": "{}", "spec/policies/mosaic.json": "{"})
    before = events(repository, scratch, cwd=binary.ROOT)
    assert events(repository, scratch, cwd=repository.folder) == before
    said = indexer.run("--repo", repository.folder, "--spec", "spec", "--out", scratch / "o", cwd=repository.folder, check=None)
    assert said.returncode != 0, "named, it is taken"


@pytest.mark.parametrize("words", [("mosaic", "--png"), ("mosaic", "--out", ".glx/mosaic"), ("delta", "--out", ".glx/delta.json"),
                                   ("graph", "--out", ".glx/graph.json"), ("graph", "--out", ".glx/mosaic")])
@pytest.mark.parametrize("link", ["file", "folder"])
def test_links_of_a_checkout_lead_no_file_elsewhere(repository, scratch, words, link):
    precious = scratch / "precious"
    precious.mkdir()
    names = ["delta.json", "graph.json", "mosaic/mosaic_map.json", "mosaic/mosaic_delta.png", "mosaic/events.ndjson"]
    if link == "folder":
        (repository.folder / ".glx").symlink_to(precious)
    else:
        for name in names:
            for ending in ("", ".part"):
                path = repository.folder / ".glx" / (name + ending)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to(precious / "file")
        (precious / "file").write_text("keep")
    sink = ["--server", "http://127.0.0.1:9"] if "--png" in words else []
    done = indexer.run(*words, *sink, cwd=repository.folder, check=None)
    assert done.returncode != 0
    if "--png" not in words:
        assert "symbolic link" in done.err
    assert {path.name: path.read_text() for path in precious.iterdir()} == ({"file": "keep"} if link == "file" else {})
    assert b"symbolic link" in away_gate(repository).stderr


def test_reports_go_where_they_were_asked(repository, scratch):
    """A device and a pipe are written in place; a folder of an absolute path may be a link, which is the user's own."""
    (scratch / "real").mkdir()
    (scratch / "link").symlink_to(scratch / "real")
    indexer.run("delta", "--repo", repository.folder, "--out", scratch / "link" / "new" / "delta.json")
    text = (scratch / "real/new/delta.json").read_text()
    assert indexer.run("delta", "--repo", repository.folder, "--out", "/dev/stdout").out == text
    indexer.run("delta", "--repo", repository.folder, "--out", ".glx/deep/delta.json", cwd=repository.folder)
    assert (repository.folder / ".glx/deep/delta.json").read_text() == text
    assert [path.name for path in (repository.folder / ".glx/deep").iterdir()] == ["delta.json"]


def test_the_hook_keeps_what_waits_where_no_commit_can_lead_it(repository, scratch):
    precious = scratch / "precious"
    precious.write_text("keep")
    for name in ("commits", "commits.lock", "commits.part"):
        path = repository.folder / ".glx/spool" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(precious)
    said = indexer.run("hook", "--repo", repository.folder, "--server", "http://127.0.0.1:9").err
    assert "1 commits wait" in said and (repository.folder / ".git/egdb/commits").read_text().split() == [repository.head()]
    said = indexer.run("hook", "--spool", ".glx/spool/commits", "--server", "http://127.0.0.1:9", cwd=repository.folder).err
    assert "symbolic link" in said and precious.read_text() == "keep"


@pytest.mark.parametrize("where", ["branch", "detached"])
def test_from_another_branch_commits_are_duplicates(repository, server, where):
    run = lambda: json.loads(indexer.run("--repo", repository.folder, "--server", server.url).out.splitlines()[-1])  # noqa: E731
    first = run()
    repository.git("checkout", "-q", *(["-b", "feature"] if where == "branch" else ["--detach"]))
    again = run()
    assert (again["stored"], again["rejected"], again["duplicates"]) == (0, 0, first["events"])


def shallow(repository, scratch, depth):
    clone = Repository(scratch / f"clone{depth}")
    shutil.rmtree(clone.folder)
    subprocess.run(["git", "clone", "-q", "--depth", str(depth), repository.folder.as_uri(), str(clone.folder)], check=True,
                   env=repository.environment(), capture_output=True)
    return clone


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_clone_tells_what_it_knows_and_nothing_else(repository, scratch, depth):
    clone = shallow(repository, scratch, depth)
    whole = {}
    for topic in ("commit.recorded@v1", "delta.fingerprint@v1", "code.graph.indexed@v1"):
        whole[topic] = events(repository, scratch, topic)
    for topic, known in whole.items():
        told = events(clone, scratch, topic, words=["--name", "repo"])
        if topic.startswith("code."):
            assert sorted(json.loads(line)["payload"]["file"]["path"] for line in told) == ["a.py", "b.py"]
        else:
            shas = [json.loads(line)["payload"]["sha"] for line in told]
            assert shas == [json.loads(line)["payload"]["sha"] for line in known][len(known) - (depth - 1):]
        if topic.startswith("commit."):
            assert told == known[len(known) - (depth - 1):], "the same bytes, and nothing of the commit at the edge"
    said = indexer.run("--repo", clone.folder, "--out", scratch / "o").err
    assert "git fetch --unshallow" in said and "fetch-depth: 0" in said
    for words in (["history"], ["mosaic", "--all"], ["graph"], ["history", "--from", "HEAD"]):
        indexer.run(*words, "--repo", clone.folder, "--out", scratch / "o2")
    if depth == 1:
        done = away_gate(clone)
        assert done.returncode == 2 and b"fetch-depth" in done.stderr


def test_the_hook_of_a_shallow_clone(repository, scratch, server, store):
    clone = shallow(repository, scratch, 1)
    edge = clone.head()
    said = indexer.run("hook", "--repo", clone.folder, "--server", server.url).err
    assert "unshallow" in said and store.scalar("SELECT count(*) FROM commits") == 0
    sha = clone.commit("mine", {"c.py": "def c():\n    return 3\n"})
    assert indexer.run("hook", "--repo", clone.folder, "--server", server.url).err == ""
    assert store.query("SELECT commit_sha FROM commits") == [(sha,)] and store.query("SELECT sha FROM delta_fingerprints") == [(sha,)]
    assert edge != sha and (clone.folder / ".git/egdb/commits").read_text() == ""


def test_no_commit_waits_behind_one_that_cannot_be_read(repository, scratch, server, store):
    sha = repository.git("rev-parse", "HEAD:a.py").stdout.decode().strip()
    old, new = repository.git("rev-parse", "HEAD~2:a.py").stdout.decode().strip(), repository.head()
    assert old != sha
    repository.write(".git/egdb/commits", repository.git("rev-parse", "HEAD~2").stdout.decode())
    (repository.folder / ".git/objects" / old[:2] / old[2:]).unlink()
    said = indexer.run("hook", "--repo", repository.folder, "--server", server.url).err
    assert "left out" in said and (repository.folder / ".git/egdb/commits").read_text() == ""
    assert (new,) in store.query("SELECT commit_sha FROM commits")


@pytest.mark.parametrize("url, name", [("https://secret@host.example/", "host.example"), ("https://u:secret@host.example/a/b.git", "b"),
                                       ("git@host.example:team/c.git", "c"), ("https://host.example/d@2", "d@2")])
def test_no_secret_of_an_url_becomes_the_name(repository, scratch, url, name):
    repository.git("remote", "add", "origin", url)
    assert {json.loads(line)["payload"]["repo"] for line in events(repository, scratch)} == {name}
