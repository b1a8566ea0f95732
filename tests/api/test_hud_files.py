"""How the server answers the files of the HUD: headers, forms, names; and a folder in their place."""
import gzip
import re

import pytest

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
