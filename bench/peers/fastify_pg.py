"""The server of fastify/, installed by `npm ci` into a folder that is thrown away, over a migrated database of ours."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import measure  # noqa: E402
from support import http, wait  # noqa: E402


def install(bench):
    """The folder, or None with a word of why when the registry does not give it."""
    folder = bench.folder / "fastify"
    shutil.copytree(HERE / "fastify", folder, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)
    if done.returncode != 0:
        measure.say(f"fastify not measured: npm ci failed\n{done.stdout.decode()[-400:]}")
        return None
    return folder


@contextlib.contextmanager
def serving(folder, dsn):
    """The port of a running server."""
    port = measure.ports.free()
    environment = {**os.environ, "DSN": dsn, "PORT": str(port), "NODE_ENV": "production"}
    process = subprocess.Popen(["node", "server.mjs"], cwd=folder, env=environment)
    try:
        with http.Client("127.0.0.1", port) as client:
            wait.until(lambda: client.get("/readyz").status == 200, "fastify answers")
        measure.load(port, connections=8, events=2000, topic="step")
        yield port
    finally:
        process.terminate()
        process.wait(30)
