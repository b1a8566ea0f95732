"""A flow of tests/hud/flows in a real browser, on a running server."""
import json
import pathlib
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "hud"
FLOW_S = 480  # beyond it hangs


def run_flow(name, server, **data):
    """data: what the flow is told, as JSON."""
    done = subprocess.run(["node", str(FOLDER / "driver.mjs"), str(FOLDER / "flows" / f"{name}.mjs"), server.url, json.dumps(data)],
                          capture_output=True, text=True, timeout=FLOW_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
