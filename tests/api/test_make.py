"""The commands of the README: `make run`, and `make install` into a folder."""
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess

import pytest

from support import binary, http, ports, wait

pytestmark = pytest.mark.release


def git(*args):
    return subprocess.run(["git", "-C", str(binary.ROOT), *args], capture_output=True, check=True, text=True).stdout


def run_environment(**extra):
    env = binary.environment(extra)
    # A make around the tests must not tell the one inside about its jobs.
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        env.pop(name, None)
    return env


@pytest.mark.parametrize("before", ["nothing", "an interrupted run"])
def test_make_run_serves_the_history_of_the_checkout(scratch, before):
    port = ports.free()
    if before != "nothing":  # the database is there, without its history
        binary.run("init", "--store", f"sqlite:{scratch}/egdb.db", check=0)
    log = scratch / "run.log"
    env = run_environment(EGDB_LISTEN=f"127.0.0.1:{port}", EGDB_DATABASE=str(scratch / "egdb.db"))
    with open(log, "wb") as out:
        process = subprocess.Popen(["make", "run"], cwd=binary.ROOT, env=env, stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True)
    try:
        commits = int(git("rev-list", "--count", "HEAD"))

        def all_posted():
            if process.poll() is not None:
                raise wait.Never("make run ended")
            with http.Client("127.0.0.1", port) as client:
                found = client.post("/v1/query", {"query": "SELECT commits (count()) FROM all"}).json()["rows"][0][0]
            return found >= commits and (scratch / "egdb.db.history").exists()

        wait.until(all_posted, f"{commits} commits are in the database", deadline_s=300, pause_s=0.2)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{log.read_text('utf-8', 'replace')[-4000:]}") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does: to all of the foreground
            process.wait(120)
    text = log.read_text("utf-8", "replace")
    assert f"http://127.0.0.1:{port}" in text
    assert "stopped" in text, text[-2000:]
    with contextlib.closing(sqlite3.connect(scratch / "egdb.db")) as database:
        assert database.execute("SELECT count(*) FROM commit_files WHERE diff_text LIKE '@@ %'").fetchone()[0] > 0, "the HUD shows lines"
        assert database.execute("SELECT count(*) FROM invariants_results").fetchone()[0] > 0, "the HUD shows gates"
    report = json.loads((scratch / "egdb.db.gates.json").read_text("utf-8"))
    assert len(report["commits"]) == min(50, int(git("rev-list", "--count", "--first-parent", "HEAD")) - 1)


def test_an_installed_egdb_finds_its_files(scratch):
    subprocess.run(["make", "install", f"DESTDIR={scratch}", "PREFIX=/usr"], cwd=binary.ROOT, env=run_environment(),
                   check=True, capture_output=True, timeout=600)
    elsewhere = scratch / "elsewhere"
    elsewhere.mkdir()
    program = scratch / "usr" / "bin" / "egdb"
    for words in (["version"], ["check", "--no-store"], ["init", "--store", f"sqlite:{scratch}/egdb.db"]):
        done = subprocess.run([program, *words], cwd=elsewhere, env=run_environment(), capture_output=True, text=True,
                              timeout=120)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    assert (scratch / "usr/share/egdb/egdb.ini").is_file()
    installed = scratch / "usr/lib/systemd/system/egdb.service"
    text = installed.read_text("utf-8")
    assert "ExecStart=/usr/bin/egdb serve" in text and "file:///usr/share/egdb/egdb.ini" in text and "/usr/local" not in text
    unit = shutil.which("systemd-analyze")
    if unit:
        here = scratch / "egdb.service"
        here.write_text(text.replace("/usr/bin/egdb", str(program)), encoding="utf-8")
        done = subprocess.run([unit, "verify", "--man=no", str(here)], capture_output=True, text=True, timeout=120)
        complaints = [line for line in done.stderr.splitlines() if "egdb.service" in line]
        assert not complaints, complaints
