"""The views of changes, thresholds, findings and healing, with data that are known to the line."""
import pytest

from support import change_data, repo_data
from support.browser import door, run_flow


@pytest.fixture
def changes(server):
    with server.client() as client:
        for part in (change_data.deltas, change_data.spec, change_data.security, change_data.healing):
            part(client)
    return server


@pytest.fixture
def rescan(changes):
    """A door by which a flow has the next complete scan made."""
    def scan(_):
        with changes.client() as client:
            change_data.scan(client, ago_s=0)

    with door(scan) as url:
        yield url


@pytest.fixture
def looks(store_kind):
    """How a page looks is no matter of the store, so that the other themes and widths are tried on one."""
    return store_kind == "sqlite"


def test_repositories(server):
    with server.client() as client:
        repo_data.both(client)
    run_flow("repos", server, one=repo_data.ONE, two=repo_data.TWO)


def test_deltas(server, looks):
    with server.client() as client:
        change_data.deltas(client)
        change_data.many(client)
    run_flow("deltas", server, looks=looks, child=change_data.CHILD, commits=change_data.MANY_COMMITS, passed=change_data.MANY_PASSED,
             blocked=change_data.MANY_BLOCKED)


def test_spec(changes, looks):
    run_flow("spec", changes, looks=looks, child=change_data.CHILD)


def test_security(changes, looks, rescan):
    run_flow("security", changes, looks=looks, nf=change_data.nf(1), rescan=rescan)


def test_healer(changes, looks):
    run_flow("healer", changes, looks=looks, heals=change_data.HEALS)
