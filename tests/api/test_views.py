"""Materialized views: refreshed when asked, after a series, from time to time; not when nothing was written."""
import contextlib
import json
import re
import socket
import threading

import pytest

from support import binary, events, wait
from support.figures import metric, until

MATERIALIZED = ["vw_file_tokens", "vw_invariants_heatmap", "vw_last_run_by_sha"]


def refreshed(client, body=None):
    answer = client.post("/v1/views/refresh", body)
    assert answer.status == 200, answer
    return {row["view"]: row["rows"] for row in answer.json()["refreshed"]}


def finish_a_run(client):
    run = {"run_id": events.ulid(), "sha": "a" * 40, "started": events.utc(), "finished": events.utc(), "status": "ok"}
    assert client.post_event(events.event("run.finished@v1", run)).status == 201


def test_all_or_the_named_are_refreshed(store, start_server):
    with start_server(store, config={"views.after_topic": "", "views.refresh_s": 0}).client() as client:
        finish_a_run(client)
        seen = store.query("SELECT runs FROM vw_last_run_by_sha")
        if store.kind == "sqlite":
            assert refreshed(client) == {} and seen == [(1,)]
        else:
            assert seen == []
            assert refreshed(client) == {"vw_file_tokens": 0, "vw_invariants_heatmap": 0, "vw_last_run_by_sha": 1}
        assert refreshed(client, {"views": ["vw_last_run_by_sha", "vw_delta_tokens"]}) == {"vw_last_run_by_sha": 1, "vw_delta_tokens": 0}
        assert store.query("SELECT runs FROM vw_last_run_by_sha") == [(1,)]
        assert refreshed(client, {"views": []}) == {}


@pytest.mark.parametrize("body,status,word", [
    ({"views": ["none"]}, 404, "none"), ({"views": ["events"]}, 404, "events"), ({"views": "all"}, 400, "views"), ({"view": []}, 400, "views"),
    ({"views": [7]}, 400, "name"), ("{", 400, "Line 1"), ({"views": ["x\"; DROP TABLE events; --"]}, 404, "no view")])
def test_what_is_no_view_is_told(client, body, status, word):
    answer = client.post("/v1/views/refresh", body)
    assert answer.status == status and word in answer.json()["detail"]


@pytest.mark.only_on("postgresql")
def test_the_end_of_a_series_refreshes(store, start_server):
    with start_server(store, config={"views.refresh_s": 0}).client() as client:
        client.post_event(events.label())
        finish_a_run(client)
        wait.until(lambda: store.query("SELECT runs FROM vw_last_run_by_sha") == [(1,)], "the views are refreshed after the series")
        finish_a_run(client)
        wait.until(lambda: store.query("SELECT runs FROM vw_last_run_by_sha") == [(2,)], "and again after the next")


@pytest.mark.only_on("postgresql")
def test_from_time_to_time_when_something_was_written(store, start_server):
    with start_server(store, config={"views.refresh_s": 1, "views.after_topic": ""}).client() as client:
        finish_a_run(client)
        wait.until(lambda: store.query("SELECT runs FROM vw_last_run_by_sha") == [(1,)], "the views are refreshed in their time")
        until(client, "egdb_views_refreshed_total", len(MATERIALIZED))
        skipped = metric(client, "egdb_views_skipped_total")
        wait.until(lambda: metric(client, "egdb_views_skipped_total") > skipped, "nothing new: skipped")
        assert metric(client, "egdb_views_refreshed_total") == len(MATERIALIZED)


@pytest.mark.only_on("postgresql")
def test_aggregates_of_tokens_have_a_period_of_their_own(store, start_server):
    config = {"views.refresh_s": 0, "views.after_topic": "", "views.tokens_refresh_s": 1}
    with start_server(store, config=config).client() as client:
        finish_a_run(client)
        for n in (1, 2):
            token = {"token": "ADD_FN", "file": "src/a.py", "weight": 0.5}
            assert client.post_event(events.event("delta.tokens@v1", {"sha": f"{n:040x}", "tokens": [token]})).status == 201
            wait.until(lambda: store.query("SELECT file, tokens FROM vw_file_tokens") == [("src/a.py", n)], f"{n} tokens are counted")
        assert store.query("SELECT runs FROM vw_last_run_by_sha") == [], "the other views wait for their own time"
        until(client, "egdb_views_refreshed_total", 2)  # only when tokens were written


@pytest.mark.only_on("postgresql")
def test_a_refresh_that_failed_is_tried_again_and_keeps_no_other_back(store, start_server):
    """The first of the views cannot be refreshed: the others are, and it is as soon as it can be, though nothing else is written."""
    with start_server(store, config={"views.refresh_s": 1, "views.after_topic": "", "views.tokens_refresh_s": 0}).client() as client:
        store.script("ALTER MATERIALIZED VIEW vw_file_tokens RENAME TO vw_elsewhere")
        token = {"token": "ADD_FN", "file": "src/a.py", "weight": 0.5}
        finish_a_run(client)
        assert client.post_event(events.event("delta.tokens@v1", {"sha": "1" * 40, "tokens": [token]})).status == 201
        wait.until(lambda: store.query("SELECT runs FROM vw_last_run_by_sha") == [(1,)], "the others are refreshed")
        wait.until(lambda: metric(client, "egdb_views_failed_total") > 1, "the first is tried again")
        store.script("ALTER MATERIALIZED VIEW vw_elsewhere RENAME TO vw_file_tokens")
        wait.until(lambda: store.query("SELECT file FROM vw_file_tokens") == [("src/a.py",)], "it is refreshed when it can be")


def test_aggregates_of_tokens_are_a_minute_old_at_most(client):
    panel = next(panel for panel in client.get("/v1/panels").json()["panels"] if panel["name"] == "delta-density")
    options = (binary.ROOT / "server/options.def").read_text("utf-8")
    refresh_s = int(re.search(r'tokens_refresh_s, INT, "(\d+)"', options)[1])
    assert panel["cache_s"] + refresh_s < 60


@pytest.mark.only_on("postgresql")
def test_a_view_that_was_never_filled_is_filled(store, start_server):
    store.script("REFRESH MATERIALIZED VIEW vw_last_run_by_sha WITH NO DATA")
    with start_server(store, config={"views.refresh_s": 0, "views.after_topic": ""}).client() as client:
        finish_a_run(client)
        assert refreshed(client, {"views": ["vw_last_run_by_sha"]}) == {"vw_last_run_by_sha": 1}


@pytest.mark.only_on("postgresql")
def test_a_refresh_waits_for_another_servers_and_ends_in_time(store, start_server):
    with start_server(store, config={"views.timeout_ms": 2000, "views.refresh_s": 0}).client() as client, store.connect() as other:
        other.cursor().execute("SELECT pg_advisory_lock(5207130423)")
        answer = client.post("/v1/views/refresh", {"views": ["vw_last_run_by_sha"]})
        assert answer.status in (503, 504), answer
        until(client, "egdb_views_failed_total", 1)
        other.cursor().execute("SELECT pg_advisory_unlock_all()")
        assert refreshed(client, {"views": ["vw_last_run_by_sha"]}) == {"vw_last_run_by_sha": 0}


@pytest.mark.only_on("postgresql")
def test_the_stop_does_not_wait_for_a_refresh(store, start_server):
    server = start_server(store, config={"views.refresh_s": 1})
    with server.client() as client, store.connect() as other:
        other.cursor().execute("SELECT pg_advisory_lock(5207130423)")
        finish_a_run(client)
        wait.until(lambda: store.scalar("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 1, "it waits")
        assert server.stop() == 0


def held(store):
    """Refreshes that wait for another server's."""
    return store.scalar("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


@pytest.mark.only_on("postgresql")
def test_what_was_refreshed_before_an_error_is_told(store, start_server):
    with start_server(store, config={"views.refresh_s": 0, "views.after_topic": ""}).client() as client:
        store.script("DROP MATERIALIZED VIEW vw_last_run_by_sha")
        answer = client.post("/v1/views/refresh", {"views": ["vw_file_tokens", "vw_last_run_by_sha", "vw_invariants_heatmap"]})
        assert answer.status >= 500 and answer.headers["Content-Type"].startswith("application/problem+json"), answer
        assert [row["view"] for row in answer.json()["refreshed"]] == ["vw_file_tokens"]


@pytest.mark.only_on("postgresql")
def test_a_stop_in_the_middle_of_a_refresh_is_told(store, start_server):
    server = start_server(store, config={"views.refresh_s": 0, "views.after_topic": ""})
    told = []
    with server.client() as client, store.connect() as other:
        other.cursor().execute("SELECT pg_advisory_lock(5207130423)")
        asking = threading.Thread(target=lambda: told.append(client.post("/v1/views/refresh", {"views": MATERIALIZED})))
        asking.start()
        wait.until(lambda: held(store) == 1, "the first view waits")
        server.terminate()
        wait.until(lambda: "drain" in server.log() or "stopping" in server.log(), "the server stops")
        other.cursor().execute("SELECT pg_advisory_unlock_all()")
        asking.join(120)
        assert server.process.wait(120) == 0
    assert (told[0].status, told[0].json()["code"]) == (503, "stopping")
    assert len(told[0].json()["refreshed"]) < len(MATERIALIZED)


@pytest.mark.only_on("postgresql")
def test_refreshes_are_bounded_and_end_with_their_clients(store, start_server):
    """The store works on for a client that has gone, but not on the next view; until it is done, the refresh counts."""
    server = start_server(store, config={"views.refresh_s": 0, "views.after_topic": "", "views.timeout_ms": 600_000})
    body = json.dumps({"views": MATERIALIZED}).encode()

    with server.client() as client, store.connect() as other:
        other.cursor().execute("SELECT pg_advisory_lock(5207130423)")
        gone = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
        for one in gone:
            one.sendall(b"POST /v1/views/refresh HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        until(client, "egdb_views_running", 8)
        answer = client.post("/v1/views/refresh")
        assert (answer.status, answer.json()["code"]) == (503, "overloaded") and answer.headers["Retry-After"]
        for one in gone:
            one.close()
        until(client, "egdb_http_connections", 1)
        assert metric(client, "egdb_views_running") == 8
        other.cursor().execute("SELECT pg_advisory_unlock_all()")
        until(client, "egdb_views_running", 0)
        assert metric(client, "egdb_views_refreshed_total") == 8, "of each the view that was under way"
        assert list(refreshed(client)) == MATERIALIZED


@pytest.mark.only_on("postgresql")
def test_readers_are_not_held_up(store, start_server):
    """A reader who has the view in an open transaction holds a lock that a refresh which shuts readers out would wait for."""
    with start_server(store, config={"views.after_topic": "", "views.refresh_s": 0, "views.timeout_ms": 20000}).client() as client:
        finish_a_run(client)
        with contextlib.closing(store.connect()) as reader, reader.cursor() as cursor:
            cursor.execute("BEGIN; SELECT * FROM vw_last_run_by_sha")
            assert refreshed(client, {"views": ["vw_last_run_by_sha"]}) == {"vw_last_run_by_sha": 1}
            held = store.query("SELECT mode FROM pg_locks WHERE relation = 'vw_last_run_by_sha'::regclass AND granted AND pid <> pg_backend_pid()")
            assert held == [("AccessShareLock",)], "the reader still has it"
            cursor.execute("ROLLBACK")


def test_every_five_minutes_unless_told_otherwise():
    assert re.search(r'^X\(views, refresh_s, INT, "300",', (binary.ROOT / "server/options.def").read_text(), re.M)
    assert re.search(r"--views-refresh-s .*\[300\]", binary.run("serve", "--help").out)
