"""The two stores with one set of data, for the tests of EGQL."""
import pytest

from support import egql, server as servers, stores


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The data are put in once, by one worker."""
    for item in items:
        if "both" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("egql"))


@pytest.fixture(scope="session")
def filled_stores(pg_cluster, templates, tmp_path_factory):
    folder = tmp_path_factory.mktemp("egql")
    sqlite = stores.SqliteStore(folder / "egdb.db", template=templates.sqlite())
    postgres = stores.PostgresStore(pg_cluster)
    postgres.create(template=templates.postgres(pg_cluster))
    for store in (sqlite, postgres):
        place = folder / store.kind
        place.mkdir()
        server = servers.Server(store, place).start()
        try:
            egql.fill(server, store)
        finally:
            server.finish()
    for (view,) in postgres.query("SELECT matviewname FROM pg_matviews"):
        postgres.query(f"REFRESH MATERIALIZED VIEW {view}")
    postgres.query("ANALYZE")
    yield sqlite, postgres
    sqlite.remove()
    postgres.remove()


@pytest.fixture(scope="module")
def both(filled_stores):
    """A probe on each. Not for longer than a module: other tests may stop the PostgreSQL that all share."""
    sqlite, postgres = filled_stores
    with egql.Probe(sqlite) as a, egql.Probe(postgres) as b:
        yield a, b
