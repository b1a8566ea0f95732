"""Lists with filters: a page looks at a bounded part of the log, or of the dead letters, and says where to go on."""
import re
import urllib.parse

import pytest

from support import binary, events, fill
from support.asking import asking, busy

SPAN = 10
FILTERS = ["topic=*.started@v1", "topic=run.started@v1", "branch=side", "until=2021-01-01T00:00:00Z"]


@pytest.fixture
def server(start_server, store):
    return start_server(store, config={"query.list_rows": SPAN})


@pytest.fixture
def wanted(client):
    """The 26th of 40 events, by id: the only one that the filters leave."""
    sent = [events.label() for _ in range(4 * SPAN)]
    sent[25] = events.run_started(repo_branch="side", ts_utc="2020-01-02T00:00:00Z")
    assert client.post_ndjson(sent).json()["stored"] == len(sent)
    return sent[25]["id"]


def pages(client, path, list_name, way="after", on="next"):
    """Every page, forwards, or backwards by `before` and `prev`."""
    from_there = ""
    while True:
        page = client.get(path + from_there).json()
        yield [one["id"] for one in page[list_name]], page[on]
        if not page["more"]:
            return
        from_there = f"&{way}={page[on]}"


@pytest.mark.parametrize("condition", FILTERS)
def test_the_log_forwards(client, wanted, condition):
    seen, after = [], 0
    while after < 4 * SPAN:
        page = client.get(f"/v1/events?{condition}&after={after}").json()
        seen.append(([event["id"] for event in page["events"]], page["more"]))
        if not page["more"]:
            break
        assert page["next"] == after + SPAN
        after = page["next"]
    assert seen == [([], True), ([], True), ([wanted], True), ([], False)]


@pytest.mark.parametrize("condition", FILTERS)
def test_the_log_backwards(client, wanted, condition):
    seen, path = [], f"/v1/events?{condition}"
    while path:
        answer = client.get(path)
        page = answer.json()
        seen.append(([event["id"] for event in page["events"]], page["more"]))
        before = re.search(r'<([^>]*)>; rel="prev"', answer.headers.get("Link", ""))
        assert page["prev"] == (int(re.search(r"before=(\d+)", before[1])[1]) if before else None), "the link and the JSON say the same"
        path = before[1] if page["more"] else None
        assert client.get(f"/v1/events?after={page['next']}&limit=1").json()["more"] == (len(seen) > 1), "next: behind the newest of the page"
    assert seen == [([], True), ([wanted], True), ([], True), ([], False)]


def test_what_an_index_finds_is_found_at_once(client, wanted):
    event = client.get("/v1/events/" + wanted).json()
    for condition in ("sha=" + event["repo_sha"] + "&topic=*.started@v1", "correlation_id=" + event["correlation_id"]):
        for end in ("", "&after=0"):
            page = client.get(f"/v1/events?{condition}{end}").json()
            assert ([one["id"] for one in page["events"]], page["more"]) == ([wanted], False)
    assert len(client.get("/v1/events?after=0").json()["events"]) == 4 * SPAN


def test_a_page_begins_where_the_log_begins(client, store, wanted):
    store.query("DELETE FROM events WHERE position <= 25")
    page = client.get("/v1/events?branch=side&after=0").json()
    assert ([event["id"] for event in page["events"]], page["more"], page["next"]) == ([wanted], True, 35)


def test_dead_letters(client, server):
    refused = [events.event("no.such.topic@v1", {"n": n}) for n in range(3 * SPAN)]
    refused[14] = events.run_started(source="")
    for one in refused:
        assert client.post_event(one).status in (400, 422)
    letters = [one["id"] for one in client.get("/v1/dlq?limit=1000").json()["dead_letters"]]
    seen = list(pages(client, "/v1/dlq?code=envelope_invalid", "dead_letters"))
    assert seen == [([], letters[9]), ([letters[14]], letters[19]), ([], letters[29]), ([], None)]
    assert [len(found) for found, _ in pages(client, "/v1/dlq?limit=7", "dead_letters")] == [7, 7, 7, 7, 2]
    newest = list(pages(client, "/v1/dlq?order=desc&code=envelope_invalid", "dead_letters", "before", "prev"))
    assert newest == [([], letters[20]), ([letters[14]], letters[10]), ([], letters[0]), ([], None)]
    newest = list(pages(client, "/v1/dlq?order=desc&limit=7", "dead_letters", "before", "prev"))
    assert [one for found, _ in newest for one in found] == letters[::-1] and [len(found) for found, _ in newest] == [7, 7, 7, 7, 2]
    page = client.get(f"/v1/dlq?before={letters[20]}&limit=3").json()
    assert ([one["id"] for one in page["dead_letters"]], page["next"], page["prev"], page["more"]) == (letters[19:16:-1], letters[19], letters[17], True)
    for wrong in ("order=newest", f"order=desc&after={letters[0]}", f"order=asc&before={letters[0]}", f"after={letters[0]}&before={letters[9]}"):
        assert client.get("/v1/dlq?" + wrong).status == 400
    for words, ids in ((), letters[:-4:-1]), (("--oldest",), letters[:3]):
        done = binary.run("dlq", "list", "--server", server.url, "--limit", "3", *words, check=0)
        assert [line.split()[0] for line in done.out.splitlines()[1:]] == ids
    done = binary.run("dlq", "list", "--server", server.url, "--code", "envelope_invalid", check=0)
    assert [line.split()[0] for line in done.out.splitlines()] == ["ID", letters[14]]
    done = binary.run("dlq", "list", "--server", server.url, "--code", "envelope_invalid" + "x" * 2000, check=2)
    assert "--code is too long" in done.err


def test_filters_leave_a_connection(start_server, store):
    server = start_server(store, config={"store.read_connections": 2, "store.read_timeout_ms": 600_000, "query.timeout_most_ms": 600_000})
    query = urllib.parse.quote(fill.slow_query(store))
    with server.client() as client:
        event = client.post_event(events.label()).json()
        with asking(server, 1, f"/v1/query?q={query}&timeout_ms=600000"):
            busy(client, 1, 0)
            with asking(server, 1, "/v1/events?sha=none"), asking(server, 1, "/v1/dlq?code=none"):
                busy(client, 1, 2)
                assert client.get("/v1/events/" + event["id"]).status == 200
                assert client.get("/v1/events").status == client.get("/v1/dlq").status == 200
