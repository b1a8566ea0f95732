"""`egdb-index sarif` and `egdb-index findings`: reports bound to the repository, posted once, closed, and written as a queue."""
import json
import pathlib
import time

import pytest

from support import indexer, wait
from support.repository import Repository

REPORTS = pathlib.Path(__file__).parent / "reports"
CODE = "import subprocess\n\n\ndef run(command):\n    subprocess.call(command, shell=True)\n\n\ndef _twice(x):\n    return x + x\n"


@pytest.fixture
def repository(scratch):
    repository = Repository(scratch / "repo")
    repository.commit(files={"core/run.py": CODE, "other.txt": "a\n"})
    return repository


def sarif(folder, *places, rule="R1"):
    results = [{"ruleId": rule, "message": {"text": "m"}, "locations": [{"physicalLocation": {
        "artifactLocation": {"uri": uri}, "region": {"startLine": line}}}]} for uri, line in places]
    path = folder / "report.sarif"
    path.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": results}]}))
    return path


def written(repository, scratch, *args):
    indexer.run("sarif", "--repo", repository.folder, "--out", scratch / "out", *args)
    events = [json.loads(line) for line in (scratch / "out" / "events.ndjson").read_text("utf-8").splitlines()]
    return [finding for event in events for finding in event["payload"]["findings"]]


def test_findings_are_bound_to_the_commit(repository, scratch):
    root = repository.folder.resolve().as_uri()
    found = written(repository, scratch, sarif(scratch, (f"{root}/core/run.py", 5), ("core/run.py", 9), ("core/run.py", 1), ("gone.py", 3)))
    assert {(f["location"]["file"], f["location"]["line"], f.get("ast_ref"), f.get("delta_bind")) for f in found} == {
        ("core/run.py", 5, "AST::core/run.py#run", "added"), ("core/run.py", 9, "AST::core/run.py#_twice", "added"),
        ("core/run.py", 1, "AST::core/run.py#", "added"), ("gone.py", 3, None, None)}
    repository.commit(files={"core/run.py": CODE.replace("x + x", "2 * x").replace("import subprocess\n", "import subprocess\nimport os\n")})
    found = written(repository, scratch, sarif(scratch, ("core/run.py", 6), ("core/run.py", 10), ("core/run.py", 2)))
    assert {f["location"]["line"]: f["delta_bind"] for f in found} == {6: "unchanged", 10: "modified", 2: "added"}


def test_a_line_that_moves_and_a_renamed_file_keep_the_identity(repository, scratch):
    first = written(repository, scratch, sarif(scratch, ("core/run.py", 5)))
    repository.git("mv", "core/run.py", "core/start.py")
    repository.commit(files={"core/start.py": "# new\n\n" + CODE})
    assert written(repository, scratch, sarif(scratch, ("core/start.py", 7)))[0]["id"] == first[0]["id"]


def test_without_the_repository_a_second_run_stores_nothing(repository, scratch, server):
    """Whether the server knows the commit or not, and whenever it is."""
    indexer.run("index", "--repo", repository.folder, "--server", server.url)

    def stored(sha, report):
        return json.loads(indexer.run("sarif", "--sha", sha, "--name", "repo", "--server", server.url, report).out)["stored"]

    def dates(topic, sha):
        with server.client() as client:
            return [event["ts_utc"] for event in client.get(f"/v1/events?topic={topic}&sha={sha}").json()["events"]]

    known, unknown = repository.head(), "f" * 40
    assert stored(known, REPORTS / "bandit.json") == 1
    assert dates("sast.findings.ready@v1", known) == dates("commit.recorded@v1", known)
    assert stored(unknown, REPORTS / "bandit.json") == 1
    wait.until(lambda begun=int(time.time()): int(time.time()) > begun, "the clock says another second")
    assert stored(unknown, REPORTS / "bandit.json") == 0
    assert stored(unknown, sarif(scratch, ("core/run.py", 5))) == 1
    assert len(dates("sast.findings.ready@v1", unknown)) == 2 and len(set(dates("sast.findings.ready@v1", unknown))) == 1


def test_a_second_run_stores_nothing_and_a_complete_one_closes(repository, scratch, server, store):
    args = ("sarif", "--repo", repository.folder, "--server", server.url, "--complete")
    done = [json.loads(indexer.run(*args, REPORTS / "bandit.json", REPORTS / "gitleaks.json").out) for _ in range(2)]
    assert [(one["stored"], one["duplicates"], one["findings"]) for one in done] == [(2, 0, 3), (0, 2, 3)]
    queue = scratch / ".glx" / "security" / "queue.json"
    indexer.run("findings", "--server", server.url, "--out", queue)
    listed = json.loads(queue.read_text())
    assert [one["risk"] for one in listed] == sorted((one["risk"] for one in listed), reverse=True) and len(listed) == 3
    assert [one["location"]["file"] for one in listed if one["category"] == "Secrets" and one["severity"] == "CRITICAL"] == ["deploy/env.sh"]
    assert b"zq8T1pWv6XrN0kLm3sYb" not in queue.read_bytes()
    repository.commit(files={"deploy/env.sh": "\n"})
    (scratch / "empty.json").write_text("[]")
    indexer.run(*args, "--format", "gitleaks", scratch / "empty.json")
    indexer.run("findings", "--server", server.url, "--out", queue)
    assert {one["tool"] for one in json.loads(queue.read_text())} == {"bandit"}


def test_mistakes_are_said(repository, scratch):
    done = indexer.run("sarif", "--repo", repository.folder, "--out", scratch / "out", REPORTS / "missing.json", check=2)
    assert "missing.json" in done.err
    (scratch / "bad.json").write_text('{"version": "1.0", "runs": []}')
    done = indexer.run("sarif", "--repo", repository.folder, "--out", scratch / "out", scratch / "bad.json", check=1)
    assert "2.1.0" in done.err and "/version" in done.err
