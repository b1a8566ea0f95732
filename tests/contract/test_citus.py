"""migrations/citus.sql without Citus: its statements run against functions that demand what Citus demands."""
import re

import pytest

from support import binary, events

pytestmark = pytest.mark.only_on("postgresql")

STUBS = """
CREATE TABLE distributed (name text PRIMARY KEY, by_column text, head text);
CREATE FUNCTION create_distributed_table(name text, by_column text, colocate_with text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE bad text;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = name::regclass AND attname = by_column AND attnotnull) THEN
    RAISE EXCEPTION '%.% is no column, or may be null', name, by_column;
  END IF;
  SELECT i.indexrelid::regclass::text INTO bad FROM pg_index i
  WHERE i.indrelid IN (SELECT name::regclass UNION SELECT inhrelid FROM pg_inherits WHERE inhparent = name::regclass) AND i.indisunique
    AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = i.indrelid AND a.attname = by_column AND a.attnum = ANY (i.indkey));
  IF bad IS NOT NULL THEN
    RAISE EXCEPTION 'the key % of % lacks %', bad, name, by_column;
  END IF;
  INSERT INTO distributed VALUES (name, by_column, CASE colocate_with WHEN 'none' THEN name
                                  ELSE (SELECT d.head FROM distributed d WHERE d.name = colocate_with) END);
  IF (SELECT d.head FROM distributed d WHERE d.name = create_distributed_table.name) IS NULL THEN
    RAISE EXCEPTION '% is not distributed yet', colocate_with;
  END IF;
END $$;
CREATE FUNCTION create_reference_table(name text) RETURNS void LANGUAGE sql AS $$
  INSERT INTO distributed VALUES (name::regclass::text, NULL, NULL) $$;
"""
LINKS = """
SELECT c.conname, c.conrelid::regclass::text, c.confrelid::regclass::text,
       (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = c.conkey[1]),
       (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.confrelid AND a.attnum = c.confkey[1])
FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace AND c.conparentid = 0"""


def spread(store):
    text = (binary.ROOT / "migrations/citus.sql").read_text("utf-8")
    store.script(STUBS + text.replace("CREATE EXTENSION IF NOT EXISTS citus;", ""))
    return {name: (by, head) for name, by, head in store.query("SELECT name, by_column, head FROM distributed")}


def test_every_key_allows_it(store):
    spread_by = spread(store)
    assert spread_by["events"] == ("id", "event_ids") and spread_by["steps"] == ("run_id", "runs") and len(spread_by) == 13
    for name, child, parent, column, target in store.query(LINKS):
        (by, head), (parent_by, parent_head) = (spread_by.get(table, ("local", None)) for table in (child, parent))
        if parent_by is None:  # a reference table
            continue
        assert (by == "local") == (parent_by == "local"), f"{name} joins a local table with a distributed one"
        if by not in ("local", None):
            assert (head, column, target) == (parent_head, by, parent_by), name
        assert by is not None or parent_by == "local", name


def test_what_lacks_its_column_is_seen(store):
    """The test's own functions: a key without the column fails."""
    store.script(STUBS)
    with pytest.raises(Exception, match="lacks sha"):
        store.query("SELECT create_distributed_table('mosaic_deltas', 'sha', colocate_with => 'none')")
    with pytest.raises(Exception, match="is no column"):
        store.query("SELECT create_distributed_table('runs', 'run_id', colocate_with => 'none')")


def test_the_server_works_with_the_changed_keys(start_server, store):
    spread(store)
    with start_server(store).client() as client:
        for topic in ("delta.mosaic@v1", "code.graph.indexed@v1", "delta.fingerprint@v1"):
            for example in client.get(f"/v1/topics/{topic}").json()["x-egdb"]["examples"]:
                assert client.post_event(events.event(topic, example)).status == 201
    assert store.scalar("SELECT count(*) FROM mosaic_deltas") >= 2


def test_the_documents_name_it():
    assert re.search(r"migrations/citus\.sql|\(citus\.sql\)", (binary.ROOT / "migrations/README.md").read_text("utf-8"))
