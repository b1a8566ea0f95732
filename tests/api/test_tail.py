"""egdb tail: follows, comes again without gap or repeat, and ends cleanly."""
import json
import os
import signal
import subprocess
import time

import jwt
import pytest

from support import binary, events, wait
from support.figures import until

SECRET = "0123456789abcdef0123456789abcdef"


class Tail:
    def __init__(self, server, *args, env=None):
        self.process = subprocess.Popen([str(binary.path()), "tail", "--server", server.url, *args], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=binary.environment(env or {}))
        os.set_blocking(self.process.stdout.fileno(), False)
        os.set_blocking(self.process.stderr.fileno(), False)
        self.out, self.err = b"", b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def look(self):
        self.out += self.process.stdout.read() or b""
        self.err += self.process.stderr.read() or b""
        return self

    def lines(self, n):
        wait.until(lambda: self.look().out.count(b"\n") >= n, f"{n} lines")
        return self.out.decode().splitlines()

    def positions(self, n):
        return [json.loads(line)["position"] for line in self.lines(n)]

    def says(self, text):
        wait.until(lambda: text in self.look().err.decode(), text)

    def ends(self, number=None):
        if number:
            self.process.send_signal(number)
        code = self.process.wait(120)
        self.look()
        return code


def post(client, n, **kw):
    answer = client.post("/v1/events", [events.label(**kw) for _ in range(n)])
    assert answer.status == 200, answer


def follows(client, n=1):
    until(client, "egdb_streams", n)


def test_json_lines_from_anywhere(server, client):
    post(client, 20)
    with Tail(server, "--from", "beginning") as all_, Tail(server, "--from", "15") as some, Tail(server) as new:
        follows(client, 3)
        assert all_.positions(20) == list(range(1, 21)) and some.positions(5) == list(range(16, 21))
        post(client, 3)
        assert new.positions(3) == [21, 22, 23] and all_.positions(23)[20:] == [21, 22, 23]
        assert all_.lines(23) and [json.loads(line) for line in all_.lines(23)] == client.get("/v1/events?after=0").json()["events"]
        assert (all_.ends(signal.SIGINT), some.ends(signal.SIGTERM), new.ends(signal.SIGINT)) == (0, 0, 0)
        assert all_.err == b"" == new.err


def test_lines_for_people(server, client):
    client.post_event(events.label(repo_sha="abcdef0123", repo_branch="ma\x1b[2J\x9b2Jin", reason="r\x1b" + "x" * 200, ts_utc="2024-05-06T07:08:09.123Z"))
    with Tail(server, "--from", "beginning", "--format", "pretty") as tail:
        line, = tail.lines(1)
        assert line.startswith("       1  2024-05-06 07:08:09.123  commit.labelled@v1  ma?[2J?2Jin@abcdef0  {")
        assert line.endswith("...") and "\x1b" not in line and "\x9b" not in line


def test_filters(server, client):
    with Tail(server, "--topic", "*.labelled@*", "--branch", "a&b c") as tail:
        follows(client)
        post(client, 2)
        post(client, 2, repo_branch="a&b c")
        client.post_event(events.run_started(repo_branch="a&b c"))
        post(client, 1, repo_branch="a&b c")
        assert tail.positions(3) == [3, 4, 6]


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_it_comes_again_after_the_server_was_away(server, how):
    with server.client() as client:
        post(client, 50)
    with Tail(server, "--from", "beginning") as tail:
        tail.lines(50)
        getattr(server, how)()
        tail.says("trying again")
        server.start()
        tail.says("connected again")
        with server.client() as client:
            post(client, 50)
            assert tail.positions(100) == list(range(1, 101))
        assert tail.ends(signal.SIGINT) == 0 and len(tail.out.splitlines()) == 100


def test_it_waits_as_long_as_the_server_says(start_server, store):
    """A server that gives no sign of life for two of its times, and two seconds more, is left; what it is comes from the server."""
    server = start_server(store, config={"stream.heartbeat_ms": 200})
    with server.client() as client, Tail(server, "--from", "beginning") as tail:
        post(client, 1)
        tail.lines(1)
        os.kill(server.pid(), signal.SIGSTOP)
        try:
            tail.says("nothing came for 2.4 s; trying again")
        finally:
            os.kill(server.pid(), signal.SIGCONT)
        tail.says("connected again")
        post(client, 1)
        assert tail.positions(2) == [1, 2]


def test_a_closed_pipe_ends_it(start_server, store):
    server = start_server(store, config={"stream.heartbeat_ms": 200})
    with server.client() as client, Tail(server) as silent, Tail(server, "--from", "beginning") as busy:
        follows(client, 2)
        silent.process.stdout.close()
        assert silent.process.wait(120) == 0  # though nothing is written
        busy.process.stdout.close()
        post(client, 1)
        assert busy.process.wait(120) == 0
        silent.process.stdout, busy.process.stdout = open(os.devnull, "rb"), open(os.devnull, "rb")
        follows(client, 0)


def test_what_it_tells(server, client):
    post(client, 5)
    with Tail(server, "--from", "99") as tail:
        tail.says("position 99 does not exist yet; going on behind 5")
        post(client, 1)
        assert tail.positions(1) == [6]
    with Tail(server, "--since", "yesterday") as tail:
        assert tail.ends() == 1 and "answers 400: since is an RFC 3339 time" in tail.err.decode()
    for args in (["--from", "x"], ["--format", "xml"], ["word"]):
        with Tail(server, *args) as tail:
            assert tail.ends() == 2 and "egdb tail --help" in tail.err.decode()


def test_tokens(start_server, store, scratch):
    (scratch / "secret").write_text(SECRET)
    server = start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "secret", "auth.leeway_s": 1,
                                         "stream.heartbeat_ms": 200})
    with Tail(server) as tail:
        assert tail.ends() == 1 and "answers 401" in tail.err.decode()
    token = jwt.encode({"sub": "me", "exp": int(time.time()) + 4, "scope": "events:read"}, SECRET, "HS256")
    with Tail(server, env={"EGDB_TOKEN": token}) as tail:
        assert tail.ends() == 1 and "has expired" in tail.err.decode()
