"""The commands: help, exit codes, and what each does."""
import json
import re
import signal
import socket
import subprocess
import threading

import pytest

from support import binary, events, own_spec, ports, wait

COMMANDS = re.findall(r"^X\((\w+)\)", (binary.ROOT / "server/cli/commands.def").read_text("utf-8"), re.M)
KEY = "k" * 40


def run(*args, **kw):
    return binary.run(*args, **kw)


# help and usage


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    said = run(command, "--help", check=0)
    assert said.err == ""
    assert said.out.startswith(f"usage: egdb {command} ")
    examples = said.out.split("\nexamples:\n")[1].split("\nconfiguration:")[0]
    assert f"egdb {command}" in examples
    assert run("help", command, check=0).out == said.out
    assert command in run("help", check=0).out


def test_help_names_every_option():
    said = run("serve", "--help", check=0).out
    for flag in re.findall(r'"([a-z0-9-]+)",\s*"[^"]*"\)$', (binary.ROOT / "server/options.def").read_text("utf-8"), re.M):
        assert f"--{flag} " in said, flag


def test_every_flag_in_a_help_is_taken():
    """A flag's own help is proof that it is parsed: each is given with a value, and none is unknown."""
    for command in COMMANDS:
        said = run(command, "--help", check=0).out
        for flag, value in re.findall(r"^  --([a-z0-9-]+)( \S+)?  ", said, re.M):
            words = [f"--{flag}"] + (["1"] if value else [])
            done = run(command, *words, "--help", check=0)
            assert done.out.startswith("usage:"), (command, flag)


@pytest.mark.parametrize("words, says", [
    ([], "say which command"),
    (["sevre"], "did you mean serve?"),
    (["help", "migrat"], "did you mean migrate?"),
    (["--stroe"], "no command --stroe"),
    (["serve", "--stroe", "x"], "did you mean --store?"),
    (["serve", "--store"], "--store needs a value"),
    (["serve", "now"], '"now" is one word too many'),
    (["check", "--no-store=yes"], "--no-store takes no value"),
    (["migrate"], "say which: up|down|status"),
    (["migrate", "sideways"], "neither up, down, nor status"),
    (["migrate", "down"], "down needs --to N"),
    (["migrate", "up", "--to", "99"], "--to is a whole number from 0 to"),
    (["post"], "give files"),
    (["post", "x", "--git-history"], "give files"),
    (["post", "x", "--spool", "y"], "--spool goes with --commit"),
    (["post", "x", "--batch", "0"], "--batch is a whole number from 1 to 10000"),
    (["token"], "--sub NAME"),
    (["token", "--sub", "me"], "--key-file FILE"),
    (["token", "--sub", "me", "--ttl", "soon"], "--ttl is a span"),
    (["token", "--sub", "me", "--trust", "some"], "--trust is high or low"),
])
def test_usage(words, says):
    done = run(*words, check=2)
    assert says in done.err
    assert "help" in done.err
    assert done.out == ""


def test_version():
    said = run("version", check=0).out
    assert re.fullmatch(r"egdb \d+\.\d+\.\d+ \(schema \d+\)\n", said)
    assert run("--version", check=0).out == said


# configuration


@pytest.mark.parametrize("words, env, says", [
    (["--listen", "somewhere"], {}, "ADDRESS:PORT"),
    (["--listen", "0.0.0.0:0"], {}, "auth"),
    (["--http-max-body-b", "1"], {}, "lies between"),
    (["--store", "mysql://x"], {}, "neither sqlite:PATH nor postgresql://"),
    (["--config", "/nowhere/egdb.ini"], {}, "cannot be read"),
    (["--spec", "/nowhere"], {}, "server.spec"),
    (["--auth", "HS256"], {}, "give auth.key_file"),
    (["--auth", "HS256", "--auth-key-file", "/nowhere/key"], {}, "/nowhere/key"),
    ([], {"EGDB_STORR": "x"}, "did you mean EGDB_STORE?"),
    ([], {"EGDB_LOG_LEVEL": "loud"}, "debug, info, warn or error"),
])
def test_a_wrong_configuration_is_78(scratch, words, env, says):
    store = [] if "--store" in words else ["--store", f"sqlite:{scratch}/egdb.db"]
    done = run("serve", *store, *words, env=env, check=78)
    assert says in done.err


def test_the_settings_of_scripts_are_no_wrong_options():
    """Whoever has exported what a hook, the gate of CI or a test takes can run egdb all the same."""
    flags = re.findall(r'^X\((?:[^"\n]|"[^"]*")*?"([a-z0-9-]+)",\s*"', (binary.ROOT / "server/options.def").read_text("utf-8"), re.M)
    options = {"EGDB_" + flag.upper().replace("-", "_") for flag in flags}
    found = set()
    for folder in ("deploy", "scripts", "docs", "indexer", "tests/support"):
        for path in (binary.ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in ("", ".sh", ".md", ".py", ".c", ".yml", ".mjs") and "node_modules" not in path.parts:
                found |= set(re.findall(r"\bEGDB_[A-Z][A-Z_]*[A-Z]\b", path.read_text("utf-8", "replace")))
    others = {name: "1" for name in found - options if name not in ("EGDB_CONFIG", "EGDB_TOKEN_FILE")}
    assert {"EGDB_HOOK_TIMEOUT_MS", "EGDB_CI_REQUIRE_SERVER"} <= set(others) and "EGDB_LISTEN" in options
    assert "is no option" not in run("check", "--no-store", env=others).err


def test_a_password_is_never_told(scratch):
    port = ports.free()
    for command in (["doctor"], ["check"], ["serve"], ["migrate", "status"], ["migrate", "up"]):
        done = run(*command, "--store", f"postgresql://egdb:hush@127.0.0.1:{port}/x", "--store-connect-timeout-ms", "500",
                   "--listen", "127.0.0.1:0")
        assert done.returncode == 1, command
        assert "hush" not in done.out + done.err, command


# init, migrate, check, doctor


def test_init_and_migrate(empty_store):
    store = empty_store
    flags = ["--store", store.dsn]
    status = run("migrate", "status", *flags, check=1).out
    assert "version 0 of" in status and "applied" not in status
    first = run("init", *flags, check=0).out
    assert first.startswith("up ") and "ready: " in first
    assert {"events", "commits"} <= set(store.tables())
    assert "nothing to do" in run("init", *flags, check=0).out
    assert "missing" not in run("migrate", "status", *flags, check=0).out
    assert "down" in run("migrate", "down", "--to", "1", *flags, check=0).out
    assert "commits" not in store.tables()
    assert "run `egdb migrate up`" in run("migrate", "status", *flags, check=1).out
    assert "up " in run("migrate", "up", "--to", "2", *flags, check=0).out
    assert "up " in run("migrate", "up", *flags, check=0).out
    run("migrate", "down", "--to", "0", *flags, check=0)
    assert set(store.tables()) <= {"alembic_version", "egdb_schema_version"}


def test_check(store, scratch):
    said = run("check", "--verbose", "--store", store.dsn, check=0).out
    assert re.search(r"ok +commit\.recorded@v1 +2 examples, 4 rows", said)
    assert re.search(r"\d+ topics, \d+ rows from their examples, 0 failed, \d+ panels\n", said)
    assert "without a store" in run("check", "--no-store", check=0).out
    assert re.search(r" [1-9]\d* rows from their examples", run("check", "--store", f"sqlite:{scratch}/none.db", check=0).out)
    assert not (scratch / "none.db").exists()
    (scratch / "spec/schemas/t").mkdir(parents=True)
    topic = {"$id": "t.x@v1", "title": "x", "type": "object", "properties": {"a": {"type": "string"}},
             "x-egdb": {"rows": [{"table": "runs", "set": {"nocolumn": "/a"}}], "examples": [{"a": "1"}, {"a": "2"}]}}
    (scratch / "spec/schemas/t/t.x@v1.json").write_text(json.dumps(topic))
    done = run("check", "--store", store.dsn, "--spec", scratch / "spec", check=78)
    assert "nocolumn" in done.err and "t.x@v1.json" in done.err
    topic["x-egdb"] = {"rows": [], "examples": [{"a": "1"}, {"a": 2}]}
    (scratch / "spec/schemas/t/t.x@v1.json").write_text(json.dumps(topic))
    done = run("check", "--store", store.dsn, "--spec", scratch / "spec", check=1)
    assert "FAIL t.x@v1" in done.err


def test_doctor(store, empty_store=None):
    said = run("doctor", "--store", store.dsn, check=0)
    assert "WRONG" not in said.out and "all is well" in said.out
    assert run("doctor", "--quiet", "--store", store.dsn, check=0).out == ""


def test_doctor_finds_what_is_wrong(empty_store, scratch):
    said = run("doctor", "--store", empty_store.dsn, check=1).out
    assert "WRONG schema" in said and "egdb init" in said
    said = run("doctor", "--store", f"postgresql://egdb@127.0.0.1:{ports.free()}/x", "--store-connect-timeout-ms", "500", check=1).out
    assert "WRONG store" in said and "do: " in said
    said = run("doctor", "--store", empty_store.dsn, "--listen", "0.0.0.0:1", check=1).out
    assert "WRONG auth" in said


def test_doctor_looks_at_sources_and_panels(store, scratch):
    spec = own_spec.with_panels(scratch, own_one={"sql": {"any": "SELECT count(*) FROM no_such_table"}})
    said = run("doctor", "--store", store.dsn, "--spec", spec, check=1).out
    assert "WRONG declarations" in said and "own-one.json" in said and "no_such_table" in said
    (spec / "panels/own-one.json").unlink()
    source = spec / "sources/events.json"
    source.write_text(source.read_text("utf-8").replace('"repo_sha": {', '"no_such_column": {'), encoding="utf-8")
    said = run("doctor", "--store", store.dsn, "--spec", spec, check=1).out
    assert "WRONG declarations" in said and "sources/events.json" in said


def test_doctor_asks_a_server(server):
    assert f"{server.url} is ready" in run("doctor", "--server", server.url, check=0).out
    nobody = f"http://127.0.0.1:{ports.free()}"
    assert "egdb serve" in run("doctor", "--server", nobody, check=1).out


# serve


@pytest.mark.only_on("postgresql")  # a SQLite file is migrated by serve itself
def test_an_old_schema_is_refused_with_the_command(empty_store):
    done = run("serve", "--store", empty_store.dsn, "--listen", "127.0.0.1:0", check=1)
    assert "egdb migrate up" in done.err


def test_serve_makes_a_sqlite_database(start_server, scratch):
    class New:
        dsn = f"sqlite:{scratch}/made/by/serve/egdb.db"

    server = start_server(New())
    with server.client() as client:
        assert client.post("/v1/events", events.run_started()).status == 201
    assert (scratch / "made/by/serve/egdb.db").exists()


def test_banner(server):
    log = server.log()
    assert re.search(rf"EGDB \S+\n  url    {server.url}\n  store  \S.*\n  auth   none.*\n  topics \d+\n", log)


def test_port_zero_is_told(store):
    process = subprocess.Popen([str(binary.path()), "serve", "--listen", "127.0.0.1:0", "--store", store.dsn], cwd=binary.ROOT,
                               env=binary.environment(), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert process.stderr.readline().startswith(b"EGDB ")
        port = int(process.stderr.readline().rsplit(b":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert connection.recv(15).startswith(b"HTTP/1.1 200")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert process.returncode == 0


def test_a_taken_port_is_said(server, scratch):
    done = run("serve", "--listen", f"127.0.0.1:{server.port}", "--store", f"sqlite:{scratch / 'other.db'}")
    assert done.returncode in (1, 78)
    assert str(server.port) in done.err


def test_systemd_is_told(store, scratch):
    path = str(scratch / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.settimeout(120)
        process = subprocess.Popen([str(binary.path()), "serve", "--listen", "127.0.0.1:0", "--store", store.dsn], cwd=binary.ROOT,
                                   env=binary.environment({"NOTIFY_SOCKET": path}), stdin=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            assert listener.recv(100) == b"READY=1"
        finally:
            process.terminate()
        assert listener.recv(100) == b"STOPPING=1"
        assert process.wait(120) == 0


def test_requests_in_flight_are_answered_at_the_stop(start_server, store):
    server = start_server(store)
    answers, started = [], threading.Event()

    def post():
        with server.client() as client:
            while True:
                try:
                    event = events.run_started()
                    answer = client.post("/v1/events", event)
                except OSError:
                    return
                except Exception as error:  # what is left of a connection that was closed between two requests
                    answers.append(repr(error))
                    return
                answers.append((event["id"], answer.status))
                started.set()

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert started.wait(120)
    wait.until(lambda: len(answers) > 100, "a hundred answers")
    assert server.stop() == 0
    for thread in threads:
        thread.join(120)
    stored = {row[0] for row in store.query("SELECT id FROM events")}
    acknowledged = {answer[0] for answer in answers if isinstance(answer, tuple) and answer[1] in (200, 201)}
    assert acknowledged <= stored
    assert {answer[1] for answer in answers if isinstance(answer, tuple)} <= {201, 503}


# token


def test_token(start_server, store, scratch):
    (scratch / "key").write_text(KEY + "\n")
    server = start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "key"})
    token = run("token", "--sub", "ci", "--scope", "events:write", "--topics", "run.*", "--ttl", "15m", "--key-file", scratch / "key",
                check=0).out.strip()
    with server.client(headers={"Authorization": f"Bearer {token}"}) as client:
        assert client.post("/v1/events", events.run_started()).status == 201
        assert client.get("/v1/events").status == 403
    (scratch / "token").write_text(token + "\n")
    (scratch / "events").write_text(json.dumps(events.run_started()))
    run("post", scratch / "events", "--server", server.url, "--token-file", scratch / "token", check=0)
    run("post", scratch / "events", "--server", server.url, env={"EGDB_TOKEN": token}, check=0)
    done = run("post", scratch / "events", "--server", server.url, check=1)
    assert "401 unauthorized" in done.err


def test_token_refusals(scratch):
    (scratch / "short").write_text("short")
    done = run("token", "--sub", "me", "--key-file", scratch / "short", check=78)
    assert "32" in done.err
    (scratch / "key").write_text(KEY)
    run("token", "--sub", "me", "--key-file", scratch / "key", "--scope", "everything", check=2)


# post


def post(server, *words, check=0, stdin=b"", env=None):
    done = run("post", "--server", server.url, *words, stdin=stdin, check=check, env=env)
    match = re.search(r"(\d+) sent: (\d+) stored, (\d+) duplicates, (\d+) rejected", done.out)
    return tuple(int(n) for n in match.groups()), done


def lines(many):
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in many).encode("utf-8")


def test_post_forms(server, store, scratch):
    many = [events.run_started() for _ in range(7)]
    assert post(server, "-", stdin=lines(many[:3]))[0] == (3, 3, 0, 0)
    assert post(server, "-", stdin=json.dumps(many, indent=2).encode())[0] == (7, 4, 3, 0)
    (scratch / "one.json").write_text(json.dumps(events.run_started(), indent=4))
    (scratch / "two.ndjson").write_bytes(b"\n\n" + lines([events.run_started(), events.run_started()]).replace(b"\n", b"\r\n\n"))
    assert post(server, scratch / "one.json", scratch / "two.ndjson", "--batch", "2")[0] == (3, 3, 0, 0)
    assert post(server, "-", stdin=b"")[0] == (0, 0, 0, 0)
    assert post(server, "-", stdin=b"  \n\n")[0] == (0, 0, 0, 0)
    assert post(server, "-", stdin=b"[]")[0] == (0, 0, 0, 0)
    assert store.scalar("SELECT count(*) FROM events") == 10


def test_post_rejections(server):
    good, unknown = events.run_started(), events.event("no.such@v1", {})
    counts, done = post(server, "-", stdin=lines([good, unknown]) + b"{not json\n" + lines([events.run_started()]), check=1)
    assert counts == (4, 2, 0, 2)
    assert f"refused {unknown['id']}: topic_unknown" in done.err and "json_invalid" in done.err
    counts, done = post(server, "-", stdin=lines([unknown] * 30), check=1)
    assert counts[3] + counts[2] == 30
    assert done.err.count("refused ") <= 22
    counts, done = post(server, "-", "--quiet", stdin=b"nothing of this is JSON\n", check=1)
    assert counts == (1, 0, 0, 1)


def test_post_what_is_too_large(start_server, store):
    """One event that no body takes is refused alone, wherever it stands."""
    server = start_server(store, config={"http.max_body_b": 65536})
    large = events.label(env={"x": "x" * 70_000})
    sent = [events.label() for _ in range(5)] + [large] + [events.label(env={"y": "y" * 20_000}) for _ in range(5)]
    counts, done = post(server, "-", stdin=lines(sent), check=1)
    assert counts == (11, 10, 0, 1)
    assert f"refused {large['id']}: body_too_large" in done.err
    assert store.scalar("SELECT count(*) FROM events") == 10


def test_post_to_nobody():
    done = run("post", "-", "--server", f"http://127.0.0.1:{ports.free()}", stdin=lines([events.run_started()]), check=1)
    assert "no answer" in done.err
    done = run("post", "/nowhere/file", "--server", "http://127.0.0.1:1", check=1)
    assert "cannot be opened" in done.err


class Scripted:
    """A server that answers what it is told, request by request, and keeps the bodies and keys."""

    def __init__(self, answers):
        self.answers, self.bodies, self.keys = list(answers), [], []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)  # wakes who waits for a client
        self.socket.close()
        self.thread.join(120)

    def serve(self):
        for status, headers, answer in self.answers:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                head = {}
                stream.readline()
                while (line := stream.readline().strip()):
                    name, _, value = line.decode().partition(":")
                    head[name.lower()] = value.strip()
                self.bodies.append(stream.read(int(head["content-length"])))
                self.keys.append(head.get("idempotency-key"))
                if status:
                    body = json.dumps(answer).encode()
                    connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
                                       .encode() + body)


def receipt(stored, items=()):
    return {"stored": stored, "duplicates": 0, "rejected": len(items), "safe_position": stored, "items": list(items)}


def test_post_waits_and_repeats():
    busy = {"code": "overloaded", "detail": "the queue is full"}
    failed = {"index": 1, "id": "b", "status": "rejected", "error": {"code": "store_unavailable", "status": 503, "detail": "gone"}}
    script = [(503, "Retry-After: 1\r\n", busy), (207, "", receipt(2, [failed])), (0, "", None), (200, "", receipt(1))]
    three = [events.run_started() for _ in range(3)]
    with Scripted(script) as server:
        counts, _ = post(server, "-", stdin=lines(three))
    assert counts == (3, 3, 0, 0)
    assert server.bodies[0] == server.bodies[1] == lines(three)
    assert server.keys[0] == server.keys[1], "the same batch keeps its key"
    assert server.bodies[2] == server.bodies[3] == lines(three[1:2]), "only what was not stored is sent again"
    assert server.keys[2] == server.keys[3] != server.keys[1]


@pytest.mark.parametrize("known", [0, 2])
def test_post_counts_what_an_answer_has_no_room_to_name(known):
    """What nothing of was stored is sent by halves; else it could be stored twice, and is counted."""
    def unnamed(stored, rejected):
        return 207, "", {**receipt(stored), "rejected": rejected, "items_left_out": True}

    bad = {"index": 0, "id": "b", "status": "rejected", "error": {"code": "topic_unknown", "status": 422, "detail": "no such topic"}}
    script = [unnamed(0, 4), (207, "", receipt(0, [bad, {**bad, "index": 1}])), unnamed(0, 2), *[(207, "", receipt(0, [bad]))] * 2]
    sent = [events.run_started() for _ in range(4)]
    with Scripted([unnamed(known, 4 - known)] if known else script) as server:
        counts, done = post(server, "-", stdin=lines(sent), check=1)
    assert counts == (4, known, 0, 4 - known)
    assert ("2 events were refused that the answer has no room to name" in done.err) == bool(known)
    assert done.err.count("refused b: topic_unknown") == (0 if known else 4)
    halves = [lines(sent), lines(sent[:2]), lines(sent[2:]), lines(sent[2:3]), lines(sent[3:])]
    assert server.bodies == halves[:1 if known else 5] and len(set(server.keys)) == len(server.keys)


def test_post_names_all_that_was_refused(start_server, store):
    server = start_server(store, config={"http.max_answer_b": 65536})
    many = [events.event("commit.labelled@v1", {"n": n}) for n in range(500)]
    counts, done = post(server, "-", stdin=lines(many), check=1)
    assert counts == (500, 0, 0, 500) and "no room" not in done.err and f"refused {many[0]['id']}: schema_invalid" in done.err
    counts, done = post(server, "-", stdin=lines(many + [events.label()]), check=1)
    assert counts == (501, 1, 0, 500)


def test_post_gives_up():
    script = [(503, "Retry-After: 1\r\n", {"code": "overloaded", "detail": "the queue is full"})] * 2
    with Scripted(script) as server:
        done = run("post", "-", "--retries", "1", "--server", server.url, stdin=lines([events.run_started()]), check=1)
    assert "503" in done.err and "the queue is full" in done.err
    assert len(server.bodies) == 2


# dlq


def test_dlq(server, client):
    poison = [{**events.label(), "payload": {"sha": f"{i:040x}", "label": 7, "reason": "r"}} for i in range(3)]
    client.post_ndjson(poison + [events.event("no.such@v1", {})])

    def dlq(*words, check=0):
        return run("dlq", *words, "--server", server.url, check=check)

    lines = dlq("list", "--code", "schema_invalid").out.splitlines()
    assert len(lines) == 4 and lines[0].startswith("ID ")
    ids = [line.split()[0] for line in lines[:0:-1]]
    assert [json.loads(line)["id"] for line in dlq("list", "--oldest", "--json", "--topic", "commit.labelled@v1").out.splitlines()] == ids
    assert json.loads(dlq("show", ids[0]).out)["original"] == json.dumps(poison[0])
    mend = '[{"op": "replace", "path": "/payload/label", "value": "good"}]'
    said = dlq("redrive", "--topic", "commit.labelled@v1", "--patch", mend, "--dry-run").out
    assert "3 would be redriven, 0 already, 0 failed" in said and "REDRIVEN" not in said
    said = dlq("redrive", "--all", check=1).out
    assert "0 redriven, 0 already, 4 failed" in said and "topic_unknown" in said
    assert "1 redriven, 0 already" in dlq("redrive", ids[0], "--patch", mend).out
    assert "2 redriven, 0 already" in dlq("redrive", "--code", "schema_invalid", "--merge", '{"payload":{"label":"bad"}}').out
    assert "0 redriven, 3 already" in dlq("redrive", *ids).out
    assert f"{ids[1]} deleted" in dlq("delete", ids[1]).out
    assert "404" in dlq("delete", ids[1], check=1).err
    assert len(dlq("list", "--redriven", "true").out.splitlines()) == 3


@pytest.mark.parametrize("words, says", [
    (["list", "x"], "one word too many"), (["show"], "say which"), (["mend"], "none of list"), (["redrive"], "--all"),
    (["redrive", "a", "--all"], "--all"), (["redrive", "a", "--patch", "{"], "--patch: line 1"),
    (["redrive", "a", "--patch", "[]", "--merge", "{}"], "one of --patch"), (["redrive", "a", "--rate", "0"], "from 1 to 5000"),
])
def test_dlq_usage(words, says):
    said = run("dlq", *words, check=2)
    assert says in said.err
