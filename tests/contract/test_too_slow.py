"""An event whose rows take more time than a write may: it alone is answered 504, after it was tried alone, and its neighbours are stored."""
from support import events

ENDLESS = {  # what the row with this reason does
    "sqlite": """CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n;
                 CREATE TRIGGER slow AFTER INSERT ON commit_labels WHEN NEW.reason = 'slow'
                 BEGIN UPDATE commit_labels SET event_id = (SELECT n FROM endless); END""",
    "postgresql": """CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN IF NEW.reason = ''slow'' THEN PERFORM pg_sleep(600); END IF; RETURN NULL; END';
                     CREATE TRIGGER slow AFTER INSERT ON commit_labels FOR EACH ROW EXECUTE FUNCTION slow()"""}
CONFIG = {"store.write_timeout_ms": 1000, "event.store_wait_ms": 120000}


def test_it_is_refused_alone(start_server, store):
    store.script(ENDLESS[store.kind])
    first, slow, last = events.label(), events.label(reason="slow"), events.label()
    with start_server(store, config=CONFIG).client() as client:
        answer = client.post_ndjson([first, slow, last])
        items = answer.json()["items"]
        assert (answer.status, [item["status"] for item in items]) == (207, ["stored", "rejected", "stored"]), answer
        assert (items[1]["error"]["code"], items[1]["error"]["status"]) == ("timeout", 504)
        assert client.get("/v1/dlq").json()["dead_letters"] == [], "its sender has it still"
        assert client.get(f"/v1/events/{slow['id']}").status == 404
        assert client.post_event(events.label()).status == 201
    assert store.scalar("SELECT count(*) FROM events") == 3
