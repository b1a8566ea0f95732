"""What a statement costs a store, in what it reads and not in time: `?` for parameters."""
import contextlib
import json

# Functions that the server gives to SQLite; what they make of a value is no part of the cost.
SERVERS_OWN = ("egdb_time_us", "egdb_json", "egdb_json_text", "egdb_json_integer", "egdb_json_number", "egdb_json_bool")


class Percentile:
    """egdb_percentile(): so is its value."""

    def step(self, *_):
        pass

    def finalize(self):
        return 0.0


def of(store, sql, values=()):
    """(the cost, how many rows, the plan as text)"""
    return (_sqlite if store.kind == "sqlite" else _postgresql)(store, sql, values)


def _postgresql(store, sql, values):
    """Buffers and rows touched, planning left out."""
    plan = store.query("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + sql, values)[0][0][0]["Plan"]

    def visited(node):
        own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)) * node["Actual Loops"]
        return own + sum(visited(one) for one in node.get("Plans", []))

    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] + visited(plan), plan["Actual Rows"], json.dumps(plan)


def _sqlite(store, sql, values):
    """Steps of SQLite's machine."""
    steps = 0

    def count():
        nonlocal steps
        steps += 1

    with contextlib.closing(store.connect()) as connection:
        for name in SERVERS_OWN:
            connection.create_function(name, -1, lambda *_: None, deterministic=True)
        connection.create_aggregate("egdb_percentile", 2, Percentile)
        plan = "\n".join(row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + sql, values))
        connection.set_progress_handler(count, 1)
        rows = connection.execute(sql, values).fetchall()
    return steps, len(rows), plan
