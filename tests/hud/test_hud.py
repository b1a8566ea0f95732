"""The page, in a real browser on a real server: each flow of tests/hud/flows/ by driver.mjs."""
import subprocess
import time
import urllib.parse

import jwt
import pytest

from support import change_data, code_data, events, panel_data
from support.browser import FOLDER, door, recent_node, run_flow

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def filled(server):
    """A server with the small history that panel_data describes."""
    with server.client() as client:
        panel_data.fill(client)
    return server


@pytest.fixture
def whole(filled):
    """The same with all that the views show beside it."""
    with filled.client() as client:
        for part in (code_data.fill, change_data.deltas, change_data.spec, change_data.security, change_data.healing):
            part(client)
    return filled


def of_one_store(theme, width):
    return pytest.param(theme, width, marks=pytest.mark.only_on("sqlite"))


@pytest.mark.parametrize("theme, width", [("dark", 1280), of_one_store("light", 390), of_one_store("light", 1280), of_one_store("dark", 390)])
def test_pages(theme, width, whole):
    """How a page looks is no matter of the store, so that the other looks are tried on one."""
    run_flow("pages", whole, looks=[(theme, width)])


def test_what_is_reckoned_without_a_page():
    done = subprocess.run([recent_node(), "--test", str(FOLDER / "lib.mjs")], capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_shell(filled):
    run_flow("shell", filled)


@pytest.fixture
def control(filled):
    """A door by which a flow stops and starts the server that it looks at."""
    with door(lambda what: filled.stop() if what == "stop" else filled.start()) as url:
        yield url


def view(name, has, other, **query):
    """A view that is looked at, a text that it then shows, and what else is asked of it."""
    href = [f"{name}?{urllib.parse.urlencode(one)}" for one in (query, {**query, **other})]
    return {"path": href[0], "has": has, "other": href[1]}


def test_all_views_alike(whole, control, store_kind):
    """All of them on one store, on the other those that ask in different ways: queries, panels, lists."""
    views = [
        view("overview", "core.step.finished@v1", {"last": "6h"}, last="30d"),
        view("deltas", "Reader.run", {"sha": change_data.PARENT}, last="30d", sha=change_data.CHILD),
        view("spec", "In force since", {"gate": "I3"}, last="30d", module="core.a"),
        view("security", "test_env fails", {"state": "all"}, nf=change_data.nf(1)),
        view("healer", "a parameter was added", {"kind": "test_rewrite"}, last="30d", id=change_data.HEALS[0]),
        view("runs", "report", {"run": "nightly-038"}, last="7d", run="nightly-039"),
        view("graph", "work_00", {"node": "AST::app/cli.py#serve"}, node=code_data.HUB),
        view("events", "nightly-039", {"topic": "run.finished@v1"}, topic="run.started@v1"),
        view("console", "nightly-004", {"q": "SELECT steps FROM all GROUP BY name"}, q="SELECT runs (id, status) FROM all ORDER BY id LIMIT 5"),
        view("letters", "no.such@v1", {"code": "schema_invalid"}, code="topic_unknown")]
    if store_kind != "sqlite":
        views = [one for one in views if one["path"].split("?")[0] in ("deltas", "runs", "letters")]
    run_flow("steady", whole, control=control, views=views)


def test_events(filled, control):
    with filled.client() as client:
        run = events.run_started("flow-1", correlation_id="flow-1")
        assert client.post_event(run).status == 201
        cause = run["id"]
        for idx in range(3):
            step = events.step_finished("flow-1", idx=idx, correlation_id="flow-1", causation_id=cause)
            assert client.post_event(step).status == 201
            cause = step["id"]
    run_flow("events", filled, control=control)


def test_overview(filled, control):
    run_flow("overview", filled, control=control)


def test_letters(filled):
    """Beside the two of panel_data: a step with two mistakes, and a text that ends too early."""
    with filled.client() as client:
        assert client.post_event(events.step_finished("run-1", idx=-1, dt_ms="soon")).status == 422
        assert client.post("/v1/events", b'{"id": "broken", "topic": ').status == 400
    run_flow("letters", filled)


def test_few_among_many(start_server, store):
    """Pages that look at ten events, or letters, and find none of what is wanted."""
    server = start_server(store, config={"query.list_rows": 10})
    with server.client() as client:
        log = [events.label() for _ in range(25)] + [events.label(repo_branch="side")] + [events.label() for _ in range(25)]
        assert client.post_ndjson(log).json()["stored"] == len(log)
        assert client.post("/v1/events", b'{"id": "oldest", "topic": ').status == 400
        assert client.post_ndjson([events.event("no.such@v1", {"n": n}) for n in range(60)]).json()["rejected"] == 60
        assert client.post_event(events.step_finished("run-1", idx=-1)).status == 422
    run_flow("few", server)


def test_token(start_server, store, scratch):
    (scratch / "secret").write_text(SECRET + "\n")
    server = start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "secret"})
    claims = {"sub": "reader", "scope": "events:read query admin"}
    run_flow("token", server, token=jwt.encode({**claims, "exp": int(time.time()) + 600}, SECRET, "HS256"),
             expired=jwt.encode({**claims, "exp": int(time.time()) - 600}, SECRET, "HS256"))
