"""HTTP at its edges: ambiguous framing, slow and vanishing clients, limits, codings, draining. Against the HTTP room by itself
(build/http_probe), and the attacks against the whole server too."""
import gzip
import random
import threading

import pytest

from support import descriptors, wait
from support.figures import metric, until
from support.raw import Raw

HOST = b"Host: localhost\r\n"


SMUGGLED = b"GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n"
ATTACKS = {
    "two lengths": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 39\r\n\r\n",
    "two equal lengths": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "length and chunked": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": b"POST /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "space before the colon": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length : 39\r\n\r\n",
    "tab before the colon": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length\t: 39\r\n\r\n",
    "unknown transfer coding": b"POST /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked is not last": b"POST /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "two transfer codings": b"POST /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": b"POST /x HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a list of lengths": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 0, 0\r\n\r\n",
    "a signed length": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: +0\r\n\r\n",
    "a hexadecimal length": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 0x27\r\n\r\n",
    "two hosts": b"GET /x HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
    "no host": b"GET /x HTTP/1.1\r\nX: y\r\n\r\n",
    "a folded header": b"POST /x HTTP/1.1\r\n" + HOST + b"X: a\r\n Content-Length: 39\r\n\r\n",
    "a folded name": b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Len: 39\r\n gth\r\n\r\n",
    "a line with LF": b"POST /x HTTP/1.1\r\n" + HOST + b"X: a\nContent-Length: 39\r\n\r\n",
    "a request line with LF": b"POST /x HTTP/1.1\n" + HOST + b"\r\n",
    "an end with LF": b"POST /x HTTP/1.1\r\n" + HOST + b"\n",
    "a NUL in a value": b"GET /x HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n",
    "a control byte": b"GET /x HTTP/1.1\r\n" + HOST + b"X: a\x07b\r\n\r\n",
    "a CR in a value": b"GET /x HTTP/1.1\r\n" + HOST + b"X: a\rContent-Length: 39\r\n\r\n",
    "no colon": b"GET /x HTTP/1.1\r\n" + HOST + b"Nonsense\r\n\r\n",
    "a bad chunk size": b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "a negative chunk size": b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
}
# libmicrohttpd itself refuses these, with a page of its own
BY_THE_LIBRARY = ("no colon", "a bad chunk size", "a negative chunk size", "a list of lengths", "a signed length",
                  "a hexadecimal length")


def attack(port, name, path=b"/x"):
    """One answer, 400, and then the end: what follows is not taken for a request."""
    with Raw(port) as raw:
        raw.send(ATTACKS[name].replace(b" /echo ", b" " + path + b" ") + SMUGGLED)
        answer = raw.answer()
        assert answer and answer.status == 400, answer
        if name not in BY_THE_LIBRARY:
            assert answer.json()["code"] == "bad_framing", answer
        assert answer.headers["connection"] == "close"
        raw.at_end()
        assert b"HTTP/1.1 2" not in raw.buffer and b"ok" not in raw.buffer[-2:]


@pytest.mark.parametrize("name", ATTACKS)
def test_ambiguous_framing_is_refused(probe, name):
    attack(probe.port, name, b"/echo")


def test_ambiguous_framing_is_refused_by_the_whole_server(server):
    for name in ATTACKS:
        attack(server.port, name, b"/v1/events")
    with server.client() as client:
        assert client.get("/healthz").status == 200


def test_broken_requests_get_no_answer_from_a_flow(start_probe):
    probe = start_probe(request_deadline_ms=500)
    for junk in (b"GET /fast\r\n\r\n", b"GET /fa st HTTP/1.1\r\n" + HOST + b"\r\n", b"\x16\x03\x01\x02\0\x01\0\r\n\r\n",
                 b"GET /fast HTTP/3.0\r\n\r\n", b"GET /fast HTTP/1.1\r\n"):
        with Raw(probe.port) as raw:
            raw.send(junk)
            raw.socket.shutdown(1)
            raw.at_end()
            assert b" 200 " not in raw.buffer


def test_a_slow_head_is_cut(start_probe):
    probe = start_probe(request_deadline_ms=300, idle_timeout_ms=60000)
    head = b"GET /fast HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 4000
    with Raw(probe.port) as raw:
        for i in range(len(head)):
            if raw.answers_within(0.02):
                break
            raw.send(head[i:i + 1])
        else:
            raise AssertionError("it may go on for ever")
        answer = raw.answer()
        assert answer is None or answer.status == 408


def test_a_slow_request_line_is_cut(start_probe):
    probe = start_probe(request_deadline_ms=300, idle_timeout_ms=60000)
    with Raw(probe.port) as raw:
        for _ in range(3000):
            raw.send(b"G")
            if raw.answers_within(0.02):
                break
        else:
            raise AssertionError("it may go on for ever")
        answer = raw.answer()
        assert answer is None or answer.status == 408


def test_a_slow_body_is_cut(start_probe):
    probe = start_probe(request_deadline_ms=300)
    with Raw(probe.port) as raw:
        raw.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n")
        while not raw.answers_within(0.02):
            raw.send(b"x")
        answer = raw.answer()
        assert answer is None or (answer.status == 408 and answer.json()["code"] == "request_timeout")
    with probe.client() as client:
        until(client, 'egdb_http_refused_total{reason="slow_request"}', 1)
        until(client, "egdb_http_body_bytes", 0)


def test_a_client_that_does_not_read_is_cut(start_probe):
    probe = start_probe(request_deadline_ms=300)
    with Raw(probe.port, receive_buffer_b=4096) as raw, probe.client() as client:
        raw.send(b"GET /big?n=30000000 HTTP/1.1\r\n" + HOST + b"\r\n")
        until(client, 'egdb_http_refused_total{reason="slow_client"}', 1)


def test_an_idle_connection_is_closed_and_a_busy_one_is_not(start_probe):
    probe = start_probe(idle_timeout_ms=1000, request_deadline_ms=500)
    with Raw(probe.port) as idle, Raw(probe.port) as busy:
        busy.send(b"GET /wait?ms=2500 HTTP/1.1\r\n" + HOST + b"\r\n")
        assert idle.at_end() and idle.buffer == b""
        assert busy.answer().body == b"waited"


def test_bodies_that_are_too_large(start_probe):
    probe = start_probe(max_body_b=100000)
    with probe.client() as client:
        assert client.post("/echo", b"x" * 100000).body == b"x" * 100000
        answer = client.post("/echo", b"x" * 100001)
        assert (answer.status, answer.json()["code"]) == (413, "body_too_large")
        assert client.post("/echo", b"x").status == 200  # on the same connection
        bomb = gzip.compress(b"x" * 100001)
        assert client.post("/echo", bomb, headers={"Content-Encoding": "gzip"}).status == 413
        assert client.post("/echo", gzip.compress(b"x" * 100000), headers={"Content-Encoding": "gzip"}).status == 200
    with Raw(probe.port) as raw:  # chunked, its length unknown
        raw.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
        raw.send(b"9c40\r\n" + b"x" * 40000 + b"\r\n" + b"9c40\r\n" + b"x" * 40000 + b"\r\n9c40\r\n" + b"x" * 40000 + b"\r\n0\r\n\r\n")
        assert raw.answer().status == 413
        raw.send(SMUGGLED)
        assert raw.answer().body == b"ok"
    with Raw(probe.port) as raw:  # announced far too large: not read at all
        raw.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 999999999999\r\n\r\n")
        answer = raw.answer()
        assert answer.status == 413 and answer.headers["connection"] == "close"
        assert raw.at_end()


def test_an_endless_body_is_cut(start_probe):
    probe = start_probe(max_body_b=100000)
    with Raw(probe.port) as raw:
        raw.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(1000):
                raw.send(b"9c40\r\n" + b"x" * 40000 + b"\r\n")


def test_targets_and_heads_that_are_too_large(probe):
    with Raw(probe.port) as raw:
        raw.send(b"GET /fast?" + b"q" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        answer = raw.answer()
        assert (answer.status, answer.json()["code"]) == (414, "uri_too_long")
        raw.send(SMUGGLED)
        assert raw.answer().status == 200
    with Raw(probe.port) as raw:
        raw.send(b"GET /fast HTTP/1.1\r\n" + HOST + b"Authorization: Bearer " + b"t" * 8192 + b"\r\n\r\n")
        assert raw.answer().status == 200, "the longest token has its place"
    with Raw(probe.port) as raw:
        raw.send(b"GET /fast HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 500) for i in range(36)) + b"\r\n")
        answer = raw.answer()
        assert (answer.status, answer.headers["connection"]) == (431, "close")
    with Raw(probe.port) as raw:
        raw.send(b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        assert raw.answer().status == 414
    with Raw(probe.port) as raw:
        raw.send(b"GET /fast HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 60000 + b"\r\n\r\n")
        assert raw.answer().status == 431


def heads():
    """Of all sizes and kinds, up to what is refused."""
    for size in range(0, 8000, 250):
        yield b"GET /v1/events?branch=" + b"b" * size + b" HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 6500 + b"\r\n\r\n"
    for count in range(0, 400, 5):
        yield b"GET /v1/events?limit=1 HTTP/1.1\r\n" + HOST + b"X: yyyyyyyyyyyyyyyyyyyy\r\n" * count + b"\r\n"
        yield b"GET /v1/events?limit=1" + b"&x=1" * count + b" HTTP/1.1\r\n" + HOST + b"\r\n"
        yield b"GET /v1/events?limit=1 HTTP/1.1\r\n" + HOST + b"Cookie: a=b" + b"; c=dddddddd" * count + b"\r\n\r\n"
    for size in range(0, 17000, 500):
        yield b"GET /v1/events?limit=1 HTTP/1.1\r\n" + HOST + b"traceparent: " + b"t" * size + b"\r\n\r\n"


def test_no_head_leaves_the_answer_without_room(server):
    statuses = set()
    for head in heads():
        with Raw(server.port) as raw:
            raw.send(head)
            answer = raw.answer()
            assert answer is not None, head[:60]
            statuses.add(answer.status)
    assert statuses == {200, 400, 414, 431}  # 400: a parameter that is not known


def test_all_bodies_together_have_a_budget(start_probe):
    probe = start_probe(max_body_b=1000000, body_budget_b=1500000)
    with Raw(probe.port) as first, probe.client() as client:
        first.send(b"POST /echo?ms=0 HTTP/1.1\r\n" + HOST + b"Content-Length: 900000\r\n\r\n" + b"x" * 899999)
        wait.until(lambda: metric(client, "egdb_http_body_bytes") > 800000, "the first body is there")
        answer = client.post("/echo", b"x" * 900000)
        assert (answer.status, answer.json()["code"]) == (503, "overloaded")
        assert int(answer.headers["Retry-After"]) >= 1
        assert client.post("/echo", b"x" * 1000).status == 200
        first.send(b"x")
        assert len(first.answer().body) == 900000
        until(client, "egdb_http_body_bytes", 0)
        assert client.post("/echo", b"x" * 900000).status == 200
        until(client, "egdb_http_body_bytes", 0)


def test_expect_continue(probe):
    with Raw(probe.port) as raw:
        raw.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        assert raw.answer().status == 100
        raw.send(b"hello")
        assert raw.answer().body == b"hello"
    for line, status in ((b"POST /nowhere", 404), (b"POST /secret", 401), (b"PUT /echo", 405)):
        with Raw(probe.port) as raw:
            raw.send(line + b" HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            assert raw.answer().status == status
            assert raw.at_end()


def test_chunks_of_every_size(probe):
    dice = random.Random(7)
    with Raw(probe.port) as raw:
        for _ in range(20):
            body = bytes(dice.randrange(256) for _ in range(dice.randrange(20000)))
            raw.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
            at = 0
            while at < len(body):
                n = min(dice.choice((1, 2, 100, 5000)), len(body) - at)
                raw.send(b"%x;ext=1\r\n%s\r\n" % (n, body[at:at + n]))
                at += n
            raw.send(b"0\r\nTrailer: x\r\n\r\n")
            assert raw.answer().body == body


def zstd_of(data):
    """A zstd frame of raw blocks: one segment, its size in four bytes."""
    blocks = [data[i:i + 100000] for i in range(0, len(data), 100000)] or [b""]
    frame = b"\x28\xb5\x2f\xfd\xa0" + len(data).to_bytes(4, "little")
    for i, block in enumerate(blocks):
        frame += ((len(block) << 3) | (i == len(blocks) - 1)).to_bytes(3, "little") + block
    return frame


def test_codings_of_requests_and_answers(probe):
    text = b"".join(b"line %d of many\n" % i for i in range(20000))
    with probe.client() as client:
        for coding, data in (("gzip", gzip.compress(text)), ("zstd", zstd_of(text)), ("identity", text)):
            answer = client.post("/echo", data, headers={"Content-Encoding": coding})
            assert answer.status == 200 and answer.body == text
        for coding in ("br", "gzip, gzip", "deflate"):
            answer = client.post("/echo", b"x", headers={"Content-Encoding": coding})
            assert (answer.status, answer.json()["code"]) == (415, "unsupported_encoding")
            assert "Content-Encoding gzip or zstd" in answer.json()["hint"] and answer.headers["Accept-Encoding"] == "gzip, zstd"
        for data in (b"not gzip", gzip.compress(text)[:-4], gzip.compress(text) + b"rest"):
            answer = client.post("/echo", data, headers={"Content-Encoding": "gzip"})
            assert (answer.status, answer.json()["code"]) == (400, "encoding_invalid") and "leave Content-Encoding out" in answer.json()["hint"]
        for n in (2000, 3000000):  # compressed at once, and on another thread
            plain = client.get(f"/big?n={n}")
            assert "Content-Encoding" not in plain.headers and plain.headers["Vary"] == "Accept-Encoding"
            packed = client.get(f"/big?n={n}", headers={"Accept-Encoding": "gzip"})
            assert packed.headers["Content-Encoding"] == "gzip" and gzip.decompress(packed.body) == plain.body
            packed = client.get(f"/big?n={n}", headers={"Accept-Encoding": "gzip, zstd"})
            assert packed.headers["Content-Encoding"] == "zstd" and len(packed.body) < n / 4
            assert client.post("/echo", packed.body, headers={"Content-Encoding": "zstd"}).body == plain.body
        assert "Content-Encoding" not in client.get("/big?n=1000", headers={"Accept-Encoding": "gzip"}).headers
        assert "Content-Encoding" not in client.get("/big?n=9000", headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_pipelined_requests_are_answered_in_order(probe):
    with Raw(probe.port) as raw:
        raw.send(b"".join(b"GET /item/%d HTTP/1.1\r\n" % i + HOST + b"\r\nPOST /echo?ms=%d HTTP/1.1\r\n" % (i % 3) + HOST +
                          b"Content-Length: 5\r\n\r\nb%04d" % i for i in range(100)))
        for i in range(100):
            assert raw.answer().body == b"%d|-" % i
            assert raw.answer().body == b"b%04d" % i


def test_head_is_get_without_a_body(probe):
    with Raw(probe.port) as raw:
        for _ in range(2):
            raw.send(b"HEAD /big?n=5000 HTTP/1.1\r\n" + HOST + b"\r\n")
            answer = raw.answer(head=True)
            assert answer.status == 200 and answer.headers["content-length"] == "5000"
        raw.send(b"HEAD /nowhere HTTP/1.1\r\n" + HOST + b"\r\n")
        assert raw.answer(head=True).status == 404


def test_methods_and_paths(probe):
    with probe.client() as client:
        assert client.request("PUT", "/fast").headers["Allow"] == "GET, HEAD, OPTIONS"
        assert client.request("TEAPOT", "/echo").status == 405
        answer = client.request("OPTIONS", "/secret")
        assert (answer.status, answer.headers["Allow"], answer.body) == (204, "GET, HEAD, POST, OPTIONS", b"")
        assert client.request("OPTIONS", "*").status == 204
        assert client.get("/nowhere").json()["code"] == "not_found"
        assert client.get("/item/").status == 404
        assert client.get("/item/a/b").status == 404
        assert client.get("/item/..%2f%2e%2e?q=%C4%85+b").text == "../..|ą b"
        assert client.get("/item/x?p=1&q").text == "x|"
        assert client.get("/item/x?%71=1&q=2").text == "x|1"
        for bad in ("/item/%00", "/item/%", "/item/%FF", "/item/x?q=%00", "/item/x?q=%C3"):
            assert client.get(bad).status == 400, bad
        assert client.get("http://localhost:1/fast").body == b"ok"


def test_http_1_0_closes(probe):
    with Raw(probe.port) as raw:
        raw.send(b"GET /fast HTTP/1.0\r\n\r\n")
        assert raw.answer().body == b"ok"
        assert raw.at_end()


def test_headers_of_every_answer(probe):
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with probe.client() as client:
        answer = client.get("/wait?ms=1", headers={"X-Request-Id": "mine-1", "traceparent": trace})
        assert answer.headers["X-Request-Id"] == "mine-1" and answer.headers["traceparent"] == trace
        assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
        assert [part.split(";")[0] for part in answer.headers["Server-Timing"].split(", ")] == [
            "total", "begin_wait", "rest", "say_waited"]
        answer = client.get("/nowhere", headers={"X-Request-Id": "has space"})
        problem = answer.json()
        assert len(answer.headers["X-Request-Id"]) == 26 and problem["request_id"] == answer.headers["X-Request-Id"]
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert problem["type"] == "/docs/errors#not_found" and problem["status"] == 404
        assert set(problem) >= {"title", "detail", "code", "hint"}


def test_foreign_names_are_refused_without_auth(start_probe):
    probe = start_probe(local_only=1)
    with probe.client() as client:
        for host in ("localhost", "127.0.0.1:99", "[::1]", "LOCALHOST:1"):
            assert client.get("/fast", headers={"Host": host}).status == 200
        for headers in ({"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example"}, {"Origin": "http://evil.example"},
                        {"Origin": "null"}, {"Host": "localhost", "Origin": "https://localhost.evil.example"}):
            answer = client.get("/fast", headers=headers)
            assert (answer.status, answer.json()["code"]) == (403, "foreign_origin")
        assert client.get("http://evil.example/fast").status == 403
        assert client.post("/echo", b"x", headers={"Origin": "http://127.0.0.1:3000"}).status == 200
    probe = start_probe(local_only=0)
    with probe.client() as client:
        assert client.get("/fast", headers={"Host": "egdb.example", "Origin": "http://x.example"}).status == 200


def test_the_hook_is_asked_before_the_body(probe):
    with probe.client() as client:
        answer = client.post("/secret", b"x" * 1000)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert client.get("/secret", headers={"Authorization": "Bearer open"}).body == b"friend"


def test_a_client_that_goes_away_is_dropped_once(probe):
    with probe.client() as client:
        before = int(client.get("/drops").body)
        for _ in range(10):
            with Raw(probe.port) as raw:
                raw.send(b"GET /wait?ms=100 HTTP/1.1\r\n" + HOST + b"\r\n")
        # the ten, and the earlier ones of this client's own
        own = [before]

        def drops():
            own[0] += 1
            return int(client.get("/drops").body) - own[0] + 1

        wait.until(lambda: drops() >= 10, "all are dropped")
        until(client, "egdb_http_suspended", 0)


def test_many_idle_connections(probe):
    wanted, idle = 5000, []
    descriptors.allow(wanted + 500)
    try:
        for i in range(wanted):
            idle.append(Raw(probe.port))
            if i % 2:  # half of them have had a request
                idle[-1].send(SMUGGLED)
                assert idle[-1].answer().body == b"ok"
        with probe.client() as client:
            wait.until(lambda: metric(client, "egdb_http_connections") >= wanted, "all are connected")
            for _ in range(200):
                assert client.get("/fast").status == 200
                assert client.post("/echo", b"abc").body == b"abc"
        for raw in idle[:50] + idle[-50:]:
            raw.send(SMUGGLED)
            assert raw.answer().body == b"ok"
    finally:
        for raw in idle:
            raw.socket.close()


def test_a_limit_of_connections_per_address(start_probe):
    probe = start_probe(max_connections_per_ip=3)
    with Raw(probe.port) as one, Raw(probe.port) as two, Raw(probe.port) as three:
        for raw in (one, two, three):
            raw.send(SMUGGLED)
            assert raw.answer().body == b"ok"
        with Raw(probe.port) as four:
            assert four.at_end() and four.buffer == b""


def test_draining_answers_what_is_in_flight(start_probe):
    probe = start_probe()
    with Raw(probe.port) as idle, Raw(probe.port) as half:
        waiting = [Raw(probe.port).send(b"GET /wait?ms=4000 HTTP/1.1\r\n" + HOST + b"\r\n") for _ in range(50)]
        half.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhel")
        idle.send(SMUGGLED)
        assert idle.answer().body == b"ok"
        with probe.client() as client:
            until(client, "egdb_http_suspended", 50)
        probe.terminate()
        assert idle.at_end() and idle.buffer == b""
        half.send(b"lo")
        answer = half.answer()
        assert answer.body == b"hello" and answer.headers["connection"] == "close"
        for raw in waiting:
            answer = raw.answer()
            assert answer.body == b"waited" and answer.headers["connection"] == "close"
            raw.socket.close()
    assert probe.process.wait(120) == 0


def test_draining_under_load_loses_no_answer(start_probe):
    """Every request that the server has begun is answered: a client sees whole answers, and then the end of a connection."""
    probe = start_probe()
    counts, stop = [0] * 8, threading.Event()
    broken = []

    def load(i):
        while not stop.is_set():
            try:
                raw = Raw(probe.port)
            except OSError:
                return
            with raw:
                while True:
                    try:
                        raw.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\nbody")
                    except OSError:
                        break
                    answer = raw.answer()
                    if answer is None:
                        if raw.buffer:
                            broken.append(raw.buffer)
                        break
                    assert answer.body == b"body"
                    counts[i] += 1

    threads = [threading.Thread(target=load, args=(i,)) for i in range(len(counts))]
    for thread in threads:
        thread.start()
    wait.until(lambda: min(counts) > 20, "load")
    probe.terminate()
    assert probe.process.wait(120) == 0
    stop.set()
    for thread in threads:
        thread.join()
    assert not broken


def test_draining_has_an_end(start_probe):
    probe = start_probe(drain_deadline_ms=300, request_deadline_ms=400)
    with Raw(probe.port) as never, Raw(probe.port) as half:
        never.send(b"GET /never HTTP/1.1\r\n" + HOST + b"\r\n")
        half.send(b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhel")
        with probe.client() as client:
            until(client, "egdb_http_suspended", 1)
        probe.terminate()
        answer = never.answer()
        assert (answer.status, answer.json()["code"]) == (503, "stopping")
        assert answer.headers["retry-after"] == "5"
        assert half.at_end()
    assert probe.process.wait(120) == 0
