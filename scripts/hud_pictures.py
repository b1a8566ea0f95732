#!/usr/bin/python3
"""docs/pictures/: every view of the HUD, as Chromium shows it on the history of this checkout and some runs, findings and thresholds beside it.
`scripts/hud_pictures.py [FOLDER]`, after `make build` and `scripts/setup.sh test`; takes a minute."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from support import change_data, code_data, events, panel_data, server, stores  # noqa: E402
from support.browser import run_flow  # noqa: E402

NAME = "egdb"
HISTORY = (("post", "--git-history", "--with-diff"), ("graph",), ("history",), ("mosaic", "--all"))


def without_people(scratch):
    """A repository with the history of this one, whose authors have no names: pictures are for all to see."""
    copy = scratch / NAME
    subprocess.run(["git", "init", "-q", str(copy)], check=True)
    whole = subprocess.run(["git", "-C", str(ROOT), "fast-export", "--signed-tags=strip", "HEAD"], capture_output=True, check=True).stdout
    anonymous = re.sub(rb"^(author|committer) [^<\n]*<[^>\n]*>", rb"\1 EGDB <egdb@example.org>", whole, flags=re.M)
    subprocess.run(["git", "-C", str(copy), "fast-import", "--quiet", "--force"], input=anonymous, check=True)
    branch = re.search(rb"^(?:commit|reset) (refs/heads/\S+)$", whole, re.M).group(1).decode()
    subprocess.run(["git", "-C", str(copy), "update-ref", "refs/heads/main", branch], check=True)
    subprocess.run(["git", "-C", str(copy), "symbolic-ref", "HEAD", "refs/heads/main"], check=True)
    subprocess.run(["git", "-C", str(copy), "reset", "-q", "--hard"], check=True)
    return copy


def history(url, repository):
    for words in HISTORY:
        program = ROOT / "build" / ("egdb" if words[0] == "post" else "egdb-index")
        where = ["--spec", str(ROOT / "spec")] if words[0] != "post" else []
        subprocess.run([program, *words, *where, "--server", url], cwd=repository, check=True, stdout=subprocess.DEVNULL)


def beside(client):
    """What the history of a checkout does not have."""
    for part in (panel_data.gates, panel_data.dead, code_data.runs, change_data.spec, change_data.security, change_data.healing):
        part(client)
    run = events.run_started("nightly-100", correlation_id="nightly-100")
    client.post_event(run)
    for idx, name in enumerate(("checkout", "build", "check")):
        client.post_event(events.step_finished("nightly-100", idx=idx, name=name, dt_ms=90 * idx + 40, correlation_id="nightly-100", causation_id=run["id"]))
    client.post_event(events.step_finished("nightly-100", idx=-1, dt_ms="soon"))


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "pictures").resolve()
    with tempfile.TemporaryDirectory(prefix="egdb-") as name:
        scratch = pathlib.Path(name)
        running = server.Server(stores.SqliteStore(scratch / "egdb.db"), scratch).start()
        try:
            history(running.url, without_people(scratch))
            with running.client() as client:
                beside(client)
            os.environ["EGDB_HUD_PICTURES"] = str(folder)
            run_flow("pictures", running)
        finally:
            running.finish()
    print(f"{folder}: {', '.join(sorted(path.name for path in folder.glob('*.png')))}")


main()
