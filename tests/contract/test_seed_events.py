"""The seed's fixture (section 16) as events gives the rows that its INSERTs give, each with the id of its event."""
from support import events

SHA, RUN = "8f1c…", "01J…RUN"
AT = "2025-10-10T12:00:00.000000Z"

FIXTURE = [
    ("run.started@v1", {"run_id": RUN, "sha": SHA, "started": AT}),
    ("core.step.finished@v1", {"run_id": RUN, "name": "pipeline.build_ctx", "idx": 0, "dt_ms": 123}),
    ("delta.tokens@v1", {"sha": SHA, "tokens": [
        {"token": "MODIFY_SIG", "file": "core/pipeline.py", "weight": 1.0, "arity_delta": 1, "line": 123}]}),
    ("delta.fingerprint@v1", {"sha": SHA, "histogram": {"MODIFY_SIG": 1}, "hash": "fp:abcd1234", "score_deltaZ": 1.0}),
    ("invariants.result@v1", {"sha": SHA, "gate": "I2", "score": 0.87, "threshold": 0.80, "action": "review"}),
]

ROWS = {
    "SELECT id, sha, finished, status FROM runs": [(RUN, SHA, None, "ok")],
    "SELECT run_id, name, idx, dt_ms, deltas FROM steps": [(RUN, "pipeline.build_ctx", 0, 123, None)],
    "SELECT sha, file, token, weight FROM delta_tokens": [(SHA, "core/pipeline.py", "MODIFY_SIG", 1.0)],
    "SELECT sha, embedding, hash, score_deltaz FROM delta_fingerprints": [(SHA, None, "fp:abcd1234", 1.0)],
    "SELECT sha, gate, score, threshold, action FROM invariants_results": [(SHA, "I2", 0.87, 0.80, "review")],
}


def test_the_fixture_as_events(client, store):
    batch = [events.event(topic, payload, ts_utc=AT) for topic, payload in FIXTURE]
    assert client.post("/v1/events", batch).json()["stored"] == len(FIXTURE)
    for sql, rows in ROWS.items():
        assert [tuple(row) for row in store.query(sql)] == rows
    for envelope, table in zip(batch, ("runs", "steps", "delta_tokens", "delta_fingerprints", "invariants_results")):
        assert store.query(f"SELECT event_id FROM {table}") == [(envelope["id"],)]
    meta = "SELECT meta ->> 'arity_delta', meta ->> 'line' FROM delta_tokens"
    assert [tuple(map(str, row)) for row in store.query(meta)] == [("1", "123")]
    created = [str(row[0]) for row in store.query("SELECT created_utc FROM delta_tokens")]
    assert created[0].replace(" ", "T").startswith("2025-10-10T12:00:00")
