"""deploy/git-hooks/post-commit: each commit is posted; without a server it waits; a commit never fails for it."""
import shutil

import pytest

from support import binary, ports
from support.repository import Repository

HOOK = binary.ROOT / "deploy/git-hooks/post-commit"


@pytest.fixture
def repository(scratch):
    repository = Repository(scratch / "project")
    shutil.copy(HOOK, repository.folder / ".git/hooks/post-commit")
    repository.write(".gitignore", "/.glx/\n")
    return repository


def settings(url, **kw):
    return {"EGDB_HOOK_PROGRAM": str(binary.path()), "EGDB_SERVER": url, **kw}


def spool(repository):
    path = repository.folder / ".glx/spool/commits"
    return path.read_text("ascii").split() if path.exists() else []


def stored(store):
    return {sha for (sha,) in store.query("SELECT commit_sha FROM commits")}


def test_each_commit_is_posted(server, store, repository):
    env = settings(server.url)
    shas = {repository.commit(f"commit {i}", {"a.py": f"{i}\n"}, env=env) for i in range(3)}
    assert stored(store) == shas
    assert spool(repository) == []
    amended = repository.commit("amended", {"a.py": "x\n"}, words=("--amend",), env=env)
    assert stored(store) == shas | {amended}


def test_commits_wait_while_the_server_is_away(start_server, store, repository):
    nobody = settings(f"http://127.0.0.1:{ports.free()}")
    waiting = [repository.commit(f"commit {i}", {"a.py": f"{i}\n"}, env=nobody) for i in range(3)]
    assert spool(repository) == waiting
    server = start_server(store)
    last = repository.commit("the server is back", {"b": "\n"}, env=settings(server.url))
    assert stored(store) == {*waiting, last}
    assert spool(repository) == []


def test_what_is_said(repository):
    nobody = settings(f"http://127.0.0.1:{ports.free()}")
    repository.write("a", "1\n")
    repository.git("add", "-A")
    done = repository.git("commit", "-q", "-m", "one", env=nobody)
    assert "1 commits wait in .glx/spool/commits" in done.err
    assert "no answer" in done.err


def test_the_spool_is_bounded(repository):
    path = repository.folder / ".glx/spool/commits"
    path.parent.mkdir(parents=True)
    path.write_text("".join(f"{i:040x}\n" for i in range(1000)))
    repository.commit("one too many", {"a": "1\n"}, env=settings(f"http://127.0.0.1:{ports.free()}"))
    assert len(spool(repository)) == 1000
    repository.commit("and another", {"a": "2\n"}, env=settings("http://127.0.0.1:1", EGDB_HOOK_PROGRAM="/nowhere/egdb"))
    assert len(spool(repository)) == 1000


def test_commits_that_are_gone_are_forgotten(server, store, repository):
    path = repository.folder / ".glx/spool/commits"
    path.parent.mkdir(parents=True)
    path.write_text("f" * 40 + "\nno sha\n\n--all\n")
    sha = repository.commit("one", {"a": "1\n"}, env=settings(server.url))
    assert stored(store) == {sha}
    assert spool(repository) == []


@pytest.mark.parametrize("program", ["/nowhere/egdb", "/bin/false", "/usr/bin/env"])
def test_a_broken_program_fails_no_commit(repository, program):
    sha = repository.commit("one", {"a": "1\n"}, env=settings("http://127.0.0.1:1", EGDB_HOOK_PROGRAM=program))
    assert repository.head() == sha
    if program != "/bin/false":
        assert spool(repository) == [sha]


def test_a_wrong_configuration_keeps_the_commit(repository):
    sha = repository.commit("one", {"a": "1\n"}, env=settings("http://127.0.0.1:1", EGDB_STROE="x"))
    assert spool(repository) == [sha]


def test_off(server, store, repository):
    repository.commit("one", {"a": "1\n"}, env=settings(server.url, EGDB_HOOK="off"))
    assert stored(store) == set() and spool(repository) == []
