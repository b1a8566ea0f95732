"""Mixed events with 5 % poison: every good one is stored, every bad one is answered with its reason and kept, nothing else is."""
import json
import random

from support import events

POISON = [
    ("topic_unknown", lambda: json.dumps(events.event("nobody.knows.this@v1", {})).encode()),
    ("schema_invalid", lambda: json.dumps(events.label(value="neither")).encode()),
    ("nul_character", lambda: json.dumps(events.label(reason="a\u0000b")).encode()),
    ("json_invalid", lambda: json.dumps(events.label(reason="XX")).encode().replace(b"XX", b"\xff\xfe")),
    ("number_out_of_range", lambda: json.dumps(events.event(
        "tests.report@v1", {"sha": "ab", "passed": 1 << 64, "failed": 0, "skipped": 0})).encode()),
    ("schema_invalid", lambda: json.dumps(events.step_finished(events.ulid(), dt_ms=1 << 40)).encode()),
]


def mixed(count, chance):
    rng = random.Random(20251121)
    run = events.run_started()
    lines, good, bad = [json.dumps(run).encode()], [run["id"]], []
    for number in range(count):
        if rng.random() < chance:
            code, make = rng.choice(POISON)
            line = make()
            bad.append((code, line))
        else:
            event = rng.choice([lambda: events.label(), lambda: events.run_started(),
                                lambda: events.step_finished(run["payload"]["run_id"], number)])()
            line = json.dumps(event).encode()
            good.append(event["id"])
        lines.append(line)
    return lines, good, bad


def test_five_percent_poison(client, store, soak):
    lines, good, bad = mixed(int(10000 * soak), 0.05)
    assert len(bad) > 20
    answered = []
    for start in range(0, len(lines), 700):
        body = client.post_ndjson(lines[start:start + 700]).json()
        answered += [(item["error"]["code"], lines[start + item["index"]]) for item in body["items"] if item["status"] == "rejected"]
    assert answered == bad
    assert [row[0] for row in store.query("SELECT id FROM events WHERE topic <> 'bus.dlq@v1' ORDER BY position")] == good
    # those that have an envelope are told on the bus, once each, also when a value in them cannot be kept; of bytes that are no JSON there is
    # nothing to tell
    enveloped = sorted(json.loads(line)["id"] for code, line in bad if code != "json_invalid")
    assert sorted(row[0] for row in store.query("SELECT causation_id FROM events WHERE topic = 'bus.dlq@v1'")) == enveloped
    kept = [(row[0], bytes(row[1])) for row in store.query("SELECT code, original FROM events_dlq")]
    assert sorted(kept) == sorted(bad)
    named = store.query("SELECT event_id, topic, source FROM events_dlq WHERE code <> 'json_invalid'")
    assert sorted(named) == sorted((event["id"], event["topic"], event["source"])
                                   for event in (json.loads(line) for code, line in bad if code != "json_invalid"))
    count = store.scalar("SELECT count(*) FROM events")
    assert store.scalar("SELECT max(position) FROM events") == count
