"""Findings that come as events: each is its repository's, and what a person has suppressed does not block when it is reported again."""
import pytest

from support import events
from support.migrations import NEWEST, egdb

A, B = "a" * 40, "b" * 40


def found(fingerprint="fp-1", nf_id="NF-1111", repo=None, sha=A, **kw):
    finding = {"id": nf_id, "rule_id": "R1", "severity": "CRITICAL", "confidence": 0.9, "location": {"file": "a.py"},
               "fingerprint": fingerprint}
    payload = {"sha": sha, "tool": "scanner", "findings": [finding], **({"repo": repo} if repo is not None else {})}
    return events.event("sast.findings.ready@v1", payload, **kw)


def suppressed(state, nf_id="NF-1111", **kw):
    return events.event("sast.finding.suppressed@v1", {"nf_id": nf_id, "reason": "r", "state": state, **kw})


def post(client, *envelopes):
    for envelope in envelopes:
        assert client.post_event(envelope).status == 201


def blocks(store):
    return [row[0] for row in store.query("SELECT sha FROM invariants_results WHERE gate = 'I2' AND action = 'block' ORDER BY id")]


def test_one_fingerprint_in_two_repositories(client, store):
    post(client, found(), found(nf_id="NF-3333", repo="other"), suppressed("policy"))
    rows = "SELECT repo, id, sha, last_sha, suppression IS NULL FROM sast_findings ORDER BY repo"
    assert [row[:4] + (bool(row[4]),) for row in store.query(rows)] == [("", "NF-1111", A, A, False), ("other", "NF-3333", A, A, True)]
    # the next scan of each finds its own again, whatever id it says
    post(client, found(nf_id="NF-5555", sha=B), found(nf_id="NF-7777", repo="other", sha=B))
    assert [row[:4] + (bool(row[4]),) for row in store.query(rows)] == [("", "NF-1111", A, B, False), ("other", "NF-3333", A, B, True)]
    assert blocks(store) == [A, A, B], "the second scan of the first repository is silenced, that of the other is not"


def test_an_id_is_of_one_finding(client, store):
    post(client, found())
    answer = client.post_event(found(repo="other"))
    assert (answer.status, answer.json()["code"]) == (422, "store_refused") and "sast_findings" in answer.json()["detail"]
    assert store.query("SELECT repo, id FROM sast_findings") == [("", "NF-1111")]
    assert [letter["code"] for letter in client.get("/v1/dlq").json()["dead_letters"]] == ["store_refused"]


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in one batch"])
def test_what_is_suppressed_does_not_block_again(client, store, at_once):
    series = [found(), suppressed("policy"), found(sha=B), suppressed("none"), found(sha=A), suppressed("local"), found(sha=B),
              found("fp-2", "NF-2222", sha=B)]
    if at_once:
        assert client.post("/v1/events", series).json()["stored"] == len(series)
    else:
        post(client, *series)
    assert blocks(store) == [A, A, B]
    assert store.query("SELECT last_sha FROM sast_findings ORDER BY id") == [(B,), (B,)]


@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "in one batch"])
def test_a_suppression_that_comes_first(client, store, at_once):
    series = [suppressed("policy"), found()]
    if at_once:
        assert client.post("/v1/events", series).json()["stored"] == 2
    else:
        post(client, *series)
    assert blocks(store) == []


def test_a_suppression_ends(client, store):
    """By the time of the event, not by the clock: the rows are the same whenever they are made."""
    post(client, found(sha="c"), suppressed("policy", until="2024-06-01T02:00:00+02:00"),
         found(sha="before", ts_utc="2024-05-31T23:59:59.999Z"), found(sha="after", ts_utc="2024-06-01T00:00:00.001Z"))
    assert blocks(store) == ["c", "after"]
    post(client, suppressed("policy", until="2999-01-01t00:00:00z"), found(sha="long"))
    assert blocks(store) == ["c", "after"]


@pytest.mark.parametrize("until", [
    "2024-06-01T00:00:00+15:00", "2024-06-01T00:00:00-23:59", "0000-06-01T00:00:00Z", "2016-12-31T23:59:60Z",
    "2024-06-01T00:00:00." + "0" * 200 + "Z", "2024-02-30T00:00:00Z", "2024-06-01"])
def test_an_end_that_a_store_cannot_tell_is_refused(client, store, until):
    event = found("fp-2", "NF-2222")
    event["payload"]["findings"][0]["suppression"] = {"state": "local", "until": until}
    post(client, found(sha=A))
    for envelope in (suppressed("policy", until=until), event):
        answer = client.post_event(envelope)
        assert (answer.status, answer.json()["code"]) == (422, "schema_invalid")
    post(client, found(sha=B))
    assert blocks(store) == [A, B]


@pytest.mark.parametrize("until, ended", [
    ("2024-06-01t00:00:00z", True), ("2024-06-01t00:00:00.123456789+14:59", True), ("0001-01-01T00:00:00+14:59", True),
    ("2024-06-01T00:00:00-14:59", True), ("9999-12-31T23:59:59-14:59", False), ("2999-01-01t00:00:00z", False)])
def test_an_end_in_any_writing(client, store, until, ended):
    post(client, found(sha=A), suppressed("policy", until=until), found(sha=B, ts_utc="2024-06-02T00:00:00Z"))
    assert blocks(store) == ([A, B] if ended else [A])
    assert store.query("SELECT id FROM vw_sast_open") == ([("NF-1111",)] if ended else [])
    panel = client.get("/v1/panels/sast-backlog").json()
    assert panel["rows"] == ([["CRITICAL", 1, False]] if ended else [])


def test_ends_of_before_that_a_store_cannot_tell_stop_nothing(empty_store):
    egdb(empty_store, "up", to=12)
    for i, until in enumerate(["2024-06-01T00:00:00+23:59", "2024-06-01t00:00:00z", "2999-01-01T00:00:00Z"]):
        empty_store.script(
            "INSERT INTO sast_findings(id, sha, tool, rule_id, severity, confidence, location, fingerprint, suppression) VALUES "
            f"('NF-{i}', 's', 't', 'r', 'LOW', 0.5, '{{}}', 'fp-{i}', '{{\"state\": \"local\", \"until\": \"{until}\"}}')")
    egdb(empty_store, "up")
    assert empty_store.query("SELECT id FROM vw_sast_open") == [("NF-1",)]
    assert empty_store.query("SELECT count(*) FROM vw_sast_suppressed WHERE until_utc > '2900-01-01T00:00:00Z'") == [(2,)]


def test_what_the_event_itself_suppresses_stays_so(client, store):
    event = found()
    event["payload"]["findings"][0]["suppression"] = {"state": "local", "reason": "r"}
    post(client, event, found(sha=B))
    assert blocks(store) == []


def queue(store):
    return store.query("SELECT nf_id, pattern FROM sast_fix_queue ORDER BY id")


def test_the_migration_keeps_findings_and_what_refers_to_them(empty_store):
    egdb(empty_store, "up", to=11)
    empty_store.script(
        "INSERT INTO sast_findings(id, sha, tool, rule_id, severity, confidence, location, fingerprint, repo, risk, last_position) "
        "VALUES ('NF-1', 's', 't', 'r', 'LOW', 0.5, '{}', 'fp-1', 'one', 1.5, 7); "
        "INSERT INTO sast_fix_queue(nf_id, pattern) VALUES ('NF-1', 'p')")
    rows = "SELECT id, fingerprint, repo, risk, last_position FROM sast_findings ORDER BY id"
    before = empty_store.query(rows)
    egdb(empty_store, "up", to=12)
    assert (empty_store.query(rows), queue(empty_store)) == (before, [("NF-1", "p")])
    empty_store.script("INSERT INTO sast_findings(id, sha, tool, rule_id, severity, confidence, location, fingerprint, repo) "
                       "VALUES ('NF-2', 's', 't', 'r', 'LOW', 0.5, '{}', 'fp-1', 'two')")
    both = empty_store.query(rows)
    done = egdb(empty_store, "down", to=11, check=1)
    assert "fingerprint" in done.err
    assert (empty_store.query(rows), queue(empty_store)) == (both, [("NF-1", "p")]), "nothing of it was taken back"
    empty_store.script("DELETE FROM sast_findings WHERE id = 'NF-2'")
    egdb(empty_store, "down", to=11)
    assert (empty_store.query(rows), queue(empty_store)) == (before, [("NF-1", "p")])
    egdb(empty_store, "up", to=NEWEST)
    assert (empty_store.query(rows), queue(empty_store)) == (before, [("NF-1", "p")])
