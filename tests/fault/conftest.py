"""A PostgreSQL that a test may freeze, crash and fill, away from the one that other tests share."""
import pytest

from support import postgres, stores


@pytest.fixture(scope="module")
def own_cluster():
    with postgres.Cluster() as cluster:
        yield cluster


@pytest.fixture
def own_store(own_cluster, templates):
    store = stores.PostgresStore(own_cluster)
    store.create(template=templates.postgres(own_cluster))
    yield store
    store.remove()


@pytest.fixture
def impatient():
    """The configuration of a server that notices within two seconds or three that its database is gone or back."""
    return {"event.store_wait_ms": 2000, "store.write_timeout_ms": 1200, "store.lock_timeout_ms": 800, "store.idle_tx_timeout_ms": 800,
            "store.connect_timeout_ms": 1500, "store.read_timeout_ms": 1200, "store.reconnect_least_ms": 20,
            "store.reconnect_most_ms": 200, "store.sqlite_busy_ms": 200}
