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


def test_repositories(server):
    with server.client() as client:
        repo_data.both(client)
    run_flow("repos", server, one=repo_data.ONE, two=repo_data.TWO)


def test_deltas(server):
    with server.client() as client:
        change_data.deltas(client)
    run_flow("deltas", server, child=change_data.CHILD)


def test_spec(changes):
    run_flow("spec", changes, child=change_data.CHILD)


def test_security(changes, rescan):
    run_flow("security", changes, nf=change_data.nf(1), rescan=rescan)


def test_healer(changes):
    run_flow("healer", changes, heals=change_data.HEALS)
