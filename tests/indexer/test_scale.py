"""Two made repositories, of 10,000 files and of 5,000 commits (a tenth without `make soak`), indexed whole: the same bytes each time, and a
second run stores nothing."""
import json

import pytest

from support import indexer
from support.repository import Repository

BODIES = {
    "py": "import os\n\n\nclass C{n}:\n    def load(self, a):\n        return f{n}(a)\n\n\ndef f{n}(a, b={m}):\n    if a > {m}:\n        return b\n    return a\n",
    "c": "#include <os.h>\n\nstatic int g{n}(int a)\n{{\n    return a + {m};\n}}\n\nint f{n}(int a, int b)\n{{\n    return b ? g{n}(a) : {m};\n}}\n",
    "js": "import os from 'os';\n\nexport function f{n}(a, b = {m}) {{\n  return a ? b : os(a);\n}}\n",
    "ts": "import os from 'os';\n\nexport class C{n} {{\n  load(a: number): number {{ return a + {m}; }}\n}}\n",
    "go": "package p\n\nimport \"os\"\n\nfunc F{n}(a int) int {{\n\tif a > {m} {{\n\t\treturn 1\n\t}}\n\treturn os.Getpid()\n}}\n",
    "java": "import p.os;\n\npublic class C{n} {{\n  public int load(int a) {{ return a + {m}; }}\n}}\n",
    "rs": "use std::os;\n\npub fn f{n}(a: i32) -> i32 {{\n    if a > {m} {{ os(a) }} else {{ {m} }}\n}}\n",
    "md": "# Text {n}\n\n{m} words\n",
}
KINDS = sorted(BODIES)


def body(n, m):
    return BODIES[KINDS[n % len(KINDS)]].format(n=n, m=m).encode()


def path(n):
    return f"d{n % 40}/e{n // 40 % 10}/m{n}.{KINDS[n % len(KINDS)]}"


class Stream:
    """What git fast-import reads."""

    def __init__(self):
        self.parts, self.clock = [], 1_700_000_000

    def commit(self, message, files, gone=(), moved=()):
        self.clock += 60
        self.parts.append(f"commit refs/heads/main\ncommitter Ada <ada@example.org> {self.clock} +0000\ndata {len(message)}\n{message}\n")
        self.parts += [f"D {name}\n" for name in gone] + [f"R {old} {new}\n" for old, new in moved]
        for name, content in files.items():
            self.parts.append(f"M 100644 inline {name}\ndata {len(content)}\n{content.decode()}\n")

    def into(self, repository):
        repository.git("fast-import", "--quiet", stdin="".join(self.parts).encode())
        repository.git("reset", "-q", "--hard", "main")


@pytest.fixture
def many_files(scratch, soak):
    n, stream, repository = int(10_000 * soak), Stream(), Repository(scratch / "files")
    stream.commit("all", {path(i): body(i, 1) for i in range(n)})
    stream.commit("some", {path(i): body(i, 2) for i in range(0, n, 97)})
    stream.into(repository)
    return repository, n


@pytest.fixture
def many_commits(scratch, soak):
    """Small commits: bodies change, files come, go and move."""
    n, stream, repository = int(5_000 * soak), Stream(), Repository(scratch / "commits")
    stream.commit("the first", {path(i): body(i, 0) for i in range(50)})
    alive = {i: path(i) for i in range(50)}
    for at in range(1, n):
        new, changed = 50 + at, sorted(alive)[at * 7 % len(alive)]
        files, gone, moved = {alive[changed]: body(changed, at)}, [], []
        if at % 5 == 0:
            files[path(new)] = body(new, at)
            alive[new] = path(new)
        if at % 11 == 0:
            lost = next(i for i in sorted(alive) if i not in (changed, new))
            gone.append(alive.pop(lost))
        if at % 13 == 0:
            other = next(i for i in sorted(alive, reverse=True) if i not in (changed, new))
            moved.append((alive[other], f"moved/{at}/{alive[other].rsplit('/', 1)[1]}"))
            alive[other] = moved[-1][1]
        stream.commit(f"change {at}", files, gone, moved)
    stream.into(repository)
    return repository, n


def index(repository, *args):
    return json.loads(indexer.run("--repo", repository.folder, *args, timeout_s=1800).out.splitlines()[-1])


def written(repository, folder, *args):
    done = index(repository, "--out", folder, *args)
    return done, (folder / "events.ndjson").read_bytes()


def test_many_files(many_files, scratch, server, store):
    repository, n = many_files
    done, first = written(repository, scratch / "1", "--jobs", 2)
    assert first == written(repository, scratch / "2", "--jobs", 1)[1]
    code = n - n // len(KINDS) if n % len(KINDS) == 0 else sum(1 for i in range(n) if KINDS[i % len(KINDS)] != "md")
    assert (done["files"], done["left_out"], done["commits"]) == (code, 0, 2)
    posted = index(repository, "--server", server.url)
    assert (posted["stored"], posted["duplicates"], posted["rejected"]) == (done["events"], 0, 0)
    again = index(repository, "--server", server.url)
    assert (again["stored"], again["duplicates"]) == (0, done["events"])
    assert store.scalar("SELECT count(*) FROM files") == code and store.scalar("SELECT count(*) FROM ast_nodes") == done["nodes"]


def test_many_commits(many_commits, scratch, server, store):
    repository, n = many_commits
    done, first = written(repository, scratch / "1")
    assert first == written(repository, scratch / "2")[1]
    assert done["commits"] == n
    posted = index(repository, "--server", server.url)
    assert (posted["stored"], posted["duplicates"], posted["rejected"]) == (done["events"], 0, 0)
    again = index(repository, "--server", server.url)
    assert (again["stored"], again["duplicates"]) == (0, done["events"])
    for table in ("commits", "delta_fingerprints"):
        assert store.scalar(f"SELECT count(*) FROM {table}") == n
    assert store.scalar("SELECT count(*) FROM delta_tokens") == done["tokens"]
    kinds = {kind for (kind,) in store.query("SELECT DISTINCT token FROM delta_tokens")}
    assert {"ADD_FILE", "DEL_FILE", "MOVE_FILE", "MODIFY_SIG"} <= kinds
