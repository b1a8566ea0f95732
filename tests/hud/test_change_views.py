"""The views of changes, thresholds, findings and healing, with data that are known to the line."""
import pytest

from support import change_data
from support.browser import run_flow


@pytest.fixture
def changes(server):
    with server.client() as client:
        change_data.deltas(client)
    return server


def test_deltas(changes):
    run_flow("deltas", changes, parent=change_data.PARENT, child=change_data.CHILD)
