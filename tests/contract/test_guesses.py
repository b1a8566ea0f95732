"""A batch that is likely to be all new is written in one round, unasked. Whatever then proves not to be so is refused by the database, and the
batch is run again by asking: no answer and no row shows which way it went."""
from support import events


def guesses(client):
    text = client.get("/metrics").text
    return tuple(int(float(next(line.split()[1] for line in text.splitlines() if line.startswith(name + " "))))
                 for name in ("egdb_batch_guesses_total", "egdb_batch_guesses_wrong_total"))


def positions(store):
    return [row[0] for row in store.query("SELECT position FROM events ORDER BY position")]


def start(client):
    """A run, by a batch that is asked for: from then on the server knows the counter."""
    run_id = events.ulid()
    assert client.post_event(events.run_started(run_id)).status == 201
    assert guesses(client) == (0, 0)
    return run_id


def test_new_events_are_written_in_one_round(client, store):
    run_id = start(client)
    for idx in range(3):
        answer = client.post_event(events.step_finished(run_id, idx))
        assert (answer.status, answer.json()["position"]) == (201, idx + 2)
    assert guesses(client) == (3, 0)
    assert positions(store) == [1, 2, 3, 4] and store.scalar("SELECT position FROM event_position") == 4
    assert store.scalar("SELECT count(*) FROM steps") == 3


def test_duplicates_among_new_ones(client, store):
    run_id = start(client)
    old, keyed = events.step_finished(run_id, 0), events.step_finished(run_id, 1, idempotency_key="k")
    assert [client.post_event(event).status for event in (old, keyed)] == [201, 201]
    items = client.post("/v1/events", [events.step_finished(run_id, 2), old, {**keyed, "id": None}, events.step_finished(run_id, 3)]).json()["items"]
    assert [(item["status"], item["position"]) for item in items] == [("stored", 4), ("duplicate", 2), ("duplicate", 3), ("stored", 5)]
    assert guesses(client) == (3, 1)
    assert client.post_event({**old, "source": "else"}).json()["code"] == "id_conflict"
    assert guesses(client) == (4, 2)
    assert [client.post_event(events.step_finished(run_id, idx)).json()["position"] for idx in (4, 5)] == [6, 7]
    assert guesses(client) == (4, 2), "after two wrong guesses some batches are asked for"
    assert client.post_event(events.step_finished(run_id, 6)).json()["position"] == 8
    assert guesses(client) == (5, 2)
    assert positions(store) == list(range(1, 9)) and store.scalar("SELECT count(*) FROM event_keys") == 1


def test_another_server_has_moved_the_counter(client, store):
    run_id = start(client)
    store.script("UPDATE event_position SET position = 41")
    assert client.post_event(events.step_finished(run_id)).json()["position"] == 42
    assert guesses(client) == (1, 1) and store.scalar("SELECT position FROM event_position") == 42


def test_a_parent_has_gone(client, store):
    run_id = start(client)
    assert client.post_event(events.step_finished(run_id, 0)).status == 201
    store.script(f"DELETE FROM steps; DELETE FROM runs WHERE id = '{run_id}'")
    assert client.post_event(events.step_finished(run_id, 1)).status == 201
    assert guesses(client) == (2, 1)
    assert store.scalar("SELECT count(*) FROM steps") == 0 and store.scalar("SELECT count(*) FROM pending_rows") == 1


def test_an_event_whose_row_the_database_refuses(client, store):
    run_id = start(client)
    store.script("DROP TABLE artifacts")
    broken = events.step_finished(run_id, 1, artifacts=[{"kind": "log", "path": "a"}])
    answers = [client.post_event(event).status for event in (events.step_finished(run_id, 0), broken, events.step_finished(run_id, 2))]
    assert answers == [201, 503, 201]  # schema_old: the table was there when the server started
    assert positions(store) == [1, 2, 3]


def test_what_others_may_wait_for_is_asked_for(client, store):
    run_id, late = start(client), events.ulid()
    assert client.post_event(events.step_finished(late)).status == 201  # a guess, and wrong: its run is not there
    assert guesses(client) == (1, 1) and store.scalar("SELECT count(*) FROM pending_rows") == 1
    assert client.post_event(events.step_finished(run_id, 0)).status == 201
    assert guesses(client) == (2, 1)
    assert client.post_event(events.run_started(late)).status == 201
    assert guesses(client) == (2, 1)
    assert store.scalar("SELECT count(*) FROM steps") == 2 and store.scalar("SELECT count(*) FROM pending_rows") == 0
