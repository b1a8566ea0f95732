"""deploy/git-hooks/post-commit, with either program: each commit is posted; without a server it waits; a commit never fails for it."""
import shutil

import pytest

from support import binary, indexer, ports, wait
from support.repository import Repository

HOOK = binary.ROOT / "deploy/git-hooks/post-commit"
PATIENT = {"EGDB_HOOK_TIMEOUT_MS": "60000"}


@pytest.fixture
def repository(scratch):
    repository = Repository(scratch / "project")
    shutil.copy(HOOK, repository.folder / ".git/hooks/post-commit")
    repository.write(".gitignore", "/.glx/\n")
    return repository


@pytest.fixture(params=["egdb", "egdb-index"])
def settings(request):
    program = binary.path() if request.param == "egdb" else indexer.path()
    return lambda url, **kw: {"EGDB_HOOK_PROGRAM": str(program), "EGDB_SERVER": url, **PATIENT, **kw}


def spool(repository):
    path = repository.folder / ".git/egdb/commits"
    return path.read_text("ascii").split() if path.exists() else []


def stored(store):
    return {sha for (sha,) in store.query("SELECT commit_sha FROM commits")}


def test_each_commit_is_posted(server, store, repository, settings):
    env = settings(server.url)
    shas = {repository.commit(f"commit {i}", {"a.py": f"{i}\n"}, env=env) for i in range(3)}
    assert stored(store) == shas
    assert spool(repository) == []
    amended = repository.commit("amended", {"a.py": "x\n"}, words=("--amend",), env={**env, "EGDB_HOOK_DIFF": "1"})
    assert stored(store) == shas | {amended}
    assert store.query("SELECT commit_sha, diff_text FROM commit_files WHERE diff_text IS NOT NULL") == [(amended, "@@ -1 +1 @@\n-1\n+x\n")]


def test_commits_wait_while_the_server_is_away(start_server, store, repository, settings):
    nobody = settings(f"http://127.0.0.1:{ports.free()}")
    waiting = [repository.commit(f"commit {i}", {"a.py": f"{i}\n"}, env=nobody) for i in range(3)]
    assert spool(repository) == waiting
    server = start_server(store)
    last = repository.commit("the server is back", {"b": "\n"}, env=settings(server.url))
    assert stored(store) == {*waiting, last}
    assert spool(repository) == []


def test_what_is_said(repository, settings):
    nobody = settings(f"http://127.0.0.1:{ports.free()}")
    repository.write("a", "1\n")
    repository.git("add", "-A")
    done = repository.git("commit", "-q", "-m", "one", env=nobody)
    assert "1 commits wait in " in done.err and ".git/egdb/commits" in done.err
    assert "no answer" in done.err


def test_the_spool_is_bounded(repository, settings):
    path = repository.folder / ".git/egdb/commits"
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{i:040x}\n" for i in range(1000)))
    repository.commit("one too many", {"a": "1\n"}, env=settings(f"http://127.0.0.1:{ports.free()}"))
    assert len(spool(repository)) == 1000
    repository.commit("and another", {"a": "2\n"}, env=settings("http://127.0.0.1:1", EGDB_HOOK_PROGRAM="/nowhere/egdb"))
    assert len(spool(repository)) == 1000


def test_commits_that_are_gone_are_forgotten(server, store, repository, settings):
    path = repository.folder / ".git/egdb/commits"
    path.parent.mkdir(parents=True)
    path.write_text("f" * 40 + "\nno sha\n\n--all\n")
    sha = repository.commit("one", {"a": "1\n"}, env=settings(server.url))
    assert stored(store) == {sha}
    assert spool(repository) == []


@pytest.mark.parametrize("program", ["/nowhere/egdb", "/bin/false", "/usr/bin/env"])
def test_a_broken_program_fails_no_commit(repository, program, settings):
    sha = repository.commit("one", {"a": "1\n"}, env=settings("http://127.0.0.1:1", EGDB_HOOK_PROGRAM=program))
    assert repository.head() == sha
    if program != "/bin/false":
        assert spool(repository) == [sha]


def test_a_wrong_configuration_keeps_the_commit(repository, settings):
    sha = repository.commit("one", {"a": "1\n"}, env=settings("http://127.0.0.1:1", EGDB_STROE="x"))
    assert spool(repository) == [sha]


def test_off(server, store, repository, settings):
    repository.commit("one", {"a": "1\n"}, env=settings(server.url, EGDB_HOOK="off"))
    assert stored(store) == set() and spool(repository) == []


def test_in_the_background_nothing_is_waited_for(server, store, repository, settings):
    sha = repository.commit("one", {"a.py": "1\n"}, env=settings(server.url, EGDB_HOOK_BACKGROUND="1"))
    wait.until(lambda: stored(store) == {sha} and not spool(repository), "the commit is posted and waits no more")
    wait.until(lambda: (repository.folder / ".git/egdb/hook.log").read_text() == "", "nothing is said")


def test_all_there_is_to_know(server, store, repository):
    env = {"EGDB_HOOK_PROGRAM": str(indexer.path()), "EGDB_SERVER": server.url, **PATIENT}
    shas = [repository.commit(f"commit {i}", {"a.py": f"def f{i}(a):\n    return a\n"}, env=env) for i in range(2)]
    assert {sha for (sha,) in store.query("SELECT sha FROM delta_fingerprints")} == set(shas)
    assert {sha for (sha,) in store.query("SELECT sha FROM mosaic_deltas")} == set(shas)
    assert store.query("SELECT path FROM files") == [("a.py",)]
