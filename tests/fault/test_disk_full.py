"""A disk that fills up: 503 and no acknowledgement, said by /readyz, and over by itself once there is room again."""
import pathlib
import tempfile

import pytest

from support import events, load, postgres, stores, wait
from support.tmpfs import Tmpfs

SMALL_WAL = {"max_wal_size": "32MB", "min_wal_size": "32MB"}
DEADLINE_S = 120


@pytest.fixture
def sqlite_disk():
    with Tmpfs(40) as disk:
        yield disk


@pytest.fixture
def sqlite_store(sqlite_disk, templates):
    return stores.SqliteStore(sqlite_disk.folder / "egdb.db", template=templates.sqlite())


def refused(posts, codes):
    def look():
        if posts.failures:
            raise wait.Never(posts.failures[0])
        return any(posts.refused[code] for code in codes)

    wait.until(look, f"the load is refused with {' or '.join(codes)}", DEADLINE_S)


def says_full(server):
    with server.client() as client:
        answer = client.post_event(events.event("tests.report@v1", {"sha": "0" * 40, "passed": 1, "failed": 0, "skipped": 0,
                                                                    "metrics": {"much": "x" * 4000000}}))
        assert (answer.status, answer.json()["code"]) == (503, "store_full"), answer
        assert int(answer.headers["Retry-After"]) >= 1 and answer.json()["hint"]


def holds(store, acknowledged):
    """What had been acknowledged when the disk was full is in the store, at its position."""
    stored = dict(store.query("SELECT id, position FROM events"))
    assert {id_: stored.get(id_) for id_ in acknowledged} == acknowledged


def test_sqlite(start_server, sqlite_store, sqlite_disk, impatient):
    server = start_server(sqlite_store, config=impatient)
    with load.Load(server) as posts:
        posts.wait_more(200)
        sqlite_disk.leave(1 << 20)
        refused(posts, ["store_full"])
        says_full(server)
        with server.client() as client:
            def not_ready():
                answer = client.get("/readyz")
                return answer.status == 503 and answer.json()["code"] == "store_full" and "full" in answer.json()["detail"]

            wait.until(not_ready, "/readyz says that the disk is full", DEADLINE_S)
            assert client.get("/v1/events?limit=1").status == 200
        holds(sqlite_store, posts.snapshot())
        sqlite_disk.release()
        server.wait_for("/readyz")
        posts.wait_more(200)
        posts.finish()
    assert set(posts.refused) <= {"store_full", "store_unavailable"} and not posts.cut
    posts.check(sqlite_store)


def test_sqlite_and_the_server_is_killed_meanwhile(start_server, sqlite_store, sqlite_disk, impatient):
    server = start_server(sqlite_store, config=impatient)
    with load.Load(server) as posts:
        posts.wait_more(100)
        sqlite_disk.leave(1 << 19)
        refused(posts, ["store_full"])
        server.kill()
        sqlite_disk.release()
        server.start()
        posts.wait_more(100)
        posts.finish()
    posts.check(sqlite_store)


def up_again(cluster):
    """PostgreSQL restarts by itself after a panic, or gives up; then it is started, as its keeper would."""
    def look():
        if not cluster.is_running():
            cluster.start()
        return cluster.connect().close() is None

    wait.until(look, "PostgreSQL runs again", DEADLINE_S, pause_s=0.2)


def fill_and_free(start_server, cluster, templates, disk, config):
    """What both ways of filling PostgreSQL's disk have in common; the codes of the refusals."""
    store = stores.PostgresStore(cluster)
    store.create(template=templates.postgres(cluster))
    server = start_server(store, config=config)
    with load.Load(server) as posts:
        posts.wait_more(200)
        disk.leave(1 << 20)
        refused(posts, ["store_full", "store_unavailable"])
        count = posts.refused.total() + 12
        wait.until(lambda: posts.refused.total() >= count or posts.failures, "and goes on being refused", DEADLINE_S)
        acknowledged = posts.snapshot()
        disk.release()
        up_again(cluster)
        server.wait_for("/readyz")
        holds(store, acknowledged)
        posts.wait_more(200)
        posts.finish()
    assert set(posts.refused) <= {"store_full", "store_unavailable"} and not posts.cut
    posts.check(store)
    assert server.is_running()
    assert server.stop() == 0
    return posts.refused


def test_postgresql_tables(start_server, templates, impatient):
    """Its data are on the full disk, its log is not: statements fail."""
    with tempfile.TemporaryDirectory(prefix="egdb-wal-") as wal, Tmpfs(128) as disk:
        pathlib.Path(wal).chmod(0o777)
        with postgres.Cluster(SMALL_WAL, under=disk.folder, initdb=["-X", f"{wal}/wal"]) as cluster:
            refusals = fill_and_free(start_server, cluster, templates, disk, impatient)
    assert refusals["store_full"]


def test_postgresql_log(start_server, templates, impatient):
    """Its log is on the full disk: it stops."""
    with Tmpfs(160) as disk, postgres.Cluster(SMALL_WAL, under=disk.folder, initdb=["--wal-segsize=1"]) as cluster:
        fill_and_free(start_server, cluster, templates, disk, impatient)
        assert "No space left on device" in cluster.log(last=0)
