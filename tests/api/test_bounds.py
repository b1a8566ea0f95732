"""Answers at the edge of what there is room for, in bytes and in numbers."""
import pytest

from support import events


@pytest.mark.parametrize("query", ["", "?return=failed"])
def test_what_was_stored_is_said_however_little_room_there_is(start_server, store, query):
    server = start_server(store, config={"http.max_answer_b": 65536})
    sent = [events.label() for _ in range(1000)]
    with server.client() as client:
        answer = client.post_ndjson(sent + [events.event("commit.labelled@v1", {})], query)
        said = answer.json()
        assert (answer.status, said["stored"], said["rejected"], said["safe_position"]) == (207, 1000, 1, 1000), answer
        assert [item["index"] for item in said["items"]] == [1000] and said.get("items_left_out", False) == (not query)
        many = [events.event("commit.labelled@v1", {"n": n}) for n in range(500)]
        answer = client.post_ndjson(many + sent[:1], query)
        said = answer.json()
        assert (answer.status, said["duplicates"], said["rejected"], said["items"], said["items_left_out"]) == (207, 1, 500, [], True), answer
        answer = client.post_ndjson(many + sent[:1], "?mode=atomic")
        assert (answer.status, answer.json()["code"]) == (422, "atomic_rejected"), answer
    assert store.scalar("SELECT count(*) FROM commit_labels") == 1000


def test_a_page_that_does_not_fit(start_server, store):
    server = start_server(store, config={"http.max_answer_b": 65536})
    with server.client() as client:
        client.post_ndjson([events.label() for _ in range(400)])
        answer = client.get("/v1/events?limit=400")
        assert (answer.status, answer.json()["code"]) == (422, "answer_too_large") and "http.max_answer_b" in answer.json()["detail"]
        assert client.get("/v1/events?limit=20").status == 200


def test_a_sum_beyond_64_bits(client):
    files = [{"path": f"out/{i}", "kind": "log", "size_b": (1 << 63) - 1} for i in range(2)]
    assert client.post_event(events.label(artifacts=files)).status == 201
    answer = client.post("/v1/query", {"query": "SELECT artifacts (sum(size_b)) FROM all"})
    said = answer.json()
    assert (answer.status, said["code"], said.get("place")) == (422, "number_out_of_range", None), answer
    assert said["detail"] == "a number that the statement makes, a sum for instance, is out of range: let it take in fewer rows"
    assert client.post("/v1/query", {"query": "SELECT artifacts (max(size_b)) FROM all"}).json()["rows"] == [[(1 << 63) - 1]]
