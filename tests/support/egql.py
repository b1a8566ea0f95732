"""What the tests of EGQL share: a data set that fills every source, posted as events to a real server; and build/egql_probe, which runs
queries on a store."""
import glob
import json
import math
import pathlib
import subprocess
import time

from . import binary, events

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOW_S = int(time.time()) - 60
SHAS = ["8f1c" + "0" * 35 + "1", "8f1c" + "0" * 35 + "2", "a" * 40, "abcd" + "e" * 36, "0123456789" * 4, "f" * 39 + "0"]
BRANCHES = ["main", "feature/x-1", None, "main"]
# What a member of a payload may be: every type, and values that differ only in how they are spelled.
MIXED = [1, 1.0, 2, 10, -3.5, 0, True, False, "1", "true", "alpha", "Alpha", "", "ä", None, [1], [], {"b": 1, "aa": 2}, {"aa": 2, "b": 1},
         9007199254740993, 0.1, 1e21, "a\nb", "line", ["alpha"]]


def _event(n, topic, payload, **kw):
    at = NOW_S - 7200 * (n // 5) % 1296000 - n % 7
    return events.event(topic, payload, **{"id": f"01EGQL{n:020d}", "ts_utc": events.utc(at), "source": f"tests/{n % 3}",
                                           "correlation_id": f"corr-{n // 6}", "repo_sha": SHAS[n % 6], "repo_branch": BRANCHES[n % 4], **kw})


def _series(made):
    """Runs with their steps, gates and tokens; payloads with members of every type."""
    for i in range(40):
        sha, run = SHAS[i % 6], f"run-{i:03d}"
        common = {"correlation_id": run, "repo_sha": sha, "repo_branch": BRANCHES[i % 4]}
        start = events.utc(NOW_S - i * 9000)

        def add(topic, payload, **kw):
            made.append(_event(len(made), topic, {**payload, "x": MIXED[len(made) % len(MIXED)], "n": {"deep": [len(made) % 4, {"k": i % 3}]}},
                               ts_utc=events.utc(NOW_S - i * 9000 + len(made) % 11), **{**common, **kw}))
            return made[-1]["id"]

        first = add("run.started@v1", {"run_id": run, "sha": sha, "started": start})
        for idx in range(3):
            first = add("core.step.finished@v1", {"run_id": run, "name": ["ctx", "delta", "gate"][idx], "idx": idx, "dt_ms": 37 * i + idx,
                                                  "deltas": {"tokens": i % 5, "ssim": i / 7}}, causation_id=first)
        add("invariants.result@v1", {"sha": sha, "gate": f"I{1 + i % 4}", "score": i / 40, "threshold": 0.5,
                                     "action": ["pass", "block", "review", "warn"][i % 4], "module": ["core", "gui"][i % 2],
                                     "details": {"why": MIXED[i % len(MIXED)]}}, causation_id=first)
        add("delta.tokens@v1", {"sha": sha, "tokens": [
            {"token": ["ADD_FN", "MODIFY_SIG", "RENAME_FN"][j % 3], "file": f"core/f{j % 4}.py", "weight": (i + j) / 13, "line": 10 * j,
             "symbol": f"Sym.{j}", "public_api": j % 2 == 0} for j in range(i % 5)] or
            [{"token": "ADD_FN", "file": "core/pipeline.py", "weight": 0.5}]})
        if i % 3:
            add("run.finished@v1", {"run_id": run, "sha": sha, "started": start, "finished": events.utc(NOW_S - i * 9000 + 60 + i),
                                    "status": ["ok", "error", "partial"][i % 3]})


def _commits(made):
    parents = {0: [], 1: [0], 2: [1], 3: [1], 4: [2, 3], 5: [4]}
    for i, of in parents.items():
        made.append(_event(len(made), "commit.recorded@v1", artifacts=["log.txt", {"path": f"out/{i}.png", "kind": "mosaic", "size_b": i * 100}], payload={
            "sha": SHAS[i], "repo": "", "parents": [SHAS[p] for p in of], "author": "Ada", "message": f"commit {i}\n\nbody", "branch": "main" if i != 3 else "side",
            "authored_at": events.utc(NOW_S - 864000 + i * 3600),
            "files": [{"path": f"core/f{i}.py", "change_type": "other", "status": "M", "added": i, "removed": 2 * i}]}, repo_sha=SHAS[i]))


def _graph(made):
    """pkg/a.py: run → b.step → c.end, a cycle back, a call of what is not known; a second file of one stem."""
    def file(path, module, nodes, edges):
        uid = f"AST::{path}#"
        made.append(_event(len(made), "code.graph.indexed@v1", {
            "sha": SHAS[5], "module": module, "file": {"path": path, "sha256": "0" * 64},
            "nodes": [{"uid": uid + n, "kind": "FunctionDef" if n else "Module", "name": n or module, "line": k + 1, "col": 0}
                      for k, n in enumerate(nodes)],
            "edges": [{"src": uid + a, "dst": b if b.startswith("AST::") or b.startswith("?") else uid + b, "etype": t, "meta": {"line": k}}
                      for k, (a, b, t) in enumerate(edges)],
            "phi": [{"uid": uid + n, "cell": f"MOZ::4x4@r0c{k}", "weight": 0.5} for k, n in enumerate(nodes)]},
            repo_sha=SHAS[5], repo_branch="main", ts_utc=events.utc(NOW_S - 100)))

    file("pkg/c.py", "pkg.c", ["", "end", "loop", "loop~2"], [("", "end", "contain"), ("loop", "loop", "call"), ("loop~2", "end", "call")])
    file("pkg/b.py", "pkg.b", ["", "step", "other"], [("", "step", "contain"), ("step", "AST::pkg/c.py#end", "call"), ("other", "step", "call"),
                                                       ("step", "?unknown", "call")])
    file("pkg/__init__.py", "pkg", ["", "init"], [("init", "AST::pkg/b.py#other", "call")])
    file("pkg/a.py", "pkg.a", ["", "run", "Cls.m"], [("", "run", "contain"), ("run", "AST::pkg/b.py#step", "call"),
                                                      ("run", "Cls.m", "call"), ("Cls.m", "run", "call"), ("", "AST::pkg/b.py#", "import"),
                                                      ("run", "AST::pkg/c.py#loop", "call")])
    file("pkg/a.c", "pkg.a", ["", "run"], [("run", "AST::pkg/c.py#end", "call")])


def _examples(made):
    """Of every topic, each of its examples twice: the second with an id of its own where it has one."""
    skipped = {"bus.dlq@v1", "bus.dlq.redriven@v1", "bus.dlq.deleted@v1", "code.file.removed@v1", "code.graph.indexed@v1"}
    order = ["commit.", "run.started", "run.finished", "core.", "sast.findings", "sast.fix.requested", "heal.proposed", ""]
    found = [json.loads(pathlib.Path(f).read_text()) for f in sorted(glob.glob(str(ROOT / "spec/schemas/*/*.json")))]
    rank = {d["$id"]: next(i for i, p in enumerate(order) if d["$id"].startswith(p)) for d in found}
    for d in sorted(found, key=lambda d: rank[d["$id"]]):
        for payload in d["x-egdb"].get("examples", []) if d["$id"] not in skipped else []:
            made.append(_event(len(made), d["$id"], payload))


# What regular expressions are asked of: sets' edges, white space, other scripts, astral characters, line breaks, signs.
TEXTS = ["", "a", "ab", "abc", "ABC", "aB_9", "9", "0.5", "core.step", "core/pipeline.py", "x-1", "x_1", "a b", "a\tb", "a\nb", "\n", "a\n", "\na", " ", "a\u00a0b",
         "a\u2028b", "\u0085", "zażółć gęślą jaźń", "ZAŻÓŁĆ", "ż", "z\u0307", "ł", "Łódź", "ä", "ß", "ſ", "K", "ı", "İ", "Σς", "ΔCC", "日本", "😀", "a😀b", "😀😀",
         "𝒳", "👩‍💻", "\U0010ffff", "\ufffd", "٣", "^a$", "a.b", "[x]", "a]b", "a^b", "a-b", "a\\b", "{1}", "a{2}", "(a)", "a|b", "a+b", "*", "?", "$", "\x7f", "\x01",
         "aaaa", "abab", "ababab!", "aaa" * 30 + "b", "'", '"', "`~", "@/:", "the quick brown fox jumps over the lazy dog " * 40]


def data():
    made = []
    _commits(made)
    _series(made)
    _graph(made)
    _examples(made)
    made.append(_event(len(made), "delta.tokens@v1", {"sha": SHAS[5], "tokens": [{"token": "ADD_FN", "file": "pkg/a.py", "weight": 1.5}]}))
    made.append(_event(len(made), "core.step.finished@v1", {"run_id": "run-that-never-came", "name": "late", "idx": 0, "dt_ms": 1}))
    for text in TEXTS:
        made.append(_event(len(made), "release.published@v1", {"version": "1.0.0", "channel": "beta", "sha": SHAS[0], "text": text}))
    return made


# What the server or the database sets by itself would differ between the stores; and a dead letter, whose id would.
SETTLE = """
UPDATE events SET received_utc = ts_utc;
UPDATE event_ids SET received_utc = ts_utc;
UPDATE pending_rows SET received_utc = created_utc;
UPDATE commit_files SET id = commit_sha || file_path;
UPDATE egdb_schema_version SET applied_utc = '2025-10-10T00:00:00.000000Z';
INSERT INTO events_dlq (id, original_hash, original, code, errors_json, topic, received_utc, last_seen_utc) VALUES
  ('01EGQLDLQ1', 'h1', '{', 'json_invalid', '[{"message": "ends"}]', NULL, '2025-10-10T00:00:00.000000Z', '2025-10-10T00:00:00.000000Z'),
  ('01EGQLDLQ2', 'h2', '{}', 'schema_invalid', '[]', 'core.step.finished@v1', '2025-10-11T00:00:00.000000Z', '2025-10-11T00:00:00.000000Z');
"""


def fill(server, store):
    """One event at a time, so that both stores give the same numbers."""
    with server.client() as client:
        for envelope in data():
            answer = client.post("/v1/events", envelope)
            assert answer.status in (200, 201), (envelope["topic"], answer.text)
    store.script(SETTLE)


class Probe:
    """with Probe(store) as probe: probe.ask("SELECT …", params={…}, explain=True) → the answer as a dict."""

    def __init__(self, store):
        self.process = subprocess.Popen([binary.path().parent / "egql_probe", ROOT / "spec", store.dsn], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(120) == 0

    def ask(self, q, **kw):
        line = json.dumps({"q": q, "now_us": NOW_S * 1000000, **kw}) + "\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def posted(topic):
    return [e for e in data() if e["topic"] == topic]


def same(a, b):
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


def agree(both, query, **kw):
    a, b = (probe.ask(query, **kw) for probe in both)
    for store, answer in zip(("sqlite", "postgresql"), (a, b)):
        assert answer.get("error") not in ("internal", "store_unavailable", "usage", "timeout"), (store, query, answer)
    assert a.get("error") == b.get("error"), (query, a.get("message"), b.get("message"))
    if "error" in a:
        return a
    assert a["columns"] == b["columns"] and a["truncated"] == b["truncated"], query
    for i, (x, y) in enumerate(zip(a["rows"], b["rows"])):
        assert same(x, y), f"{query}\nrow {i}:\n  sqlite     {x}\n  postgresql {y}"
    assert len(a["rows"]) == len(b["rows"]), (query, len(a["rows"]), len(b["rows"]))
    return a


def rows(both, query, **kw):
    answer = agree(both, query, **kw)
    assert "error" not in answer, answer
    return answer["rows"]
