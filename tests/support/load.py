"""Producers that post all the time, come again with what was not acknowledged, and keep account of what was: the load of the fault
tests, and the judge of what the store holds afterwards."""
import collections
import http.client
import itertools
import os
import random
import threading

from . import events, wait

NOTICE = "bus.dlq@v1"
COME_AGAIN = {"overloaded", "store_unavailable", "store_full", "stopping"}
PATIENCE_S = 180.0


class Load:
    """with Load(server) as posts: … posts.finish() … posts.check(store). Only what is in COME_AGAIN may refuse a good event; anything else
    is a failure, told by finish()."""

    def __init__(self, server, n_producers=6, most_in_batch=12):
        self.server, self.most_in_batch = server, most_in_batch
        self.lock = threading.Lock()
        self.positions = {}  # id → position, of what was acknowledged
        self.rows = collections.defaultdict(collections.Counter)  # table → id → rows that the event makes
        self.poison = set()  # ids that were refused for good
        self.refused = collections.Counter()  # codes of answers that ask to come again
        self.cut = 0  # requests whose outcome stayed unknown
        self.failures = []
        self.stopping = threading.Event()
        self.abandoned = threading.Event()
        self.producers = [threading.Thread(target=self._produce, args=(n,), daemon=True) for n in range(n_producers)]

    def __enter__(self):
        for producer in self.producers:
            producer.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.abandoned.set()
        for producer in self.producers:
            producer.join(PATIENCE_S)

    def acknowledged(self):
        return len(self.positions)

    def snapshot(self):
        with self.lock:
            return dict(self.positions)

    def wait_more(self, count=1, deadline_s=PATIENCE_S):
        """Until `count` more have been acknowledged than now."""
        goal = self.acknowledged() + count

        def look():
            if self.failures:
                raise wait.Never(self.failures[0])
            if not self.server.is_running():
                raise wait.Never("the server has ended: " + self.server.log()[-3000:])
            return self.acknowledged() >= goal

        wait.until(look, f"{count} more acknowledgements", deadline_s, pause_s=0.002)

    def finish(self):
        """Nothing new is begun; what was begun is repeated until it is acknowledged."""
        self.stopping.set()
        for producer in self.producers:
            producer.join(PATIENCE_S)
            assert not producer.is_alive(), "a producer does not get its last events acknowledged"
        assert not self.failures, self.failures[0]

    # The producers

    def _produce(self, number):
        chance = random.Random(os.urandom(8))
        try:
            with self.server.client() as client:
                for work in (self._work(chance, number, n) for n in itertools.count()):
                    for batch in work:
                        self._deliver(client, chance, batch)
                        if chance.random() < 0.1:  # a sender that forgot what it was told
                            self._deliver(client, chance, batch)
                    if self.stopping.is_set():
                        return
        except Exception as error:
            if not self.abandoned.is_set():
                self.failures.append(error)

    def _work(self, chance, number, n):
        """Batches of one run: steps before and after their run, rows that no key would hold back from coming twice, and poison."""
        run = events.run_started()
        run_id = run["payload"]["run_id"]
        steps = [events.step_finished(run_id, idx) for idx in range(chance.randrange(1, 4))]
        others = [self._other(chance, number, n, k) for k in range(chance.randrange(self.most_in_batch))]
        bag = [*steps, run, *others]
        if chance.random() < 0.5:
            chance.shuffle(bag)
        while bag:
            count = chance.choice((1, 1, 2, self.most_in_batch))
            yield bag[:count]
            del bag[:count]

    @staticmethod
    def _other(chance, number, n, k):
        kind = chance.randrange(10)
        if kind < 3:
            tokens = [{"file": f"f{i}.py", "token": "MODIFY_SIG", "weight": 1.0} for i in range(2)]
            return events.event("delta.tokens@v1", {"sha": "0" * 40, "tokens": tokens})
        if kind < 6:
            return events.event("tests.report@v1", {"sha": "0" * 40, "passed": k, "failed": 0, "skipped": n})
        if kind == 6:
            return events.event("no.such.topic@v1", {"n": n})
        if kind == 7:
            return events.label(id=None, idempotency_key=events.ulid())
        return events.label()

    def _deliver(self, client, chance, batch):
        left = list(batch)
        while left:
            items = wait.until(lambda: self._attempt(client, chance, left), "an answer other than 503", PATIENCE_S)
            left = [envelope for envelope, item in zip(left, items) if not self._take(envelope, item)]

    def _attempt(self, client, chance, batch):
        """The items of the answer; None when there is none, or it asks to come again with all."""
        if self.abandoned.is_set():
            raise wait.Never("abandoned")
        try:
            if len(batch) == 1 and chance.random() < 0.8:
                answer = client.post_event(batch[0])
            elif chance.random() < 0.5:
                answer = client.post("/v1/events", batch)
            else:
                answer = client.post_ndjson(batch)
            body = answer.json()
        except (OSError, http.client.HTTPException):
            with self.lock:
                self.cut += 1
            return None
        if answer.status == 503:
            self._come_again(body["code"], answer.headers)
            return None
        if answer.status not in (200, 201, 207, 422):
            raise wait.Never(answer)
        if "items" in body:
            return body["items"]
        return [body if answer.status < 300 else {"status": "rejected", "error": body}]

    def _come_again(self, code, headers=None):
        if code not in COME_AGAIN or (headers is not None and int(headers["Retry-After"]) < 1):
            raise wait.Never(f"503 {code} with Retry-After {headers and headers['Retry-After']}")
        with self.lock:
            self.refused[code] += 1

    def _take(self, envelope, item):
        """Enters one item of an answer into the account; False when it must be sent again."""
        if item["status"] == "rejected":
            code = item["error"]["code"]
            if code == "topic_unknown" and envelope["topic"].startswith("no."):
                with self.lock:
                    self.poison.add(envelope["id"])
                return True
            if item["error"]["status"] != 503:
                raise AssertionError(f"{envelope} was refused: {item}")
            self._come_again(code)
            return False
        assert envelope.get("id", item["id"]) == item["id"], f"{envelope} was acknowledged as {item}"
        with self.lock:
            known = self.positions.setdefault(item["id"], item["position"])
            for table, count in rows_of(envelope):
                self.rows[table][item["id"]] = count
        assert known == item["position"], f"{item['id']} was at position {known} before: {item}"
        return True

    # The judge

    def check(self, store):
        """After finish(): everything acknowledged is there, once, at its position, with its rows, and nothing besides."""
        log = store.query("SELECT position, id, topic FROM events ORDER BY position")
        assert [position for position, _, _ in log] == list(range(1, len(log) + 1)), "positions have a gap or come twice"
        assert store.scalar("SELECT position FROM event_position") == len(log), "the position counter is not the last position"
        same("events", {id_: position for position, id_, topic in log if topic != NOTICE}, self.positions)
        same("event_ids", dict(store.query("SELECT id, position FROM event_ids")), {id_: position for position, id_, _ in log})
        same("events_dlq", sorted(id_ for (id_,) in store.query("SELECT event_id FROM events_dlq")), sorted(self.poison))
        assert sum(topic == NOTICE for _, _, topic in log) == len(self.poison)
        assert store.scalar("SELECT count(*) FROM pending_rows") == 0
        for table, expected in self.rows.items():
            same(table, dict(store.query(f"SELECT event_id, count(*) FROM {table} GROUP BY event_id")), expected)
        if store.kind == "sqlite":
            assert store.query("PRAGMA integrity_check") == [("ok",)] and not store.query("PRAGMA foreign_key_check")


def rows_of(envelope):
    """(table, rows) that an event makes."""
    tables = {"run.started@v1": "runs", "core.step.finished@v1": "steps", "commit.labelled@v1": "commit_labels",
              "delta.tokens@v1": "delta_tokens", "tests.report@v1": "test_reports"}
    return [(tables[envelope["topic"]], len(envelope["payload"].get("tokens", "1")))]


def same(what, found, expected):
    if found == expected:
        return
    if isinstance(found, list):
        found, expected = collections.Counter(found), collections.Counter(expected)
    missing = {key: value for key, value in expected.items() if key not in found}
    extra = {key: value for key, value in found.items() if key not in expected}
    other = {key: (value, expected[key]) for key, value in found.items() if key in expected and expected[key] != value}
    raise AssertionError(f"{what}: {len(missing)} missing {some(missing)}, {len(extra)} that nobody was told of {some(extra)}, "
                         f"{len(other)} different (found, expected) {some(other)}")


def some(values):
    return dict(itertools.islice(values.items(), 5))
