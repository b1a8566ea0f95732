"""deploy/ci: a range is indexed and judged, the exit code says what came of it, and the message why."""
import http.server
import json
import re
import subprocess
import threading

import pytest
import yaml

from support import binary, events, indexer
from support.repository import Repository

FOLDER = binary.ROOT / "deploy" / "ci"
AWAY = "http://127.0.0.1:9"


def gate(repository, server, *words, check=0, **env):
    environment = repository.environment({"EGDB_SERVER": server, "EGDB_CI_PROGRAM": str(indexer.path()), **env})
    done = subprocess.run([str(FOLDER / "gate.sh"), *words], cwd=repository.folder, env=environment, capture_output=True, timeout=300,
                          check=False)
    done.out, done.err = done.stdout.decode("utf-8"), done.stderr.decode("utf-8")
    assert done.returncode == check, f"{done.returncode}\n{done.out}{done.err}"
    return done


@pytest.fixture
def repository(scratch):
    repository = Repository(scratch / "lab")
    repository.commit(files={".gitignore": ".glx/\n", "core/a.py": "def load(path, mode='r'):\n    return open(path, mode)\n"})
    return repository


def test_a_change_that_breaks_callers_fails_and_says_why(repository, server, store):
    good = repository.commit(files={"core/b.py": "def other(x):\n    return x\n"})
    gate(repository, server.url)
    bad = repository.commit(files={"core/a.py": "def load(path):\n    return open(path)\n"})
    done = gate(repository, server.url, good, "HEAD", check=1, GITHUB_ACTIONS="true")
    assert "Violations: I2" in done.out and "core/a.py:1 load: parameter mode was removed" in done.out and "Action: keep the old name" in done.out
    annotation = re.search(r"^::error title=EGDB gates::(.*)$", done.out, re.M)
    assert annotation and bad[:12] in annotation[1] and "%0A" in annotation[1]
    report = json.loads((repository.folder / ".glx/invariants.json").read_text("utf-8"))
    assert report["decision"] == "block" and [one["sha"] for one in report["commits"]] == [bad]
    delta = json.loads((repository.folder / ".glx/delta_report.json").read_text("utf-8"))
    assert [one["kind"] for one in delta["tokens"]] == ["MODIFY_SIG"]
    assert store.scalar("SELECT count(*) FROM invariants_results WHERE action = 'block'") == 1
    i3 = next(one for one in report["commits"][0]["gates"] if one["gate"] == "I3")
    assert i3["details"]["applies"] and i3["score"] == 0, "both lines are the function's, and so is its token"
    assert json.loads((repository.folder / ".glx/mosaic/mosaic_map.json").read_text("utf-8"))["base"] == good
    assert (repository.folder / ".glx/mosaic/mosaic_delta.png").stat().st_size > 0


def test_an_open_critical_finding_is_told_as_an_incident(repository, server):
    gate(repository, server.url)
    finding = {"id": "NF-" + "f" * 26, "severity": "CRITICAL", "confidence": 0.9, "category": "Secrets", "rule_id": "aws-key", "message": "a key",
               "location": {"file": "core/a.py", "line": 2}, "fingerprint": "f" * 64}
    with server.client() as client:
        payload = {"repo": "lab", "sha": repository.head(), "tool": "gitleaks", "findings": [finding]}
        answer = client.post("/v1/events", [events.event("sast.findings.ready@v1", payload)])
        assert answer.json()["stored"] == 1, answer.body
    repository.commit(files={"core/b.py": "def other(x):\n    return x\n"})
    done = gate(repository, server.url)
    assert "SAST flagged aws-key (CRITICAL) in core/a.py:2. Secret rotation required." in done.out and ".glx/security/queue.json" in done.out
    queue = json.loads((repository.folder / ".glx/security/queue.json").read_text("utf-8"))
    assert [one["rule_id"] for one in queue] == ["aws-key"]


def test_a_name_in_the_repository_commands_nothing(repository, server):
    """A line that begins with :: is a command to the runner of GitHub's actions."""
    name = "core/x\n::error::owned.py"
    good = repository.commit(files={name: "def mine(path, mode='r'):\n    return open(path, mode)\n"})
    gate(repository, server.url)
    repository.commit(files={name: "def mine(path):\n    return open(path)\n"})
    done = gate(repository, server.url, good, "HEAD", check=1)
    assert "core/x?::error::owned.py:1 mine: parameter mode was removed" in done.out
    assert not re.search("^::", done.out + done.err, re.M)


def test_the_first_commit_and_a_new_branch(repository, server):
    gate(repository, server.url)
    gate(repository, server.url, "0" * 40, repository.head())


def test_a_server_that_is_away_fails_only_when_asked(repository):
    done = gate(repository, AWAY, GITHUB_ACTIONS="true")
    assert "nothing is judged" in done.err and "::warning" in done.out
    gate(repository, AWAY, check=3, EGDB_CI_REQUIRE_SERVER="1")


class Proxy(http.server.BaseHTTPRequestHandler):
    """A server that others stand before: it answers /readyz with the first of two codes, all else with the second."""

    def do_GET(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.send_response(self.server.codes[self.path != "/readyz"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy(request):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        server.codes = request.param
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("proxy", [(502, 502), (503, 503), (504, 504), (429, 429), (200, 502), (200, 504)], indirect=True)
def test_a_proxy_whose_server_is_away_fails_only_when_asked(repository, proxy):
    done = gate(repository, proxy, GITHUB_ACTIONS="true")
    assert "nothing is judged" in done.err and "::warning" in done.out and not (repository.folder / ".glx/invariants.json").exists()
    gate(repository, proxy, check=3, EGDB_CI_REQUIRE_SERVER="1")


@pytest.mark.parametrize("proxy", [(200, 502)], indirect=True)
def test_gates_of_a_server_that_is_away_judge_nothing(repository, proxy):
    words = ("gates", "--ci", "--repo", repository.folder, "--server", proxy)
    assert "nothing is judged" in indexer.run(*words).err
    indexer.run(*words, "--require-server", check=3)
    indexer.run("history", "--repo", repository.folder, "--server", proxy, check=4)


@pytest.mark.parametrize("proxy", [(404, 404)], indirect=True)
def test_a_server_of_another_kind_and_an_address_of_none_are_errors(repository, proxy):
    assert "readyz" in gate(repository, proxy, check=2).err
    gate(repository, "nonsense://127.0.0.1", check=2)


@pytest.mark.parametrize("words, says", [(["nowhere"], "fetch-depth"), (["", "nowhere"], "no commit")])
def test_wrong_usage(repository, words, says):
    assert says in gate(repository, AWAY, *words, check=2).err


def test_the_action_gives_the_script_what_it_reads():
    action = yaml.safe_load((FOLDER / "action.yml").read_text("utf-8"))
    step, script = action["runs"]["steps"][0], (FOLDER / "gate.sh").read_text("utf-8")
    used = set(re.findall(r"inputs\.([a-z-]+)", json.dumps(step["env"])))
    assert used == set(action["inputs"]) and "${{" not in step["run"]
    read = set(re.findall(r"\bEGDB_[A-Z_]+", script)) | {"EGDB_CI_FROM", "EGDB_CI_TO", "EGDB_CI_SCRIPT"}
    assert set(step["env"]) <= read
