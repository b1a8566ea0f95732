"""Positions are gapless and in commit order, whoever writes: what a reader has seen, nothing appears behind."""
import contextlib
import signal
import threading

import pytest

from support import events, wait

WRITERS = 16


class Reader(threading.Thread):
    """Reads on from its cursor all the time, as a consumer does, and keeps what it saw."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.seen, self.stopping, self.failed = server, [], threading.Event(), None

    def run(self):
        try:
            with self.server.client() as client:
                while not self.stopping.is_set() or self.read(client):
                    if not self.stopping.is_set():
                        self.read(client)
        except Exception as error:
            self.failed = error

    def read(self, client):
        cursor = self.seen[-1] if self.seen else 0
        page = client.get(f"/v1/events?after={cursor}&limit=1000").json()["events"]
        self.seen += [event["position"] for event in page]
        return bool(page)

    def finish(self):
        self.stopping.set()
        self.join(120)
        assert not self.failed, self.failed
        return self.seen


def write(servers, count, failures):
    """WRITERS threads, each posts count events, one by one or in small batches, over the servers in turn."""
    def post(number):
        try:
            with servers[number % len(servers)].client() as client:
                for i in range(count):
                    batch = [events.label() for _ in range(1 + (number + i) % 3)]
                    answer = client.post("/v1/events", batch)
                    assert answer.status == 200, answer
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=post, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    return threads


def check_gapless(store):
    count, least, most = store.query("SELECT count(*), min(position), max(position) FROM events")[0]
    assert (least, most) == (1, count)
    assert store.scalar("SELECT position FROM event_position") == count
    assert store.scalar("SELECT count(*) FROM event_ids i JOIN events e ON e.id = i.id AND e.position = i.position") == count
    return count


def test_sixteen_writers_and_a_transaction_held_open(server, store, soak):
    with contextlib.closing(store.connect()) as held:
        cursor = held.cursor()
        cursor.execute("BEGIN")
        cursor.execute("SELECT count(*) FROM events")  # a snapshot of long ago
        if store.kind == "postgresql":  # and a transaction id of long ago; SQLite has one writer at a time
            cursor.execute("INSERT INTO modules (name, path) VALUES ('held', 'held')")
        reader, failures = Reader(server), []
        reader.start()
        for thread in write([server], int(200 * soak), failures):
            thread.join()
        assert not failures, failures[0]
        count = check_gapless(store)
        assert reader.finish() == list(range(1, count + 1))
        cursor.execute("ROLLBACK")


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=False)
def test_two_servers_on_one_postgresql(start_server, store, soak):
    servers = [start_server(store), start_server(store)]
    readers, failures = [Reader(s) for s in servers], []
    for reader in readers:
        reader.start()
    for thread in write(servers, int(200 * soak), failures):
        thread.join()
    assert not failures, failures[0]
    count = check_gapless(store)
    for reader in readers:
        assert reader.finish() == list(range(1, count + 1))


def hang_in_batch(store, frozen):
    """True once the stopped server's session holds the counter inside an open transaction."""
    return store.scalar("SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.state LIKE 'idle in transaction%' "
                        "AND l.relation = 'event_position'::regclass AND l.mode = 'RowShareLock'")


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=False)
def test_one_of_two_servers_freezes_in_the_middle_of_a_batch(start_server, store):
    frozen, alive = start_server(store), start_server(store)
    stop = threading.Event()
    known = events.label()  # with one that is known already a batch takes more than one round, so that there is a middle

    def load():
        with contextlib.suppress(Exception), frozen.client() as client:
            while not stop.is_set():
                client.post("/v1/events", [known, *(events.label() for _ in range(200))])

    threads = [threading.Thread(target=load, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()

    def caught():
        frozen.signal(signal.SIGSTOP)
        if hang_in_batch(store, frozen):
            return True
        frozen.signal(signal.SIGCONT)
        return False

    wait.until(caught, "the server stands still inside a transaction", 120, pause_s=0.003)
    with alive.client() as client:
        mine = [events.label() for _ in range(20)]

        def all_taken():
            return all(client.post_event(event).status in (200, 201) for event in mine)

        wait.until(all_taken, "the other server stores again", 120)
        count = check_gapless(store)
        frozen.signal(signal.SIGCONT)
        stop.set()
        for thread in threads:
            thread.join(180)
        assert client.post_event(events.label()).json()["position"] > count
    check_gapless(store)
