"""`egdb-index gates`: what each gate says of hand-made tokens, how the decision is made of it, what is posted, reported and said."""
import json
import shutil

import pytest

from support import binary, events, gating, indexer
from support.repository import Repository


def token(kind="ADD_FN", file="core/a.py", weight=0.1, **kw):
    return {"token": kind, "file": file, "weight": weight, "line": 12, "symbol": "Reader.load", "module": "core.a", "public_api": True, **kw}


def judge(server, n, *words, check=0):
    """The verdicts on a commit, by gate; and what was said."""
    done = indexer.run("gates", "--commit", gating.sha(n), "--name", gating.REPO, "--server", server.url, "--report", "/dev/stderr", *words,
                       check=check)
    report = json.loads(done.err)
    commit = report["commits"][0]
    return commit, {gate["gate"]: gate for gate in commit["gates"]}, done.out


def commit(client, n, delta_z=0.1, tokens=(), **kw):
    gating.post(client, [gating.tokens(n, list(tokens) or [token()]), gating.fingerprint(n, {"core.a": delta_z}, **kw)])


@pytest.mark.parametrize("delta_z, action, hard, threshold, code", [
    (0.35, "pass", False, 0.35, 0), (0.36, "review", False, 0.35, 0), (0.55, "review", False, 0.35, 0), (0.56, "block", False, 0.55, 1),
    (0.80, "block", False, 0.55, 1), (0.81, "block", True, 0.8, 1)])
def test_i1_by_the_bounds_of_the_policy(server, store, client, delta_z, action, hard, threshold, code):
    commit(client, 1, delta_z, [token(weight=0.3), token("ΔCC", weight=0.1, line=40)])
    whole, gates, said = judge(server, 1, check=code)
    assert (whole["decision"], whole["hard"]) == (action, hard)
    assert (gates["I1"]["action"], gates["I1"]["score"], gates["I1"]["threshold"], gates["I1"]["module"]) == (action, delta_z, threshold, "core.a")
    assert [(one["token"], one["share"]) for one in gates["I1"]["details"]["tokens"]] == [("ADD_FN", 0.75), ("ΔCC", 0.25)]
    assert [gate["gate"] for gate in whole["gates"]] == ["I2", "I3", "I4", "I1"], "in the order of the policy"
    if code:
        assert "exceeds" in said and "ADD_FN core/a.py:12 (75 %)" in said and "Action: reduce Δ" in said
    rows = store.query("SELECT gate, action, score, threshold, module FROM invariants_results ORDER BY gate")
    assert [row[:2] for row in rows] == [("I1", action), ("I2", "pass"), ("I3", "pass"), ("I4", "pass")]
    assert tuple(rows[0][2:]) == (delta_z, threshold, "core.a")


def test_learned_thresholds_come_before_the_policy(server, client):
    for module, alpha in (("*", 0.1), ("core", 0.2), ("core.a", 0.3)):
        payload = {"repo": gating.REPO, "module": module, "alpha": alpha, "beta": 0.9, "zeta": 0.95, "basis": "quantile"}
        gating.post(client, [events.event("spec.thresholds.updated@v1", payload)])
    gating.post(client, [gating.fingerprint(1, {"core.a": 0.25, "core.b": 0.15, "other": 0.09})])
    _, gates, _ = judge(server, 1)
    modules = {one["module"]: (one["alpha"], one["action"]) for one in gates["I1"]["details"]["modules"]}
    assert modules == {"core.a": (0.3, "pass"), "core.b": (0.2, "pass"), "other": (0.1, "pass")}
    gating.post(client, [gating.fingerprint(2, {"core.a": 0.25, "core.b": 0.21, "other": 0.12})])
    _, gates, _ = judge(server, 2)
    assert (gates["I1"]["action"], gates["I1"]["module"]) == ("review", "other")


SIGNATURES = [("(a, b)", "(a)", "block"), ("(a)", "(a, b=1)", "review"), ("(a, b)", "(b, a)", "block"), ("(a, b=1)", "(a, b)", "block")]


@pytest.mark.parametrize("before, after, action", SIGNATURES)
def test_i2_signatures(server, client, before, after, action):
    commit(client, 1, tokens=[token("MODIFY_SIG", before=before, after=after)])
    _, gates, said = judge(server, 1, check=int(action == "block"))
    assert gates["I2"]["action"] == action and gates["I2"]["details"]["changes"][0]["symbol"] == "Reader.load"
    assert "I2 " + action in said and "Reader.load" in said


@pytest.mark.parametrize("one, action", [
    (token("DEL_FN"), "block"), (token("DEL_FN", public_api=False), "pass"), (token("DEL_FN", file="tests/test_a.py"), "pass"),
    (token("DEL_CLASS"), "block"), (token("RENAME_FN", before="Reader.read", after="Reader.load"), "block"),
    (token("RENAME_FN", before="_read", after="read"), "pass"), (token("RENAME_FN", before="read", was_public=False), "pass"), (token("ADD_FN"), "pass"), (token("ΔCC", before=1, after=9), "pass"),
    (token("MOVE_SYMBOL", before="AST::core/old.py#Reader", after="AST::core/a.py#Reader"), "block"),
    (token("MOVE_FILE", public_api=False, before="core/old.py", after="core/a.py"), "review"),
    (token("MODIFY_SIG", public_api=False, before="(a)", after="()"), "pass")])
def test_i2_symbols_that_are_lost(server, client, one, action):
    commit(client, 1, tokens=[one])
    _, gates, _ = judge(server, 1, check=int(action == "block"))
    assert gates["I2"]["action"] == action


def test_i2_a_re_export_is_no_loss(server, client):
    commit(client, 1, tokens=[token("MOVE_SYMBOL", before="AST::core/old.py#Reader", after="AST::core/a.py#Reader"),
                              token("ΔIMPORT", file="core/old.py", after="core.a.Reader")])
    assert judge(server, 1)[1]["I2"]["action"] == "pass"


ALIASES = [
    ("total = count\n", 0), ("from x import total\n", 0), ("from x import count as total\n", 0),
    ("from total import x\n", 1), ("from x import total as other\n", 1), ("print(total == 1)\n", 1), ("# total = count\n", 1),
    ("def report(xs):\n    total = len(xs)\n    return total\n", 1),
    ('"""\nimport total, since it is gone\ntotal = count\n"""\n', 1),
    ("class R:\n    total = count\n", 1)]
MEMBERS = [("class R:\n    def read(self): pass\n    load = read\n", 0), ("from x import load\nclass R: pass\n", 1),
           ("class R: pass\nload = 1\n", 1), ("class R: pass\nR.load = len\n", 0)]


@pytest.mark.parametrize("symbol, text, code", [("total", *case) for case in ALIASES] + [("R.load", *case) for case in MEMBERS])
def test_i2_an_alias_in_the_file_is_no_loss(server, client, scratch, symbol, text, code):
    """Only what the file itself gives to others: no local, nothing within a string or a comment; and a member in its class."""
    repository = Repository(scratch / gating.REPO)
    sha = repository.commit(files={"a.py": text})
    one = token("DEL_FN", file="a.py", symbol=symbol, before="(xs)")
    gating.post(client, [events.event("delta.tokens@v1", {"repo": gating.REPO, "sha": sha, "tokens": [one]}, repo_sha=sha)])
    indexer.run("gates", "--ci", "--repo", repository.folder, "--server", server.url, check=code)


def mosaic(n, distance):
    return events.event("delta.mosaic@v1", {"repo": gating.REPO, "sha": gating.sha(n), "grid": {"rows": 64, "cols": 64},
                                            "stats": {"distance": distance}}, ts_utc=gating.at(n), repo_sha=gating.sha(n))


def spec_with(folder, **i3):
    """A folder of declarations whose gates.json has other values of I3."""
    shutil.copytree(binary.ROOT / "spec/policies", folder / "policies")
    path = folder / "policies/gates.json"
    policy = json.loads(path.read_text("utf-8"))
    policy["i3"].update(i3)
    path.write_text(json.dumps(policy), "utf-8")
    return folder


def test_i3_is_measured_against_what_was(server, client, scratch):
    """Before τ is learned more is a warning, which asks for nothing and blocks nothing; afterwards it is a block; the policy may say otherwise."""
    commit(client, 1)
    assert not judge(server, 1)[1]["I3"]["details"]["applies"]
    gating.post(client, [mosaic(1, 0.15)])
    assert judge(server, 1)[1]["I3"]["action"] == "pass"
    commit(client, 2)
    gating.post(client, [mosaic(2, 0.16)])
    whole, gates, said = judge(server, 2)
    assert (gates["I3"]["action"], gates["I3"]["score"], gates["I3"]["threshold"]) == ("warn", 0.16, 0.15)
    assert whole["decision"] == "warn" and "not learned yet" in said and gates["I3"]["details"]["basis"] == "policy"
    assert judge(server, 2, "--spec", spec_with(scratch / "strict", untaught="block"), check=1)[0]["decision"] == "block"
    gating.post(client, [gating.fingerprint(3, {}), mosaic(3, 1)])  # code that changed without a token of its own
    _, gates, _ = judge(server, 3)
    assert (gates["I3"]["action"], gates["I3"]["details"]["applies"]) == ("warn", True) and not gates["I2"]["details"]["applies"]
    for n in range(4, 33):
        commit(client, n)
    gating.post(client, [mosaic(n, 0.2) for n in range(4, 32)] + [mosaic(32, 0.21)])
    _, gates, _ = judge(server, 31)
    assert (gates["I3"]["action"], gates["I3"]["threshold"]) == ("pass", 0.2), "the 95th percentile of 0.15, 0.16, 1 and 27 times 0.2"
    _, gates, _ = judge(server, 32, check=1)
    assert (gates["I3"]["action"], gates["I3"]["threshold"], gates["I3"]["details"]["basis"]) == ("block", 0.2, "quantile")
    assert judge(server, 32, "--spec", spec_with(scratch / "mild", action="warn"))[0]["decision"] == "warn"
    assert "block or warn" in indexer.run("gates", "--commit", gating.sha(32), "--name", gating.REPO, "--server", server.url, "--spec",
                                          spec_with(scratch / "wrong", action="pass"), check=3).err


def test_a_finding_raises_a_warning_to_a_review(server, client):
    commit(client, 1)
    gating.post(client, [mosaic(1, 0.9), finding("CRITICAL")])
    whole, _, said = judge(server, 1)
    assert whole["decision"] == "review" and "raised from warn" in said


def test_i4_tests_and_metrics(server, client):
    for n in range(30):
        commit(client, n)
    gating.post(client, [gating.report(n, p95_ms=100 + n % 10, coverage=0.8 + n % 10 / 100) for n in range(30)])
    commit(client, 30)
    assert not judge(server, 30)[1]["I4"]["details"]["applies"]
    gating.post(client, [gating.report(30, p95_ms=105, coverage=0.85)])
    assert judge(server, 30)[1]["I4"]["action"] == "pass"
    commit(client, 31)
    gating.post(client, [gating.report(31, p95_ms=109.5)])
    _, gates, _ = judge(server, 31, check=1)
    assert gates["I4"]["action"] == "block" and gates["I4"]["why"].startswith("p95_ms of * is 109.5, ζ is 109")
    commit(client, 32)
    gating.post(client, [gating.report(32, coverage=0.5)])
    assert judge(server, 32, check=1)[1]["I4"]["why"].startswith("coverage of * is 0.5"), "less is worse"
    commit(client, 33)
    gating.post(client, [gating.report(33, failed=2)])
    _, gates, said = judge(server, 33, check=1)
    assert (gates["I4"]["action"], gates["I4"]["score"]) == ("block", 2) and "2 tests failed" in said
    later = gating.report(33)
    later["ts_utc"] = gating.at(34)
    gating.post(client, [later])
    assert judge(server, 33)[1]["I4"]["action"] == "pass", "the newest report counts"


def finding(severity="CRITICAL"):
    nf = {"fingerprint": "f" * 64, "rule_id": "S602", "severity": severity, "confidence": 0.9, "location": {"file": "core/a.py", "line": 3},
          "category": "shell", "message": "m", "id": "NF-" + "f" * 26}
    return events.event("sast.findings.ready@v1", {"repo": gating.REPO, "sha": gating.sha(1), "tool": "bandit", "findings": [nf]})


@pytest.mark.parametrize("severity, delta_z, decision, code", [("HIGH", 0.1, "pass", 0), ("CRITICAL", 0.1, "review", 0), ("CRITICAL", 0.4, "block", 1)])
def test_an_open_critical_finding_raises_the_decision(server, client, severity, delta_z, decision, code):
    commit(client, 1, delta_z)
    gating.post(client, [finding(severity)])
    whole, _, said = judge(server, 1, check=code)
    assert whole["decision"] == decision and ("raised from" in said) == (severity == "CRITICAL")


def test_the_same_commit_is_judged_the_same(server, store, client):
    commit(client, 1, 0.6, [token("DEL_FN")])
    for _ in range(2):
        judge(server, 1, check=1)
    assert store.scalar("SELECT count(*) FROM invariants_results") == 4
    gating.post(client, [gating.report(1, failed=1)])
    judge(server, 1, check=1)
    assert store.scalar("SELECT count(*) FROM invariants_results") == 5, "only I4 has something new to say"


def test_gates_end_freezes_too(server, store, client):
    commit(client, 1)
    gating.run(server, "thresholds", "freeze", "--commits", "2", "--reason", "drift guard")
    commit(client, 2)
    _, gates, _ = judge(server, 2)
    assert gates["I1"]["details"]["frozen"] == "drift guard"
    commit(client, 3)
    _, gates, _ = judge(server, 3)
    assert "frozen" not in gates["I1"]["details"] and store.scalar('SELECT count(*) FROM spec_drift WHERE "freeze"') == 0


def test_thresholds_of_a_file(server, client, scratch):
    state = {"version": 1, "repo": gating.REPO, "sha": "", "freezes": [],
             "thresholds": [{"module": "core", "alpha": 0.7, "beta": 0.8, "zeta": 0.9, "basis": "quantile", "sha": ""}]}
    (scratch / "spec_state.json").write_text(json.dumps(state), "utf-8")
    commit(client, 1, 0.6)
    assert judge(server, 1, "--freeze", scratch / "spec_state.json")[0]["decision"] == "pass"
    assert judge(server, 1, check=1)[0]["decision"] == "block"
    (scratch / "spec_state.json").write_text("{}", "utf-8")
    indexer.run("gates", "--commit", gating.sha(1), "--name", "lab", "--server", server.url, "--freeze", scratch / "spec_state.json", check=2)


def test_a_server_that_is_away_blocks_nobody_unless_asked():
    words = ("gates", "--commit", "1" * 40, "--name", "lab", "--server", "http://127.0.0.1:9")
    assert "nothing is judged" in indexer.run(*words, check=0).err
    indexer.run(*words, "--require-server", check=3)


def test_a_commit_that_is_not_indexed(server):
    words = ("gates", "--commit", "1" * 40, "--name", "lab", "--server", server.url)
    assert "egdb-index history" in indexer.run(*words, check=0).err
    indexer.run(*words, "--require-server", check=3)


@pytest.mark.parametrize("words", [[], ["--ci", "--commit", "HEAD"], ["--commit", "nothing"], ["--ci", "--from", "a", "--name", "x"]])
def test_wrong_usage(server, words, scratch):
    indexer.run("gates", *words, "--server", server.url, *([] if "--name" in words else ["--name", "lab"]), check=2, cwd=scratch)


def test_a_range_of_a_real_repository(server, store, client, scratch):
    """From source text to a decision: indexed, judged, and only the commits of the range."""
    repository = Repository(scratch / "repo")
    first = repository.commit(files={"core/a.py": "def load(path, mode='r'):\n    return open(path, mode)\n"})
    good = repository.commit(files={"core/b.py": "def other(x):\n    return x\n"})
    bad = repository.commit(files={"core/a.py": "def load(path):\n    return open(path)\n"})
    indexer.run("history", "--repo", repository.folder, "--server", server.url)
    report = scratch / "report.json"
    done = indexer.run("gates", "--ci", "--repo", repository.folder, "--from", first, "--server", server.url, "--report", report, check=1)
    told = json.loads(report.read_text("utf-8"))
    assert [(one["sha"], one["decision"]) for one in told["commits"]] == [(good, "pass"), (bad, "block")] and told["decision"] == "block"
    assert "core/a.py:1 load: parameter mode was removed" in done.out and "keep the old name or parameter" in done.out
    indexer.run("gates", "--ci", "--repo", repository.folder, "--to", good, "--server", server.url, check=0)


def test_what_nobody_could_use_is_not_lost(server, scratch):
    """A static function becomes public under another name; a public one becomes static."""
    body = "(int a) {\n    int b = a + 1;\n    while (b < 10) {\n        b = b * a + 2;\n    }\n    return b;\n}\n"
    repository = Repository(scratch / "repo")
    repository.commit(files={"a.c": "static int put" + body})
    wider = repository.commit(files={"a.c": "int lab_put" + body})
    repository.commit(files={"a.c": "static int put" + body})
    indexer.run("history", "--repo", repository.folder, "--server", server.url)
    indexer.run("gates", "--commit", wider, "--repo", repository.folder, "--server", server.url, check=0)
    assert "lab_put was renamed" in indexer.run("gates", "--ci", "--repo", repository.folder, "--server", server.url, check=1).out


def test_i2_of_c_knows_that_a_header_is_public(server, scratch):
    """A public function becomes `static inline` in the header, or moves to another file: nobody loses it. With another parameter, or hidden in
    another file, it is lost."""
    tail = "{\n    int b = a + 1;\n    while (b < 10) {\n        b = b * a + 2;\n    }\n    return b;\n}\n"
    slim, other = "{\n    return a * 7;\n}\n", "int other(void)\n{\n    return 1;\n}\n"
    repository = Repository(scratch / "repo")
    public = {"a.c": '#include "a.h"\n\nint lab_put(int a)\n' + tail + other, "a.h": "int lab_put(int a);\n", "b.c": other}
    for text, code in ((dict(public, **{"a.c": other, "a.h": "static inline int lab_put(int a)\n" + tail}), 0),
                       (dict(public, **{"a.c": other, "a.h": "static inline int lab_put(int a)\n" + slim}), 0),
                       (dict(public, **{"a.c": other, "b.c": other + "int lab_put(int a)\n" + tail}), 0),
                       (dict(public, **{"a.c": other, "a.h": "static inline int lab_put(int a, int c)\n" + slim}), 1),
                       (dict(public, **{"a.c": other, "a.h": "", "b.c": other + "static int lab_put(int a)\n" + tail}), 1)):
        repository.commit(files=public)
        sha = repository.commit(files=text)
        indexer.run("history", "--repo", repository.folder, "--server", server.url)
        done = indexer.run("gates", "--commit", sha, "--repo", repository.folder, "--server", server.url, check=code)
        assert ("lab_put" in done.out) == bool(code), text
    lost = {"a.h": "static inline int lab_set(int a)\n" + tail}, {"a.h": "static inline int other_set(int a)\n" + slim}
    for text in lost:
        sha = repository.commit(files=text)
    indexer.run("history", "--repo", repository.folder, "--server", server.url)
    assert "lab_set was removed" in indexer.run("gates", "--commit", sha, "--repo", repository.folder, "--server", server.url, check=1).out


def i2_of_a_commit(server, scratch, before, after, gone=()):
    """Two commits in a repository of their own, indexed and judged: what I2 says of the second."""
    repository = Repository(scratch / f"repo{len(list(scratch.iterdir()))}")
    repository.clock += 3600 * len(list(scratch.iterdir())) # the same files at another time: two repositories do not share commits
    repository.commit(files=before)
    for path in gone:
        (repository.folder / path).unlink()
    sha = repository.commit(files=after)
    indexer.run("history", "--repo", repository.folder, "--server", server.url)
    words = ("gates", "--commit", sha, "--repo", repository.folder, "--server", server.url, "--report", "/dev/stderr")
    report = json.loads(indexer.run(*words, check=None).err)
    return next(gate for gate in report["commits"][0]["gates"] if gate["gate"] == "I2")


LOST = [
    ({"a.py": "LIMIT = 1\nx = 2\n"}, {"a.py": "y = 2\n"}, "LIMIT"), ({"a.py": "LIMIT = 1\n"}, {"a.py": "from b import LIMIT\n"}, ""),
    ({"a.py": "class A:\n    RED = 1\n    BLUE = 2\n"}, {"a.py": "class A:\n    RED = 1\n"}, "A.BLUE"),
    ({"a.py": "def f():\n    LIMIT = 1\n    return LIMIT\n"}, {"a.py": "def f():\n    return 1\n"}, ""),
    ({"a.py": "def f(x):\n    return x\n"}, {"a.py": "async def f(x):\n    return x\n"}, "f"),
    ({"a.ts": "export const LIMIT = 1;\nexport type A = string;\n"}, {"a.ts": "const LIMIT = 1;\nexport type A = string;\n"}, "LIMIT"),
    ({"a.ts": "export type A = string;\n"}, {"a.ts": "export const b = 1;\n"}, "A"),
    ({"a.ts": "export { A } from './b';\n"}, {"a.ts": "export { B as A } from './b';\n"}, ""),
    ({"a.h": "#define MOST 1\nint f(int a);\n"}, {"a.h": "int f(int a);\n"}, "MOST"),
    ({"a.h": "#define MOST 1\nint f(int a);\n", "b.h": "#define B 1\n"}, {"a.h": "int f(int a);\n", "b.h": "#define B 1\n#define MOST 1\n"}, ""),
    ({"p/a.go": "package p\nconst Limit, other = 1, 2\n"}, {"p/a.go": "package p\nconst other = 2\n"}, "Limit"),
    ({"p/a.go": "package p\nconst Limit = 1\n", "p/b.go": "package p\n"}, {"p/a.go": "package p\n", "p/b.go": "package p\nconst Limit = 1\n"}, ""),
    ({"a.rs": "pub const MOST: u8 = 1;\n"}, {"a.rs": "const MOST: u8 = 1;\n"}, "MOST"),
    ({"A.java": "public class A { public static final int MOST = 1; }\n"}, {"A.java": "public class A { static final int MOST = 1; }\n"}, "A.MOST"),
    ({"tests/a.py": "LIMIT = 1\n"}, {"tests/a.py": "x = 1\n"}, "")]


def test_i2_public_values_and_async(server, scratch):
    """What is public and no definition: constants, types, exports, macros, prototypes; and whether a result has to be awaited."""
    for before, after, lost in LOST:
        found = i2_of_a_commit(server, scratch, before, after)
        assert [one["symbol"] for one in found["details"]["changes"]] == ([lost] if lost else []), (before, after)
        assert found["action"] == ("block" if lost else "pass"), (before, after)


MOVES = [
    ("core/a.py", "core/b.py", "def load(x):\n    return x\n", "block"), ("core/a.py", "core/b.py", "def _load(x):\n    return x\n", "pass"),
    ("core/a.py", "core/a/__init__.py", "def load(x):\n    return x\n", "pass"), ("tests/a.py", "core/b.py", "def load(x):\n    return x\n", "pass"),
    ("src/a.js", "src/a.ts", "export function load(x) {\n  return x;\n}\n", "review"), ("src/a.ts", "src/b.ts", "export function load() {}\n", "block"),
    ("p/a.go", "p/b.go", "package p\n\nfunc Load() {}\n", "pass"), ("p/a.go", "q/a.go", "package p\n\nfunc Load() {}\n", "block"),
    ("a.c", "b.c", "int load(int x)\n{\n    return x;\n}\n", "pass"), ("a.h", "b.h", "int load(int x);\n", "block")]


def test_i2_a_file_that_moves_takes_its_path_along(server, scratch):
    for old, new, text, action in MOVES:
        text += "".join(f"# {n}\n" if old.endswith("py") else f"// {n}\n" for n in range(8))
        assert i2_of_a_commit(server, scratch, {old: text}, {new: text}, gone=[old])["action"] == action, (old, new)
