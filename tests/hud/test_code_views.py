"""The views of runs and code: the EGQL console, Runs, Code graph; each by its flow in tests/hud/flows."""
import pytest

from support import code_data, panel_data
from support.browser import run_flow


@pytest.mark.parametrize("flow", ["console", "runs", "graph"])
def test_flow(flow, server):
    with server.client() as client:
        panel_data.fill(client)
        code_data.fill(client)
    run_flow(flow, server)
