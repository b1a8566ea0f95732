"""States that return: who goes back to a commit, to another branch, or scans once more what had been mended and is not, finds it in the database;
the same once more stores nothing. What had another name keeps its history for as long as it is there."""
import contextlib
import http.client
import http.server
import json
import random
import threading

import jwt
import pytest

from support import events, indexer
from support.repository import Repository

SECRET = "0123456789abcdef0123456789abcdef"
ONE = "def load(a):\n    for x in a:\n        print(x)\n    return a\n"
SIDE = "import a\n\n\ndef use(b):\n    return a.load(b)\n"


@pytest.fixture
def repository(scratch):
    return Repository(scratch / "repo")


def run(repository, *args, **kw):
    done = indexer.run(*args, "--repo", repository.folder, **kw)
    return json.loads(done.out.splitlines()[-1]) if done.out else done


def document(repository, folder, *args):
    """The whole graph of a commit, as no server has anything to do with it."""
    indexer.run("graph", "--repo", repository.folder, "--out", folder / "graph.json", *args)
    return json.loads((folder / "graph.json").read_text("utf-8"))["files"]


def of_document(files):
    return ({(file["file"]["path"], file["file"]["sha256"]) for file in files},
            sorted((node["uid"], node["line"]) for file in files for node in file["nodes"]),
            sorted((edge["src"], edge["dst"], edge["etype"]) for file in files for edge in file["edges"]))


def of_store(store):
    return (set(store.query("SELECT path, sha256 FROM files")), sorted(store.query("SELECT uid, line FROM ast_nodes")),
            sorted(store.query("SELECT src_uid, dst_uid, etype FROM ast_edges")))


def test_the_graph_goes_back_with_the_commit(repository, scratch, server, store):
    a = repository.commit(files={"a.py": ONE, "side.py": SIDE, "gone.py": "def gone(): pass\n"})
    repository.git("rm", "-q", "gone.py")
    b = repository.commit(files={"a.py": ONE.replace("load", "read"), "new.py": "def new(): pass\n"})
    for sha in (a, b, a, b, a):
        first = run(repository, "graph", "--to", sha, "--server", server.url)
        assert of_store(store) == of_document(document(repository, scratch, "--to", sha))
        again = run(repository, "graph", "--to", sha, "--server", server.url)
        assert first["stored"] == first["events"] > 0 and (again["stored"], again["duplicates"]) == (0, again["events"])
        with server.client() as client:
            answer = client.post("/v1/query?format=json", {"query": f"SELECT graph FROM sha({sha}) WHERE etype=contain"})
            assert answer.status == 200 and answer.json()["rows"], answer.text()


def test_a_commit_that_takes_another_back_is_a_commit_of_its_own(repository, scratch, server, store):
    a = repository.commit(files={"a.py": ONE, "side.py": SIDE})
    repository.commit(files={"a.py": ONE.replace("load", "read")})
    repository.git("revert", "--no-edit", "HEAD")
    for to in (a, "HEAD^", "HEAD"):
        assert run(repository, "--to", to, "--server", server.url)["rejected"] == 0
    assert of_store(store) == of_document(document(repository, scratch))
    assert run(repository, "--server", server.url)["stored"] == 0


@pytest.mark.parametrize("seed", range(3))
def test_step_by_step_on_several_branches(repository, scratch, server, store, seed):
    """Each step goes on from the commit before it or from any older one, by the hook or by --from, and what the server has is the whole graph of it."""
    chance = random.Random(seed)
    names = ["load", "save", "read", "Kind"]

    def text():
        return "".join(f"from m{chance.randrange(4)} import {chance.choice(names)}\n" for _ in range(2)) + "".join(
            f"\n\ndef {name}(a):\n    return {chance.choice(names)}(m{chance.randrange(4)}.{chance.choice(names)}(a))\n" for name in chance.sample(names, 2))

    commits = [repository.commit(files={f"m{n}.py": text() for n in range(4)})]
    run(repository, "graph", "--server", server.url)
    for n in range(8):
        if chance.random() < 0.5:
            repository.git("checkout", "-q", chance.choice(commits))
        base = repository.head()
        listed = repository.git("ls-files").stdout.decode().split()
        if n % 3 == 2 and len(listed) > 2:
            repository.git("rm", "-q", chance.choice(listed))
        elif n % 3 == 1:
            repository.git("mv", chance.choice(listed), f"m{n + 5}.py")
        commits.append(repository.commit(files={chance.choice(listed): text()} if n % 3 == 0 else None))
        if chance.random() < 0.5:
            said = indexer.run("hook", "--timeout-ms", "60000", "--repo", repository.folder, "--server", server.url)
            assert said.err == ""
        else:
            run(repository, "graph", "--from", base, "--server", server.url)
        assert of_store(store) == of_document(document(repository, scratch)), f"step {n}"


def test_who_may_only_post_is_told_what_is_not_done(repository, scratch, start_server, store):
    a = repository.commit(files={"a.py": ONE})
    (scratch / "secret").write_text(SECRET)
    server = start_server(store, config={"auth.mode": "HS256", "auth.key_file": scratch / "secret"})
    token = jwt.encode({"sub": "tester", "exp": 4102444800, "scope": "events:write"}, SECRET, "HS256")
    done = indexer.run("graph", "--repo", repository.folder, "--server", server.url, env={"EGDB_TOKEN": token})
    assert json.loads(done.out.splitlines()[-1])["stored"] == 1 and "cannot be asked" in done.err
    assert store.query("SELECT path, sha FROM files") == [("a.py", a)]


def previous(store):
    def parsed(value):
        return json.loads(value) if isinstance(value, str) else value

    found = {uid: (parsed(meta) or {}).get("previous_uid") for uid, meta in store.query("SELECT uid, meta FROM ast_nodes")}
    return {uid: name for uid, name in found.items() if name}


def test_a_name_is_remembered_for_as_long_as_the_node_is_there(repository, server, store):
    """However the commits behind the rename are indexed: whole, by the hook, with --from, or once more."""
    repository.commit(files={"old.py": ONE, "side.py": SIDE})
    run(repository, "--server", server.url)
    repository.git("mv", "old.py", "pkg.py")
    repository.commit(files={"side.py": SIDE.replace("use", "call")})
    run(repository, "--server", server.url)
    names = {"AST::pkg.py#": "AST::old.py#", "AST::pkg.py#load": "AST::old.py#load", "AST::side.py#call": "AST::side.py#use"}
    assert previous(store) == names
    before = repository.commit(files={"side.py": SIDE.replace("use", "call") + "# more\n"})
    assert run(repository, "--server", server.url)["rejected"] == 0 and previous(store) == names
    assert run(repository, "--server", server.url)["stored"] == 0
    repository.commit(files={"pkg.py": ONE + "\n\ndef more():\n    pass\n"})
    assert indexer.run("hook", "--timeout-ms", "60000", "--repo", repository.folder, "--server", server.url).err == ""
    assert previous(store) == names
    repository.commit(files={"pkg.py": ONE.replace("load", "fetch"), "side.py": SIDE.replace("use", "call")})
    run(repository, "graph", "--from", before, "--server", server.url)
    assert previous(store) == {"AST::pkg.py#": "AST::old.py#", "AST::pkg.py#fetch": "AST::pkg.py#load", "AST::side.py#call": "AST::side.py#use"}


def test_names_are_found_over_several_commits(repository, server, store):
    """What the server has may be older than the first parent."""
    repository.commit(files={"old.py": ONE})
    run(repository, "--server", server.url)
    repository.git("mv", "old.py", "new.py")
    repository.commit()
    repository.commit(files={"b.py": "x = 1\n"})
    run(repository, "--server", server.url)
    assert previous(store) == {"AST::new.py#": "AST::old.py#", "AST::new.py#load": "AST::old.py#load"}
    assert run(repository, "--server", server.url)["stored"] == 0


def renamed(repository, server):
    """A rename is told, and a commit behind it is not yet."""
    repository.commit(files={"old.py": ONE, "side.py": SIDE})
    run(repository, "--server", server.url)
    repository.git("mv", "old.py", "new.py")
    repository.commit()
    run(repository, "--server", server.url)
    repository.commit(files={"new.py": ONE + "\n\ndef more():\n    pass\n"})
    return {"AST::new.py#": "AST::old.py#", "AST::new.py#load": "AST::old.py#load"}


def test_an_answer_that_was_cut_is_no_answer(repository, start_server, store):
    """Of names that are not known nothing must be told: what the server has of them would be gone."""
    server = start_server(store)
    names = renamed(repository, server)
    server.stop()
    server = start_server(store, config={"query.rows_most": 1})
    graphs = "SELECT count(*) FROM events WHERE topic = 'code.graph.indexed@v1'"
    before = store.scalar(graphs)
    for command in (["graph"], []):
        done = indexer.run(*command, "--repo", repository.folder, "--server", server.url, check=None)
        assert done.returncode == 1 and "raise query.rows_most there" in done.err and "cannot be asked" not in done.err, done.err
        assert previous(store) == names
    hook = ("hook", "--timeout-ms", "60000", "--repo", repository.folder, "--server")
    assert "1 commits wait in" in indexer.run(*hook, server.url).err
    assert store.scalar(graphs) == before and previous(store) == names
    server.stop()
    server = start_server(store)
    assert indexer.run(*hook, server.url).err == "" and previous(store) == names
    assert store.scalar("SELECT count(*) FROM ast_nodes WHERE uid = 'AST::new.py#more'") == 1


@pytest.mark.only_on("postgresql")  # nobody who writes holds a reader up with SQLite
def test_an_answer_that_takes_too_long_is_no_answer(repository, server, store):
    names = renamed(repository, server)
    hook = ("hook", "--repo", repository.folder, "--server", server.url, "--timeout-ms")
    with contextlib.closing(store.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        cursor.execute("LOCK TABLE ast_nodes IN ACCESS EXCLUSIVE MODE")
        said = indexer.run(*hook, "300").err
        cursor.execute("ROLLBACK")
    assert "1 commits wait in" in said and "cannot be asked" not in said
    assert indexer.run(*hook, "60000").err == "" and previous(store) == names


# two at once, and two repositories

@contextlib.contextmanager
def behind_the_first_question(server, then):
    """A way to the server on which `then` has happened when the answer to the first query arrives."""
    class Way(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        questions = 0

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as there:
                there.request(self.command, self.path, body, {name: self.headers[name] for name in self.headers if name not in ("Host", "Expect")})
                answer = there.getresponse()
                text = answer.read()
            if self.path.startswith("/v1/query"):
                Way.questions += 1
                if Way.questions == 1:
                    then()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Way) as way:
        thread = threading.Thread(target=way.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{way.server_port}"
        finally:
            way.shutdown()
            thread.join()
    assert Way.questions > 1


def test_two_who_tell_of_a_commit_at_once_tell_the_same(repository, server, store):
    repository.commit(files={"a.py": ONE, "side.py": SIDE})
    done = []
    with behind_the_first_question(server, lambda: done.append(run(repository, "graph", "--server", server.url))) as way:
        done.append(run(repository, "graph", "--server", way))
    assert [(one["stored"], one["duplicates"]) for one in done] == [(2, 0), (0, 2)]
    assert store.scalar("SELECT count(*) FROM events") == 2


def test_what_a_fork_has_told_of_a_commit_counts_for_the_fork(repository, scratch, server, store):
    repository.commit(files={"a.py": ONE, "side.py": SIDE})
    for name in ("lab", "fork"):
        run(repository, "graph", "--name", name, "--out", scratch / name)
        assert run(repository, "graph", "--name", name, "--server", server.url)["stored"] == 2
    told = {json.loads(line)["id"] for name in ("lab", "fork") for line in (scratch / name / "events.ndjson").read_text("utf-8").splitlines()}
    assert {name for (name,) in store.query("SELECT id FROM events")} == told


# scans

def report(folder, n, name="R", tool="t"):
    path = folder / "report.sarif"
    results = [{"ruleId": f"{name}{i}", "message": {"text": "m"}, "locations": [{"physicalLocation": {
        "artifactLocation": {"uri": "a.py"}, "region": {"startLine": 1, "snippet": {"text": f"{name}{i}()"}}}}]} for i in range(n)]
    path.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": tool}}, "results": results}]}))
    return path


def open_rules(store):
    return {rule for (rule,) in store.query("SELECT rule_id FROM vw_sast_open")}


@pytest.mark.parametrize("complete", [["--complete"], []])
def test_a_finding_that_is_seen_again_is_open_again(repository, scratch, server, store, complete):
    repository.commit(files={"a.py": ONE})
    for n, wanted in ((2, {"R0", "R1"}), (0, set()), (1, {"R0"}), (0, set()), (1, {"R0"})):
        done, again = (run(repository, "sarif", "--server", server.url, *(complete if n else ["--complete"]), report(scratch, n)) for _ in range(2))
        assert open_rules(store) == wanted
        assert (done["stored"], done["duplicates"], again["stored"], again["duplicates"]) == (1, 0, 0, 1)


def test_a_scan_that_is_cut_off_closes_nothing(repository, scratch, server, store):
    """Of a scan of three events the first arrives, then the others; the findings of the scan before are closed by the last, and only those."""
    repository.commit(files={"a.py": ONE})
    run(repository, "sarif", "--complete", "--server", server.url, report(scratch, 250))
    assert len(open_rules(store)) == 250
    repository.commit(files={"a.py": ONE + "# more\n"})
    report(scratch, 240)
    indexer.run("sarif", "--complete", "--repo", repository.folder, "--out", scratch / "out", scratch / "report.sarif")
    parts = [json.loads(line) for line in (scratch / "out/events.ndjson").read_text("utf-8").splitlines()]
    assert [part["payload"]["complete"] for part in parts] == [False, False, True]
    with server.client() as client:
        assert client.post("/v1/events", parts[0]).status == 201
        assert len(open_rules(store)) == 250
        assert client.post("/v1/events", parts[1]).status == 201
        assert len(open_rules(store)) == 250
    done = run(repository, "sarif", "--complete", "--server", server.url, scratch / "report.sarif")
    assert (done["stored"], done["duplicates"]) == (1, 2)
    assert open_rules(store) == {f"R{i}" for i in range(240)}
    with server.client() as client:
        assert [row[1] for row in client.get("/v1/panels/sast-backlog").json()["rows"]] == [240]


# the same finding by two ways

def bare(folder, *places, message="m"):
    """A report that quotes nothing of the code."""
    path = folder / "bare.sarif"
    results = [{"ruleId": "R", "message": {"text": message}, "locations": [{"physicalLocation": {
        "artifactLocation": {"uri": file}, "region": {"startLine": line}}}]} for file, line in places]
    path.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": results}]}))
    return path


def by_post(server, repository, path):
    with server.client() as client:
        answer = client.post(f"/v1/sarif?sha={repository.head()}&repo=repo&complete=1", path.read_bytes(), headers={"Content-Type": "application/json"})
        assert answer.status == 201, answer.text()


@pytest.mark.parametrize("order", [("cli", "post"), ("post", "cli")])
def test_a_checkout_and_a_server_find_the_same(repository, scratch, server, store, order):
    repository.commit(files={"a.py": ONE, "b.py": SIDE})
    run(repository, "graph", "--server", server.url)
    path = bare(scratch, ("a.py", 1), ("a.py", 4), ("b.py", 5))
    for n, way in enumerate(order * 2):
        if way == "cli":
            run(repository, "sarif", "--complete", "--server", server.url, path)
        else:
            by_post(server, repository, path)
        found = sorted(store.query("SELECT id, fingerprint FROM sast_findings"))
        assert len(found) == 3 and found == (first if n else found)
        first = found
    assert len(store.query("SELECT id FROM vw_sast_open")) == 3
    with server.client() as client:
        word = {"nf_id": first[0][0], "reason": "r", "state": "local"}
        assert client.post_event(events.event("sast.finding.suppressed@v1", word)).status == 201
    run(repository, "sarif", "--complete", "--server", server.url, path)
    by_post(server, repository, path)
    assert len(store.query("SELECT id FROM vw_sast_open")) == 2


def test_what_is_alike_takes_over_no_other_ones_identity(repository, scratch, server, store):
    """A line more in a file where a finding of the same words was mended is another finding; alone in its words it is the same."""
    repository.commit(files={"a.py": ONE, "b.py": SIDE})
    run(repository, "sarif", "--complete", "--server", server.url, bare(scratch, ("a.py", 2), ("b.py", 5)))
    before = {row[0] for row in store.query("SELECT id FROM sast_findings")}
    repository.commit(files={"a.py": "# more\n" + ONE})
    by_post(server, repository, bare(scratch, ("a.py", 3), ("b.py", 4)))
    assert len({row[0] for row in store.query("SELECT id FROM vw_sast_open")} & before) == 0
    run(repository, "sarif", "--complete", "--server", server.url, bare(scratch, ("a.py", 3), message="other"))
    repository.commit(files={"a.py": "# more\n# and more\n" + ONE})
    one = store.query("SELECT id FROM vw_sast_open")
    by_post(server, repository, bare(scratch, ("a.py", 4), message="other"))
    assert store.query("SELECT id FROM vw_sast_open") == one


def ids_at(store):
    return {json.loads(place)["file"] if isinstance(place, str) else place["file"]: (nf_id, fingerprint) for nf_id, fingerprint, place in
            store.query("SELECT id, fingerprint, location FROM vw_sast_open")}


@pytest.mark.parametrize("order", [("cli", "post"), ("post", "cli")])
def test_what_one_way_only_knows_by_its_line_stays_two_findings(repository, scratch, server, store, order):
    """gen/ is in no commit: a checkout recognizes what is there by the message, whose plain fingerprint a server gives to the first."""
    repository.commit(files={"a.py": ONE, "b.py": SIDE})
    places = [("a.py", 1), ("gen/b.py", 1), ("gen/c.py", 1)]
    path, first = bare(scratch, *places), None
    for way in order * 2:
        run(repository, "sarif", "--complete", "--server", server.url, path) if way == "cli" else by_post(server, repository, path)
        first = first or ids_at(store)
        assert ids_at(store) == first and len(set(first.values())) == 3
        assert store.query("SELECT count(*) FROM sast_findings") == [(3,)]
    with server.client() as client:
        word = {"nf_id": first["gen/b.py"][0], "reason": "r", "state": "local"}
        assert client.post_event(events.event("sast.finding.suppressed@v1", word)).status == 201
    for way in order:
        run(repository, "sarif", "--complete", "--server", server.url, path) if way == "cli" else by_post(server, repository, path)
        assert set(ids_at(store)) == {"a.py", "gen/c.py"}


def test_a_new_finding_takes_over_no_word_of_another(repository, scratch, server, store):
    """By its message gen/b.py would be what a.py is stored as, and silenced with it."""
    repository.commit(files={"a.py": ONE})
    by_post(server, repository, bare(scratch, ("a.py", 1)))
    with server.client() as client:
        word = {"nf_id": ids_at(store)["a.py"][0], "reason": "r", "state": "local"}
        assert client.post_event(events.event("sast.finding.suppressed@v1", word)).status == 201
    for n, way in enumerate(("cli", "cli", "post", "cli")):
        path = bare(scratch, ("a.py", 1), ("gen/b.py", 1))
        run(repository, "sarif", "--complete", "--server", server.url, path) if way == "cli" else by_post(server, repository, path)
        now = ids_at(store)
        assert set(now) == {"gen/b.py"} and now == (first if n else now)
        first = now
    assert store.query("SELECT count(*) FROM sast_findings") == [(2,)]


def test_the_only_one_is_found_among_many(repository, scratch, server, store):
    """More findings than a question asks for; each is the only one of its message, and comes by its fingerprint and by its alias."""
    repository.commit(files={"a.py": "\n".join(f"x{chr(97 + i // 26)}{chr(97 + i % 26)} = {i}" for i in range(70)) + "\n"})

    def reports(shift):
        results = [{"ruleId": f"R{i}", "message": {"text": "m"}, "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": "a.py"}, "region": {"startLine": i + 1 + shift}}}]} for i in range(70)]
        path = scratch / "many.sarif"
        path.write_text(json.dumps({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": results}]}))
        return path

    by_post(server, repository, reports(0))
    before = sorted(store.query("SELECT rule_id, id FROM vw_sast_open"))
    assert len(before) == 70
    repository.commit(files={"a.py": "# more\n" + (repository.folder / "a.py").read_text()})
    run(repository, "sarif", "--complete", "--server", server.url, reports(1))
    assert sorted(store.query("SELECT rule_id, id FROM vw_sast_open")) == before
    run(repository, "sarif", "--complete", "--server", server.url, reports(1))
    assert sorted(store.query("SELECT rule_id, id FROM vw_sast_open")) == before
