"""Durability of the SQLite store, by the order of system calls: an acknowledgement is sent only after the frames of the
write-ahead log that hold its event were synced; and when a sync fails, nothing is acknowledged."""
import concurrent.futures
import re

import pytest

from support import events, stores

SENDS = ("sendto", "sendmsg", "write", "writev", "sendfile")
SYNCS = ("fsync", "fdatasync")
CALL = re.compile(r"^(\d+)\s+(\w+)\((.*)$")
RESUMED = re.compile(r"^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$")


@pytest.fixture
def sqlite_store(scratch, templates):
    store = stores.SqliteStore(scratch / "egdb.db", template=templates.sqlite())
    yield store
    store.remove()


def strace(out, *more):
    return ["strace", "-f", "-y", "-s", "16384", "-o", str(out), *more]


def calls(path):
    """(line begun, line ended, name, text) of every call, in the order in which they began; ended is None for one that
    failed or never came back. The line's number is the order in which the kernel stopped the threads."""
    found, open_calls = [], {}
    with open(path, encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines):
            line = line.rstrip("\n")
            if match := RESUMED.match(line):
                call = open_calls.pop(match[1], None)
                if call and re.search(r"= \d+$", match[3].rstrip()):
                    call[1] = number
            elif match := CALL.match(line):
                call = [number, None, match[2], match[3]]
                found.append(call)
                if line.endswith("<unfinished ...>"):
                    open_calls[match[1]] = call
                elif re.search(r"= \d+( \(.*\))?$", line):
                    call[1] = number
    return found


def post_all(server, n_clients, n_each):
    """Ids of events that were acknowledged: some clients with single events, one with a batch."""
    def one_client(_):
        ids = []
        with server.client() as client:
            for _ in range(n_each):
                event = events.label()
                answer = client.request("POST", "/v1/events", event)
                assert answer.status == 201, answer
                ids.append(event["id"])
        return ids

    with concurrent.futures.ThreadPoolExecutor(n_clients) as pool:
        ids = [id_ for list_ in pool.map(one_client, range(n_clients)) for id_ in list_]
    batch = [events.label() for _ in range(20)]
    with server.client() as client:
        answer = client.request("POST", "/v1/events", batch)
        assert answer.status == 200, answer
    return ids + [event["id"] for event in batch]


def test_acknowledged_after_fsync(sqlite_store, start_server, scratch):
    trace = scratch / "trace"
    traced = ",".join(("pwrite64",) + SENDS + SYNCS)
    server = start_server(sqlite_store, wrapper=strace(trace, "-e", f"trace={traced}"))
    ids = post_all(server, n_clients=4, n_each=10)
    server.stop()
    made = calls(trace)
    on_wal = [call for call in made if "egdb.db-wal>" in call[3] and call[1] is not None]
    wal_writes = [call for call in on_wal if call[2] == "pwrite64"]
    wal_syncs = [call for call in on_wal if call[2] in SYNCS]
    sends = [call for call in made if call[2] in SENDS and ("HTTP/1.1 20" in call[3] or '"id"' in call[3])]
    assert wal_writes and wal_syncs and sends
    for id_ in ids:
        written = next((call for call in wal_writes if id_ in call[3]), None)
        sent = next((call for call in sends if id_ in call[3]), None)
        assert written, f"{id_} was acknowledged and is not in the log"
        assert sent, f"no answer holds {id_}"
        synced = [call for call in wal_syncs if call[0] > written[1] and call[1] < sent[0]]
        assert synced, f"{id_}: written at line {written[0]}, answered at line {sent[0]}, not synced between"


def test_a_failed_sync_acknowledges_nothing(sqlite_store, start_server, scratch):
    """Every tenth sync of the log fails. Whether the server tries again by itself or says 503: what it has acknowledged
    at the end is stored, once, and positions have no gap."""
    trace = scratch / "trace"
    wal = f"{sqlite_store.path.resolve()}-wal"
    faults = "inject=fdatasync,fsync:error=EIO:when=10+10"
    server = start_server(sqlite_store, wrapper=strace(trace, "-P", wal, "-e", "trace=fdatasync,fsync", "-e", faults))
    acknowledged = []
    with server.client() as client:
        for _ in range(40):
            event = events.label()
            while (answer := client.request("POST", "/v1/events", event)).status == 503:
                assert int(answer.headers["Retry-After"]) >= 0
                server.wait_for("/readyz")
            assert answer.status in (200, 201), answer
            acknowledged.append(event["id"])
    server.stop()
    assert trace.read_text("utf-8", "replace").count("(INJECTED)") >= 2
    stored = sqlite_store.query("SELECT id, position FROM events ORDER BY position")
    assert [id_ for id_, _ in stored] == acknowledged
    assert [position for _, position in stored] == list(range(1, 41))
    assert sqlite_store.scalar("SELECT count(*) FROM commit_labels") == 40
