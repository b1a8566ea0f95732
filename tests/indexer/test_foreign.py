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


def events(repository, scratch, topic="commit.recorded@v1", **kw):
    folder = scratch / "out"
    shutil.rmtree(folder, ignore_errors=True)
    indexer.run("--repo", repository.folder, "--out", folder, **kw)
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
    assert code in (1, 2) and "missing" in said


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
