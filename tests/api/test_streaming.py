"""Answers that are made while they are sent (server/http/stream.c), against the HTTP room by itself: back-pressure, clients that go, stall or
speak HTTP/1.0, codings, the two ends of a body, draining."""
import gzip
import random
import socket
import subprocess
import time
import zlib

import pytest

from support import binary, wait
from support.figures import metric, peak_kb, until
from support.raw import Raw

HOST = b"Host: localhost\r\n"
N = 3000000


def text(n):
    return b"".join(b"line %d of many\n" % i for i in range(n // 14 + 1))[:n]


def dropped(client, n):
    wait.until(lambda: int(client.get("/drops?streams").text) == n, f"{n} flows are dropped")
    until(client, "egdb_http_streams", 0)


def chunks(raw):
    """The body in chunks, to its end; None when the connection ends first."""
    body = b""
    while True:
        while b"\r\n" not in raw.buffer:
            if not raw.more():
                return None
        size, _, raw.buffer = raw.buffer.partition(b"\r\n")
        size = int(size, 16)
        while len(raw.buffer) < size + 2:
            if not raw.more():
                return None
        body += raw.buffer[:size]
        assert raw.buffer[size:size + 2] == b"\r\n"
        raw.buffer = raw.buffer[size + 2:]
        if size == 0:
            return body


@pytest.mark.parametrize("window", [1, 100, 65536])
def test_all_of_it_comes_in_order_and_the_connection_stays(probe, window):
    n = N if window > 100 else 20000
    with Raw(probe.port) as raw, probe.client() as client:
        for i in range(3):
            raw.send(b"GET /stream?n=%d&window=%d HTTP/1.1\r\n" % (n, window) + HOST + b"\r\n")
            answer = raw.answer()
            assert answer.status == 200 and answer.headers["transfer-encoding"] == "chunked"
            assert answer.headers["content-type"] == "text/plain"
            assert chunks(raw) == text(n)
        raw.send(b"GET /stream?n=0 HTTP/1.1\r\n" + HOST + b"\r\nGET /fast HTTP/1.1\r\n" + HOST + b"\r\n")  # pipelined
        assert raw.answer().status == 200 and chunks(raw) == b""
        assert raw.answer().body == b"ok"
        dropped(client, 4)
        until(client, "egdb_http_suspended", 0)
        assert metric(client, "egdb_http_sent_bytes_total") >= 3 * n


def test_an_aborted_body_has_no_end(probe):
    with Raw(probe.port) as raw, probe.client() as client:
        raw.send(b"GET /stream?n=100000&fail=1 HTTP/1.1\r\n" + HOST + b"\r\n")
        assert raw.answer().status == 200
        assert chunks(raw) is None and raw.closed
        dropped(client, 1)


@pytest.mark.release_too
def test_a_slow_reader_costs_no_memory(probe):
    with probe.client() as client:
        assert client.get("/stream?n=1000000").body == text(1000000)
        before_kb = peak_kb(probe.process.pid)
        slow = [Raw(probe.port, receive_buffer_b=4096) for _ in range(20)]
        for raw in slow:
            raw.send(b"GET /stream?n=9000000 HTTP/1.1\r\n" + HOST + b"\r\n")
            assert raw.answer().status == 200
        until(client, "egdb_http_streams", 20)
        assert client.get("/stream?n=1000000").body == text(1000000)  # others are served meanwhile
        if not binary.is_instrumented():
            assert peak_kb(probe.process.pid) - before_kb < 20 * 256
        last = slow.pop()
        assert chunks(last) == text(9000000)
        last.socket.close()
        for raw in slow:
            raw.socket.close()
        dropped(client, 22)


def test_a_client_that_goes_ends_it(probe):
    with probe.client() as client:
        for i, end in enumerate((lambda raw: raw.socket.close(), lambda raw: raw.socket.shutdown(socket.SHUT_WR))):
            raw = Raw(probe.port).send(b"GET /ticks?ms=3600000 HTTP/1.1\r\n" + HOST + b"\r\n")  # nothing is sent that would notice it
            assert raw.answer().status == 200  # the head comes although there is no body yet
            end(raw)
            dropped(client, i + 1)
            raw.socket.close()
        raw = Raw(probe.port).send(b"GET /heed HTTP/1.1\r\n" + HOST + b"\r\n")
        wait.until(lambda: metric(client, "egdb_http_suspended") == 1, "it waits")
        raw.socket.close()
        dropped(client, 3)
        until(client, "egdb_http_suspended", 0)


def test_a_client_that_takes_nothing_is_cut(start_probe):
    probe = start_probe(request_deadline_ms=400)
    with probe.client() as client, Raw(probe.port, receive_buffer_b=4096) as stuck, Raw(probe.port) as silent:
        silent.send(b"GET /ticks?ms=3600000 HTTP/1.1\r\n" + HOST + b"\r\n")  # nothing waits for this one: it stays
        assert silent.answer().status == 200
        stuck.send(b"GET /stream?n=30000000 HTTP/1.1\r\n" + HOST + b"\r\n")
        wait.until(lambda: client.get("/drops?streams").text == "1", "the one that takes nothing is dropped")
        until(client, 'egdb_http_refused_total{reason="slow_client"}', 1)
        until(client, "egdb_http_streams", 1)


def test_a_slow_client_that_takes_a_little_is_not_cut(start_probe):
    """For longer than a request may take."""
    probe = start_probe(request_deadline_ms=2000)
    with Raw(probe.port, receive_buffer_b=4096) as raw, probe.client() as client:
        raw.send(b"GET /stream?n=3000000000 HTTP/1.1\r\n" + HOST + b"\r\n")
        assert raw.answer().status == 200
        end = time.monotonic() + 4
        while time.monotonic() < end:
            assert raw.more()
            assert metric(client, 'egdb_http_refused_total{reason="slow_client"}') == 0
        raw.socket.close()
        until(client, "egdb_http_streams", 0)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_codings(probe, coding):
    def decoded(body):
        if coding == "gzip":
            return gzip.decompress(body)
        return subprocess.run(["zstd", "-dc"], input=body, stdout=subprocess.PIPE, check=True).stdout

    accept = {"Accept-Encoding": coding}
    with probe.client() as client:
        for n in (0, 1, 20000, N):
            for window in (100, 65536):
                answer = client.get(f"/stream?n={n}&window={window}&compress=1", headers=accept)
                assert answer.headers["Content-Encoding"] == coding and answer.headers["Vary"] == "Accept-Encoding"
                assert decoded(answer.body) == text(n)
        assert len(answer.body) < N / 3
        plain = client.get("/stream?n=1000&compress=1")
        assert "Content-Encoding" not in plain.headers and plain.headers["Vary"] == "Accept-Encoding"
        assert "Content-Encoding" not in client.get("/stream?n=1000", headers=accept).headers


def test_what_was_pushed_can_be_read_at_once_through_gzip(probe):
    with Raw(probe.port) as raw:
        raw.send(b"GET /ticks?ms=50&compress=1 HTTP/1.1\r\n" + HOST + b"Accept-Encoding: gzip\r\n\r\n")
        assert raw.answer().headers["content-encoding"] == "gzip"
        unzip, got = zlib.decompressobj(31), b""
        while got.count(b"\n") < 5:
            while raw.buffer.count(b"\r\n") < 1 or len(raw.buffer) < int(raw.buffer.split(b"\r\n")[0], 16) + 4:
                assert raw.more()
            size, _, rest = raw.buffer.partition(b"\r\n")
            piece, raw.buffer = rest[:int(size, 16)], rest[int(size, 16) + 2:]
            got += unzip.decompress(piece)
            assert got.endswith(b"\n")
        assert got.startswith(b"tick 0\ntick 1\n")


def test_http_1_0_and_head(probe):
    with Raw(probe.port) as raw:
        raw.send(b"GET /stream?n=100000 HTTP/1.0\r\n\r\n")
        answer = raw.answer()
        assert answer.status == 200 and "transfer-encoding" not in answer.headers
        assert raw.at_end() and raw.buffer == text(100000)
    with probe.client() as client:
        for path in (b"/stream?n=100000&compress=1", b"/ticks"):
            with Raw(probe.port) as raw:
                raw.send(b"HEAD " + path + b" HTTP/1.1\r\n" + HOST + b"Accept-Encoding: gzip\r\n\r\n")
                answer = raw.answer(head=True)
                assert answer.status == 200 and "content-length" not in answer.headers, "how long it would be is not known"
                assert raw.at_end() and raw.buffer == b"", "and no part of the body comes"
        dropped(client, 3)


def test_draining_lets_a_stream_say_its_last_words(start_probe):
    probe = start_probe()
    streams = [Raw(probe.port).send(b"GET /ticks?ms=20 HTTP/1.1\r\n" + HOST + b"\r\n") for _ in range(50)]
    silent = [Raw(probe.port).send(b"GET /ticks?ms=3600000 HTTP/1.1\r\n" + HOST + b"\r\n") for _ in range(50)]
    for raw in streams + silent:
        assert raw.answer().status == 200
    probe.terminate()
    for raw in streams + silent:
        body = chunks(raw)
        assert body is not None and body.endswith(b"bye\n")
        assert raw.at_end()
        raw.socket.close()
    assert probe.process.wait(120) == 0


def test_a_stream_that_does_not_end_is_cut_when_the_drain_is_over(start_probe):
    probe = start_probe(drain_deadline_ms=400)
    with Raw(probe.port) as busy, Raw(probe.port) as silent, Raw(probe.port, receive_buffer_b=4096) as stuck:
        busy.send(b"GET /ticks?ms=20&deaf=1 HTTP/1.1\r\n" + HOST + b"\r\n")
        silent.send(b"GET /ticks?ms=3600000&deaf=1 HTTP/1.1\r\n" + HOST + b"\r\n")
        stuck.send(b"GET /stream?n=30000000 HTTP/1.1\r\n" + HOST + b"\r\n")
        for raw in (busy, silent, stuck):
            assert raw.answer().status == 200
        probe.terminate()
        for raw in (busy, silent):
            assert chunks(raw) is None and raw.closed
        assert probe.process.wait(120) == 0


def test_many_that_come_and_go(probe):
    """Clients that go at any moment, among others that stay: nobody's bytes are mixed up, nothing is left behind."""
    dice = random.Random(11)
    with probe.client() as client:
        staying = [Raw(probe.port).send(b"GET /stream?n=%d&window=%d HTTP/1.1\r\n" % (200000 + i, 1000 + 700 * i) + HOST + b"\r\n")
                   for i in range(50)]
        for _ in range(300):
            with Raw(probe.port, receive_buffer_b=4096) as raw:
                raw.send(b"GET /%s HTTP/1.1\r\n" % dice.choice((b"stream?n=300000", b"ticks?ms=1&pad=3000", b"stream?n=300000&fail=1")) +
                         HOST + b"\r\n")
                for _ in range(dice.randrange(4)):
                    raw.more()
        for i, raw in enumerate(staying):
            assert raw.answer().status == 200 and chunks(raw) == text(200000 + i)
            raw.socket.close()
        dropped(client, 350)
        until(client, "egdb_http_suspended", 0)
