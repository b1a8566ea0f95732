"""What a file of the code graph costs does not grow with what is there: each row is found by its key. PostgreSQL's plans were made when the tables
were empty, and are kept; they are made again when the tables have a thousand rows."""
import pytest

from support import events

FILES, NODES = 100, 25
TABLES = ("ast_nodes", "ast_edges", "phi_links")


def graph(n):
    uids = [f"AST::m{n}.py#{k}" for k in range(NODES)]
    return events.event("code.graph.indexed@v1", {
        "sha": "ab", "module": f"m{n}", "file": {"path": f"m{n}.py", "sha256": "0" * 64}, "nodes": [{"uid": uid, "kind": "FunctionDef"} for uid in uids],
        "edges": [{"src": uids[0], "dst": uid, "etype": "contain"} for uid in uids[1:]]
        + [{"src": uid, "dst": f"AST::m{n + 1}.py#0", "etype": "call"} for uid in uids],
        "phi": [{"uid": uid, "cell": "MOZ::1x1@r0c0", "weight": 1} for uid in uids]})


@pytest.mark.only_on("postgresql")
def test_rows_are_found_by_their_keys(start_server, store):
    server = start_server(store)
    with server.client() as client:
        for n in range(0, FILES, 4):
            assert client.post("/v1/events", [graph(n + k) for k in range(4)]).json()["stored"] == 4
    server.finish()  # what its connections counted is told when they end
    unresolved = store.scalar("SELECT count(*) FROM ast_edges WHERE dst_id IS NULL")
    assert unresolved == NODES and store.scalar("SELECT count(*) FROM ast_edges") == FILES * (2 * NODES - 1)
    read = {table: store.scalar("SELECT coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = ?", (table,))
            for table in TABLES}
    rows = {table: store.scalar(f"SELECT count(*) FROM {table}") for table in TABLES}
    assert all(read[table] < 6_000_000 for table in TABLES), (read, rows)  # as it was, 10 to 30 million
