"""The page, in a real browser on a real server: each flow of tests/hud/flows/ by driver.mjs; and how the server serves its files."""
import gzip
import http.server
import re
import threading
import time

import jwt
import pytest

from support import events, panel_data
from support.browser import run_flow

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def filled(server):
    """A server with the small history that panel_data describes."""
    with server.client() as client:
        panel_data.fill(client)
    return server


def test_pages(filled, store_kind):
    """What a page looks like does not depend on the store, what its panels answer does: the second store sees two of the four looks."""
    looks = [("dark", 1280), ("light", 390), ("light", 1280), ("dark", 390)]
    run_flow("pages", filled, looks=looks if store_kind == "sqlite" else looks[:2])


def test_shell(filled):
    run_flow("shell", filled)


@pytest.fixture
def control(filled):
    """A door by which a flow stops and starts the server that it looks at."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            what = self.rfile.read(int(self.headers["Content-Length"])).decode("utf-8")
            if what == "stop":
                filled.stop()
            else:
                filled.start()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    door = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=door.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{door.server_port}"
    door.shutdown()
    door.server_close()


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


def test_token(start_server, store, scratch):
    (scratch / "secret").write_text(SECRET + "\n")
    server = start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "secret"})
    claims = {"sub": "reader", "scope": "events:read query admin"}
    run_flow("token", server, token=jwt.encode({**claims, "exp": int(time.time()) + 600}, SECRET, "HS256"),
             expired=jwt.encode({**claims, "exp": int(time.time()) - 600}, SECRET, "HS256"))


POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; "
          "base-uri 'none'")


@pytest.mark.only_on("sqlite")
def test_files(client):
    for path in ("/", "/hud"):
        answer = client.get(path)
        assert (answer.status, answer.headers["Location"]) == (302, "hud/")
    page = client.get("/hud/")
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Security-Policy"] == POLICY
    assert page.headers["Referrer-Policy"] == "no-referrer" and page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Cache-Control"] == "no-cache"
    assert client.get("/hud/", headers={"If-None-Match": page.headers["ETag"]}).status == 304
    assert client.get("/hud/events?topic=x").body == page.body
    text = page.body.decode("utf-8")
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|https?:", text), "nothing inline, nothing from elsewhere"
    names = re.findall(r'(?:href|src)="([\w.-]+)"', text)
    assert len(names) >= 3
    for name in names:
        plain = client.get(f"/hud/{name}")
        assert plain.status == 200 and "Content-Encoding" not in plain.headers, name
        assert (plain.headers["Cache-Control"] == "public, max-age=31536000, immutable") == ("-" in name)
        zipped = client.get(f"/hud/{name}", headers={"Accept-Encoding": "br, gzip"})
        if zipped.headers.get("Content-Encoding") == "gzip":
            assert gzip.decompress(zipped.body) == plain.body
            assert zipped.headers["Vary"] == "Accept-Encoding"
            assert "Content-Encoding" not in client.get(f"/hud/{name}", headers={"Accept-Encoding": "gzip;q=0"}).headers
    assert b"lit-html 3." in client.get("/hud/licences.txt").body
    assert client.get("/hud/nothing.js").status == 404


@pytest.mark.only_on("sqlite")
def test_web_dir(start_server, store, scratch):
    folder = scratch / "web"
    folder.mkdir()
    (scratch / "secret.txt").write_text("secret")
    (folder / "index.html").write_text("<!doctype html>mine")
    (folder / ".hidden.txt").write_text("secret")
    (folder / "link.txt").symlink_to(scratch / "secret.txt")
    (folder / "sub").mkdir()
    (folder / "sub" / "inner.txt").write_text("secret")
    server = start_server(store, args=["--web-dir", str(folder)])
    with server.client() as client:
        assert client.get("/hud/events").body == b"<!doctype html>mine"
        (folder / "index.html").write_text("<!doctype html>other")
        assert client.get("/hud/").body == b"<!doctype html>other"
        for name in ("../secret.txt", "..%2fsecret.txt", "%2e%2e%2fsecret.txt", ".hidden.txt", "link.txt", "sub%2finner.txt", "sub/inner.txt",
                     "%2fetc%2fpasswd.txt", "index.html%00.txt", "sub.txt"):
            answer = client.get(f"/hud/{name}")
            assert answer.status in (400, 404) and b"secret" not in answer.body, name
