"""A history as an indexer posts it, without a repository: commits with the ΔZ that a test wants, minutes apart."""
import hashlib
import json

from . import events, indexer

REPO = "lab"
BEGAN_S = 1_760_000_000


def sha(n):
    return hashlib.sha1(f"commit {n}".encode()).hexdigest()


def at(n):
    return events.utc(BEGAN_S + 60 * n)


def fingerprint(n, modules, **kw):
    """modules: {name: ΔZ}."""
    listed = [{"module": name, "raw": value, "scale": 1, "delta_z": value} for name, value in modules.items()]
    payload = {"repo": REPO, "sha": sha(n), "histogram": {}, "hash": f"fp:{n:08}", "score_deltaZ": max(modules.values(), default=0),
               "modules": listed}
    return events.event("delta.fingerprint@v1", payload, ts_utc=at(n), repo_sha=sha(n), **kw)


def tokens(n, listed):
    return events.event("delta.tokens@v1", {"repo": REPO, "sha": sha(n), "tokens": listed}, ts_utc=at(n), repo_sha=sha(n))


def report(n, **kw):
    return events.event("tests.report@v1", {"repo": REPO, "sha": sha(n), "passed": 1, "failed": 0, "skipped": 0, **kw}, ts_utc=at(n),
                        repo_sha=sha(n))


def post(client, listed):
    answer = client.post_ndjson(listed)
    assert answer.status in (200, 201, 202), answer.body[:2000]
    assert answer.json()["stored"] == len(listed), answer.body[:2000]
    return answer


def run(server, *words, check=0, cwd=None):
    """`egdb-index thresholds|gates …` about the repository; what it says on its last line."""
    done = indexer.run(*words, "--name", REPO, "--server", server.url, check=check, cwd=cwd)
    return json.loads(done.out.splitlines()[-1]) if done.out.startswith("{") else done
