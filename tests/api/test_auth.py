"""Tokens through the HTTP door: what each scope opens, topics and trust, and forgeries."""
import json
import re
import socket
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from support import binary, descriptors, events

SECRET = "0123456789abcdef0123456789abcdef"


def pem(key):
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public


def token(secret=SECRET, alg="HS256", headers=None, **claims):
    claims = {"sub": "tester", "exp": int(time.time()) + 600, **claims}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, secret, alg, headers=headers)


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


@pytest.fixture
def guarded(start_server, store, scratch):
    (scratch / "secret").write_text(SECRET + "\n")
    return start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "secret"})


def test_each_path_asks_for_its_scope(guarded):
    event = events.label()
    wants = [("POST", "/v1/events", event, {"events:write"}), ("GET", "/v1/events", None, {"events:read"}),
             ("GET", f"/v1/events/{event['id']}", None, {"events:read"}), ("GET", "/v1/dlq", None, {"admin"}),
             ("GET", "/v1/topics", None, {"events:write", "events:read", "query", "admin"}),
             ("GET", "/v1/topics/run.started@v1", None, {"events:write", "events:read", "query", "admin"})]
    with guarded.client() as client:
        for method, path, body, allowed in wants:
            answer = client.request(method, path, body)
            assert (answer.status, answer.json()["code"]) == (401, "unauthorized")
            assert answer.headers["WWW-Authenticate"] == 'Bearer realm="egdb"'
            for scope in ("events:write", "events:read", "query", "admin"):
                answer = client.request(method, path, body, headers=bearer(token(scope=scope)))
                if scope in allowed:
                    assert answer.status in (200, 201), (path, scope, answer)
                else:
                    assert (answer.status, answer.json()["code"]) == (403, "forbidden")
                    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
        for path in ("/healthz", "/readyz", "/version", "/metrics", "/openapi.yaml"):
            assert client.get(path).status == 200
        assert client.get("/healthz", headers={"Host": "egdb.example"}).status == 200


def test_every_path_of_the_table_asks_for_its_scope(guarded):
    """Whatever routes.def has: 401 without a token, 403 with one of every other scope, and neither with the right one."""
    table = (binary.ROOT / "server/http/routes.def").read_text("utf-8")
    routes = re.findall(r'^X\((\w+),\s*"([^"]+)",\s*(\w+),', table, re.M)
    scopes = {"EVENTS_WRITE": "events:write", "EVENTS_READ": "events:read", "QUERY": "query", "ADMIN": "admin"}
    assert {scope for _, _, scope in routes} <= {*scopes, "ANY", "NONE"} and len(routes) > 25
    with guarded.client() as client:
        for method, path, scope in routes:
            path = re.sub(r"\{\w+\}", "x", path)
            if scope == "NONE":
                assert client.request(method, path).status not in (401, 403), path
                continue
            assert client.request(method, path).status == 401, (method, path)
            others = [word for name, word in scopes.items() if name != scope and scope != "ANY"]
            refused = client.request(method, path, headers=bearer(token(scope=" ".join(others))))
            assert refused.status == 403, (method, path, refused)
            if not path.endswith("/stream"):  # which would not end
                answer = client.request(method, path, headers=bearer(token(scope=scopes.get(scope, "query"))))
                assert answer.status not in (401, 403), (method, path, answer)


def test_forged_tokens(guarded):
    now = int(time.time())
    forged = [token(secret="another secret of thirty-two byte"), token(secret="", alg="none"), token(alg="HS512", secret=SECRET * 2),
              token(exp=None), token(exp=str(now + 600)), token(exp=now - 31), token(nbf=now + 60), token(headers={"crit": ["x"]}),
              token(sub=None), token(sub=7), token(topics=7), token(trust="none"), token(x="y" * 9000), "a.b.c", "", "é"]
    with guarded.client() as client:
        for text in forged:
            answer = client.get("/v1/topics", headers={"Authorization": f"Bearer {text}".encode()})
            assert answer.status == 401, text
            assert "error=" in answer.headers["WWW-Authenticate"]
        assert client.get("/v1/topics", headers=bearer(token(scope="query"))).status == 200


def test_the_type_of_a_token(guarded):
    with guarded.client() as client:
        for typ in ("at+jwt", "application/at+jwt", "JOSE"):
            answer = client.get("/v1/topics", headers=bearer(token(scope="query", headers={"typ": typ})))
            assert answer.status == 401 and "typ other than JWT" in answer.json()["detail"], (typ, answer)
        for typ in ("JWT", "jwt", None):
            assert client.get("/v1/topics", headers=bearer(token(scope="query", headers={"typ": typ}))).status == 200, typ


def test_topics_and_trust(guarded):
    narrow = bearer(token(scope="events:write events:read", topics=["commit.*"], trust="low"))
    with guarded.client() as client:
        event = events.label()  # of commit.labelled@v1
        assert client.post_event(event, headers=narrow).status == 201
        assert client.get(f"/v1/events/{event['id']}", headers=narrow).json()["trust"] == "low"
        answer = client.post_event(events.run_started(), headers=narrow)
        assert (answer.status, answer.json()["code"]) == (403, "forbidden")
        none = bearer(token(scope="events:write", topics=[]))
        assert client.post_event(events.label(), headers=none).status == 403


def test_what_a_key_was_answered_is_for_who_may_write_it(guarded):
    """Two tokens of one subject: the narrower one does not hear of a report that the wider one sent under the key."""
    report = json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": []}]})
    with guarded.client() as client:
        def post(**claims):
            headers = {**bearer(token(scope="events:write", **claims)), "Content-Type": "application/json", "Idempotency-Key": "scan"}
            return client.post(f"/v1/sarif?sha={'a' * 40}", report, headers=headers)

        assert post(topics=["core.*"]).status == 403
        assert post().status == 201
        assert post(topics=["core.*"]).json()["code"] == "forbidden"
        assert post().status == 200


def test_the_subject_is_the_scope_of_idempotency_keys(guarded):
    event = events.label(id=None, idempotency_key="same")
    with guarded.client() as client:
        ids = {}
        for sub in ("a", "b", "a"):
            answer = client.post_event(event, headers=bearer(token(sub=sub, scope="events:write")))
            assert answer.status == (200 if sub in ids else 201), answer
            assert ids.setdefault(sub, answer.json()["id"]) == answer.json()["id"]
        assert ids["a"] != ids["b"]


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_public_keys(start_server, store, scratch, alg):
    private, public = pem(rsa.generate_private_key(65537, 2048) if alg == "RS256" else ec.generate_private_key(ec.SECP256R1()))
    (scratch / "public.pem").write_bytes(public)
    (scratch / "private.pem").write_bytes(private)
    server = start_server(store, config={"auth.mode": alg, "auth.key_file": scratch / "public.pem"})
    made = binary.run("token", "--sub", "me", "--scope", "query", "--auth", alg, "--key-file", scratch / "private.pem", check=0)
    with server.client() as client:
        assert client.get("/v1/topics", headers=bearer(token(private, alg, scope="query"))).status == 200
        assert client.get("/v1/topics", headers=bearer(made.out.strip())).status == 200
        # the public key is no secret: a token signed with it by HMAC must not pass
        forged = jwt.api_jws.PyJWS()
        forged._algorithms["HS256"].prepare_key = lambda key: key
        payload = b'{"sub":"me","scope":"query","exp":%d}' % (time.time() + 600)
        assert client.get("/v1/topics", headers=bearer(forged.encode(payload, public, "HS256"))).status == 401


def test_without_auth_only_loopback_is_listened_on(store):
    done = binary.run("serve", "--listen", "0.0.0.0:0", "--store", store.dsn)
    assert done.returncode == 78 and "loopback" in done.err


@pytest.mark.parametrize("listen,most", [("0.0.0.0", 1000), ("127.0.0.1", None)])
@pytest.mark.only_on("sqlite")
def test_connections_of_one_address_are_bounded_beyond_loopback(start_server, store, scratch, listen, most):
    (scratch / "secret").write_text(SECRET + "\n")
    descriptors.allow(1200)
    server = start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "secret"}, listen=listen)
    taken = []
    try:
        for _ in range(1010):
            taken.append(socket.create_connection(("127.0.0.1", server.port), 120))
        taken[0].sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert taken[0].recv(15) == b"HTTP/1.1 200 OK"
        last = taken[-1]
        last.settimeout(120)
        if most:
            assert last.recv(1) == b""
        else:
            last.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert last.recv(15) == b"HTTP/1.1 200 OK"
    finally:
        for one in taken:
            one.close()
