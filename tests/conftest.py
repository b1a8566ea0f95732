"""Fixtures of the API, contract and fault tests. Every test that asks for `store` or `server` runs on both stores."""
import os
import pathlib
import tempfile

import pytest

from support import binary, corpora, postgres, probe as probe_program, server as servers, stores


def pytest_report_header(config):
    return [f"egdb: {binary.path()}"] + corpora.missing_report()


def pytest_configure(config):
    config.addinivalue_line("markers", "only_on(kind): the test is about one store; for the other there is no such test")


def pytest_collection_modifyitems(config, items):
    """What does not exist on a store is left out, not skipped: a skipped test is one that should have run."""
    def wanted(item):
        kind = item.callspec.params.get("store_kind") if hasattr(item, "callspec") else None
        mark = item.get_closest_marker("only_on")
        return not (kind and mark and kind not in mark.args)

    dropped = [item for item in items if not wanted(item)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if wanted(item)]


@pytest.fixture(scope="session")
def pg_cluster():
    """A PostgreSQL 15 of its own, durable, in a folder that goes with the session."""
    with postgres.Cluster() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def templates(tmp_path_factory):
    return stores.Templates(tmp_path_factory.mktemp("templates"))


@pytest.fixture
def scratch():
    """A short-named folder (Unix sockets have short paths) that is removed after the test."""
    with tempfile.TemporaryDirectory(prefix="egdb-") as folder:
        yield pathlib.Path(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_kind(request):
    return request.param


@pytest.fixture
def empty_store(store_kind, scratch, request):
    """A database without tables."""
    if store_kind == "sqlite":
        store = stores.SqliteStore(scratch / "egdb.db")
    else:
        store = stores.PostgresStore(request.getfixturevalue("pg_cluster"))
        store.create()
    yield store
    store.remove()


@pytest.fixture
def store(store_kind, scratch, templates, request):
    """A fresh, migrated database: a copy of a template that was migrated once."""
    if store_kind == "sqlite":
        store = stores.SqliteStore(scratch / "egdb.db", template=templates.sqlite())
    else:
        cluster = request.getfixturevalue("pg_cluster")
        store = stores.PostgresStore(cluster)
        store.create(template=templates.postgres(cluster, served="start_server" in request.fixturenames))
    yield store
    store.remove()


@pytest.fixture
def start_server(scratch):
    """A function that starts servers: start_server(store, config={"http.max_body_b": 4096}, args=[…]). At the end of the test each is
    stopped, must exit with 0, and must not have said anything that a sanitizer or an assertion says."""
    running = []

    def start(store, **kw):
        server = servers.Server(store, scratch, **kw)
        running.append(server)
        return server.start()

    yield start
    errors = []
    for server in running:
        try:
            server.finish()
        except AssertionError as error:
            errors.append(str(error))
    assert not errors, "\n".join(errors)


@pytest.fixture
def server(start_server, store):
    return start_server(store)


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


@pytest.fixture
def start_probe(scratch):
    """A function that starts the HTTP room by itself (build/http_probe): start_probe(request_deadline_ms=…)."""
    running = []

    def start(**options):
        running.append(probe_program.Probe(scratch, **options))
        return running[-1]

    yield start
    for one in running:
        one.finish()


@pytest.fixture
def probe(start_probe):
    return start_probe(request_deadline_ms=20000)


@pytest.fixture(scope="session")
def soak():
    """The factor for counts: 1 by `make soak`, a tenth otherwise."""
    return 1.0 if os.environ.get("EGDB_SOAK") else 0.1
