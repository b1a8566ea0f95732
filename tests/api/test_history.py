"""egdb post --git-history: every kind of commit, as rows; and again, as duplicates."""
import json
import re

import pytest

from support import binary, indexer
from support.repository import Repository

SUMMARY = re.compile(r"(\d+) sent: (\d+) stored, (\d+) duplicates, (\d+) rejected")


def post(server, *words, check=0):
    done = binary.run("post", "--server", server.url, *words, check=check)
    return tuple(int(n) for n in SUMMARY.search(done.out).groups()), done


def files_of(store, sha):
    rows = store.query("SELECT file_path, change_type, status, old_path, lines_added, lines_removed FROM commit_files "
                       "WHERE commit_sha = ? ORDER BY file_path", (sha,))
    return [tuple(row) for row in rows]


@pytest.fixture
def repository(scratch):
    return Repository(scratch / "project")


def test_history(server, store, repository):
    repo = repository
    lines = "".join(f"line {i}\n" for i in range(20))
    root = repo.commit("root\n\nwith a body\n", {"src/graph.py": lines, "migrations/0001.sql": "CREATE TABLE t (a);\n", "blob": b"\0\1\2"})
    renamed = repo.commit("rename", {"docs/a.md": "# a\n"}, words=())
    repo.git("mv", "src/graph.py", "src/walk.py")
    renamed = repo.commit("core: walk", {"src/walk.py": lines + "one more\n"})
    empty = repo.commit("nothing changed")
    silent = repo.commit("", {"package.json": "{}\n"})
    repo.git("rm", "-q", "docs/a.md")
    removed = repo.commit("remove")
    repo.git("checkout", "-q", "-b", "side", root)
    side = repo.commit("side", {"tests/test_a.py": "def test_a(): pass\n"})
    repo.git("checkout", "-q", "main")
    repo.clock += 60
    repo.git("merge", "-q", "--no-ff", "-m", "merge side", "side")
    merge = repo.head()
    repo.git("checkout", "-q", "--orphan", "other")
    repo.git("rm", "-rqf", ".")
    second_root = repo.commit("a second root", {"Makefile": "all:\n"})
    repo.git("checkout", "-q", "main")
    repo.clock += 60
    repo.git("merge", "-q", "--allow-unrelated-histories", "-m", "merge other", "other")

    counts, _ = post(server, "--git-history", "--repo", repo.folder)
    assert counts == (10, 10, 0, 0)
    assert store.scalar("SELECT count(*) FROM commits") == 10
    assert files_of(store, root) == [("blob", "other", "A", None, 0, 0), ("migrations/0001.sql", "db_migration", "A", None, 1, 0),
                                     ("src/graph.py", "other", "A", None, 20, 0)]
    assert files_of(store, renamed) == [("src/walk.py", "other", "R", "src/graph.py", 1, 0)]
    assert files_of(store, empty) == files_of(store, merge) == []
    assert files_of(store, silent) == [("package.json", "dependency", "A", None, 1, 0)]
    assert files_of(store, removed) == [("docs/a.md", "docs", "D", None, 0, 1)]
    assert files_of(store, side) == [("tests/test_a.py", "test", "A", None, 1, 0)]
    assert files_of(store, second_root) == [("Makefile", "config", "A", None, 1, 0)]
    rows = store.query("SELECT message, author, repo FROM commits WHERE commit_sha = ?", (root,))
    assert [tuple(row) for row in rows] == [("root\n\nwith a body\n", "Ada <ada@example.org>", "project")]
    with server.client() as client:
        event = client.get("/v1/events?topic=commit.recorded@v1&sha=" + merge).json()["events"][0]
        assert len(event["payload"]["parents"]) == 2
        assert event["payload"]["files"] == []
        oldest = client.get("/v1/events?after=0&limit=1").json()["events"][0]
        assert oldest["repo_sha"] == root
        assert oldest["ts_utc"] == "2023-11-14T22:14:20.000000Z"

    counts, _ = post(server, "--git-history", "--repo", repo.folder, "--batch", "3")
    assert counts == (10, 0, 10, 0)
    later = repo.commit("later", {"src/walk.py": lines})
    counts, _ = post(server, "--git-history", "--repo", repo.folder)
    assert counts == (11, 1, 10, 0)
    counts, _ = post(server, "--commit", "HEAD", "--repo", repo.folder)
    assert counts == (1, 0, 1, 0)
    assert files_of(store, later) == [("src/walk.py", "other", "M", None, 0, 1)]


def test_names_and_messages_of_any_bytes(server, store, repository):
    repo = repository
    strange = ["ütf-8/žluťoučký.md", "with space\tand tab", "new\nline", 'quo"te\\', "-dash", ":colon", "12\t3\tpath", "\x01mark"]
    first = repo.commit("ünicode ✓ \U0001f600\n", {name: "x\n" for name in strange})
    repo.clock += 60  # `git commit` would take such bytes for Latin 1 and mend them; other programs do not
    repo.git("fast-import", "--quiet", stdin=b"commit refs/heads/main\nauthor Ren\xe9 <ada@example.org> %d +0000\ncommitter A <a@b> %d +0000\n"
             b"data 14\nlatin \xe9 and \xff\n\nfrom %s\nM 644 inline caf\xe9.txt\ndata 2\nx\n\n"
             % (repo.clock, repo.clock, first.encode("ascii")))
    latin = repo.head()
    repo.git("reset", "-q", "--hard")
    marks = repo.commit("\x01not a commit\n:100644 100644 a b M\n", {"a": "1\n"})
    moved = [(name, "moved/" + str(i)) for i, name in enumerate(strange)]
    for old, new in moved:
        repo.write(new, "x\n" + "long enough to be told apart\n" * 3 + old)
    repo.commit("grow", {})
    counts, done = post(server, "--git-history", "--repo", repo.folder)
    assert counts == (4, 4, 0, 0), done.err
    assert [row[0] for row in files_of(store, first)] == sorted(strange)
    assert [row[0] for row in files_of(store, latin)] == ["caf\ufffd.txt"]
    message, author = store.query("SELECT message, author FROM commits WHERE commit_sha = ?", (latin,))[0]
    assert message == "latin \ufffd and \ufffd\n"
    assert author == "Ren\ufffd <ada@example.org>"
    assert store.scalar("SELECT message FROM commits WHERE commit_sha = ?", (marks,)) == "\x01not a commit\n:100644 100644 a b M\n"
    assert len(files_of(store, marks)) == 1


def test_a_commit_of_many_files_and_many_commits(server, store, repository):
    repo = repository
    many = repo.commit("many", {f"d{i % 50}/file{i}.c": f"{i}\n" for i in range(3000)})
    stream = []
    for i in range(1199):
        stream.append(f"commit refs/heads/main\ncommitter A <a@b> {repo.clock + i} +0000\ndata 2\nc\n")
        stream.append(f"from {many}\n" if i == 0 else "")
        stream.append(f"M 644 inline n\ndata {len(str(i))}\n{i}\n")
    repo.git("fast-import", "--quiet", "--force", stdin="".join(stream).encode("ascii"))
    counts, _ = post(server, "--git-history", "--repo", repo.folder)
    assert counts == (1200, 1200, 0, 0)
    assert store.scalar("SELECT count(*) FROM commit_files") == 3000 + 1199
    assert post(server, "--git-history", "--repo", repo.folder)[0] == (1200, 0, 1200, 0)


def test_a_users_git_configuration_changes_nothing(server, repository):
    repo = repository
    repo.commit("one", {"a/b.c": "1\n2\n3\n4\n5\n6\n"})
    repo.git("mv", "a/b.c", "a/c.c")
    repo.commit("two", {"a/c.c": "1\n2\n3\n\n4\n5\n6\n"})
    assert post(server, "--git-history", "--repo", repo.folder)[0] == (2, 2, 0, 0)
    assert post(server, "--git-history", "--with-diff", "--repo", repo.folder)[0] == (2, 2, 0, 0)
    for name, value in {"log.showRoot": "false", "diff.renames": "false", "diff.noprefix": "true", "log.showSignature": "false",
                        "diff.orderFile": "no-such-file", "diff.relative": "true", "color.ui": "always", "log.decorate": "full",
                        "format.pretty": "oneline", "log.date": "relative", "diff.external": "false", "core.pager": "false",
                        "i18n.logOutputEncoding": "latin1", "log.mailmap": "true", "diff.renameLimit": "1", "log.follow": "true",
                        "log.diffMerges": "first-parent", "core.quotePath": "true", "diff.algorithm": "patience", "diff.context": "9",
                        "diff.interHunkContext": "9", "diff.indentHeuristic": "false", "diff.suppressBlankEmpty": "true",
                        "diff.submodule": "log", "diff.mnemonicPrefix": "true", "diff.colorMoved": "zebra"}.items():
        repo.git("config", name, value)
    repo.write(".gitattributes", "*.c diff=shout\n")
    repo.git("config", "diff.shout.textconv", "false")
    assert post(server, "--git-history", "--repo", repo.folder)[0] == (2, 0, 2, 0)
    assert post(server, "--git-history", "--with-diff", "--repo", repo.folder)[0] == (2, 0, 2, 0)


def diffs_of(store, sha):
    return dict(store.query("SELECT file_path, diff_text FROM commit_files WHERE commit_sha = ? AND diff_text IS NOT NULL", (sha,)))


KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n"
PATCH = "diff --git a/x b/x\nindex 0..1\n--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-a\n+b\n\x01" + "0" * 40 + "\n"


def test_the_lines_of_a_change(server, store, repository, scratch):
    """Whatever a file holds or becomes, its hunks are its own; secrets are not in them; what is known stays."""
    repo = repository
    names = ["a b", "new\nline", 'quo"te\\', "\x01mark", "-dash", "ütf", "12\t3\tpath"]
    first = repo.commit("first", {
        "crlf.c": "a\r\nb", "bin": b"\0\1", "late": b"x" * 9000 + b"\n\0y\n", "latin": b"caf\xe9\nat = http://ada:ench\xe4ntress@host/\n", "empty": "", "patch.diff": PATCH,
        "kind": "file\n", "mode": "m\n", "long": "".join(f"line {n}\n" for n in range(40)), "key.py": f'K = """{KEY}"""\nlast = 1\n', **dict.fromkeys(names, "1\n")})
    (repo.folder / "kind").unlink()
    (repo.folder / "kind").symlink_to("long")
    (repo.folder / "mode").chmod(0o755)
    (repo.folder / "bin").unlink()
    repo.git("mv", "long", "longer")
    second = repo.commit("second", {
        "longer": "".join(f"line {n}\n" for n in range(40) if n not in (3, 30)), "url": "x\nat = http://ada:enchantress@host/\n", "crlf.c": "a\r\nc\n",
        "patch.diff": PATCH.replace("+b\n", "+c\n"), **dict.fromkeys(names, "2\n")})
    repo.git("checkout", "-q", "-b", "side", first)
    repo.commit("side", {"side": "1\n"})
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    repo.git("commit", "-q", "-m", "a submodule")

    where = ("--repo", repo.folder, "--git-history")
    assert post(server, *where)[0] == (5, 5, 0, 0)
    assert diffs_of(store, first) == {}
    assert post(server, *where, "--with-diff")[0] == (5, 4, 1, 0), "the merge has no lines"
    found = diffs_of(store, first)
    assert {name: text for name, text in found.items() if name not in ("late", "long")} == {
        "crlf.c": "@@ -0,0 +1,2 @@\n+a\r\n+b\n\\ No newline at end of file\n", "latin": "@@ -0,0 +1,2 @@\n+caf\ufffd\n+at = _redactedhost/\n",
        "patch.diff": "@@ -0,0 +1,8 @@\n" + "".join(f"+{line}\n" for line in PATCH.splitlines()), "kind": "@@ -0,0 +1 @@\n+file\n",
        "mode": "@@ -0,0 +1 @@\n+m\n", "key.py": '@@ -0,0 +1,6 @@\n+K = """_redacted\n' + "+_redacted\n" * 3 + '+"""\n+last = 1\n',
        **dict.fromkeys(names, "@@ -0,0 +1 @@\n+1\n")}
    assert found["late"].endswith("x\n+\ufffdy\n") and found["long"].count("\n+line ") == 40
    assert diffs_of(store, second) == {
        "longer": "@@ -1,7 +1,6 @@\n line 0\n line 1\n line 2\n-line 3\n line 4\n line 5\n line 6\n"
                  "@@ -28,7 +27,6 @@ line 26\n line 27\n line 28\n line 29\n-line 30\n line 31\n line 32\n line 33\n",
        "crlf.c": "@@ -1,2 +1,2 @@\n a\r\n-b\n\\ No newline at end of file\n+c\n", "url": "@@ -0,0 +1,2 @@\n+x\n+at = _redactedhost/\n",
        "kind": "@@ -1 +0,0 @@\n-file\n@@ -0,0 +1 @@\n+long\n\\ No newline at end of file\n",
        "patch.diff": "@@ -4,5 +4,5 @@ index 0..1\n +++ b/x\n @@ -1,9 +1,9 @@\n -a\n-+b\n++c\n \x01" + "0" * 40 + "\n",
        **dict.fromkeys(names, "@@ -1 +1 @@\n-1\n+2\n")}
    assert diffs_of(store, repo.head()) == {"module": f"@@ -0,0 +1 @@\n+Subproject commit {'1' * 40}\n"}

    known = store.query("SELECT commit_sha, file_path, diff_text, lines_added FROM commit_files ORDER BY 1, 2")
    with server.client() as client:  # the same commits in other words, without their lines, after them and beside them
        told = [event for event in client.get("/v1/events?topic=commit.recorded@v1&limit=100").json()["events"] if event["repo_sha"] == second]
        for event in told:
            event["id"] += "-again"
            del event["position"], event["received_utc"]
            event["payload"]["summary"] = "in other words"
        assert sorted("diff_text" in str(event) for event in told) == [False, True]
        for order in (told, told[::-1]):
            answer = client.post("/v1/events", order).json()
            assert (answer["stored"] + answer["duplicates"], answer["rejected"]) == (2, 0), answer
            assert store.query("SELECT commit_sha, file_path, diff_text, lines_added FROM commit_files ORDER BY 1, 2") == known
            for event in order:
                event["id"] += "-turned"
    for words in (("--with-diff",), ()):
        assert post(server, *where, *words)[0] == (5, 0, 5, 0)
    indexer.run("--repo", repo.folder, "--with-diff", "--out", scratch / "out")
    told = [json.loads(line) for line in (scratch / "out/events.ndjson").read_text("utf-8").splitlines()]
    ids = {event["id"] for event in told if event["topic"] == "commit.recorded@v1"}
    assert len(ids) == 5 and ids <= {name for (name,) in store.query("SELECT id FROM events")}, "the indexer tells the same"


def test_the_lines_of_a_change_are_bounded(server, store, repository):
    """64 KiB of a file, and of a commit what leaves it an event that a server takes."""
    line = "\x1b" * 99 + "\n"
    sha = repository.commit("large", {"a": "a\n" + "b" * 70_000 + "\nc\n", **{f"f{n:02}": line * 1000 for n in range(30)}})
    assert post(server, "--commit", sha, "--with-diff", "--repo", repository.folder)[0] == (1, 1, 0, 0)
    found = diffs_of(store, sha)
    assert found["a"] == "@@ -0,0 +1,3 @@\n+a\n\\ cut: 70005 more bytes\n"
    head = "@@ -0,0 +1,1000 @@\n"
    lines = (65536 - len(head)) // 101
    assert found["f00"] == head + f"+{line}" * lines + f"\\ cut: {101 * (1000 - lines)} more bytes\n"
    with server.client() as client:
        assert 4 << 20 < len(client.get("/v1/events?topic=commit.recorded@v1").body) < 5 << 20
    assert len(found) < 30 and store.scalar("SELECT count(*) FROM commit_files") == 31


def test_an_answer_without_room_is_asked_for_by_halves(start_server, store, repository):
    """Commits that are stored in other words are duplicates, also where the answer cannot name each; what was stored is counted once."""
    server = start_server(store, config={"http.max_answer_b": 65536})
    stream = []
    for n in range(400):
        stream.append(f"commit refs/heads/main\ncommitter A <a@b> {1700000000 + n} +0000\ndata 1\nx\n"
                      f"M 644 inline f\ndata {len(str(n))}\n{n}\n")
    repository.git("fast-import", "--quiet", stdin="\n".join(stream).encode())
    repository.git("reset", "--hard", "--quiet", "main")
    assert post(server, "--git-history", "--repo", repository.folder, "--branch", "main")[0] == (400, 400, 0, 0)
    repository.commit("one more", {"f": "new\n"})
    counts, done = post(server, "--git-history", "--repo", repository.folder, "--branch", "other")
    assert counts == (401, 1, 400, 0) and done.err == ""


def test_what_is_no_repository(server, scratch):
    folder = scratch / "empty"
    folder.mkdir()
    done = binary.run("post", "--git-history", "--repo", folder, "--server", server.url, check=1,
                      env={"GIT_CEILING_DIRECTORIES": str(scratch)})
    assert "no git repository" in done.err
    fresh = Repository(scratch / "fresh")
    assert post(server, "--git-history", "--repo", fresh.folder)[0] == (0, 0, 0, 0)
    done = binary.run("post", "--commit", "HEAD", "--repo", fresh.folder, "--server", server.url, check=1)
    assert "names no commit" in done.err


def test_the_repositorys_name(server, store, repository):
    sha = repository.commit("one", {"a": "1\n"})
    repository.git("remote", "add", "origin", "git@host.example:team/product.git")
    post(server, "--git-history", "--repo", repository.folder)
    assert store.scalar("SELECT repo FROM commits WHERE commit_sha = ?", (sha,)) == "product"
    other = repository.commit("two", {"a": "2\n"})
    post(server, "--commit", other, "--repo", repository.folder, "--repo-name", "named", "--branch", "release")
    assert tuple(store.query("SELECT repo, branch FROM commits WHERE commit_sha = ?", (other,))[0]) == ("named", "release")


def test_the_branch_is_the_one_of_the_first_recording(server, store, repository):
    sha = repository.commit("one", {"a": "1\n"})
    where = ("--repo", repository.folder)
    assert post(server, "--git-history", *where)[0] == (1, 1, 0, 0)
    repository.git("checkout", "-q", "-b", "side")
    later = repository.commit("two", {"a": "2\n"})
    assert post(server, "--git-history", *where)[0] == (2, 1, 1, 0)
    repository.git("checkout", "-q", "--detach")
    alone = repository.commit("three", {"a": "3\n"})
    assert post(server, "--git-history", *where)[0] == (3, 1, 2, 0)
    branches = dict(tuple(row) for row in store.query("SELECT commit_sha, branch FROM commits"))
    assert branches == {sha: "main", later: "side", alone: None}
    with server.client() as client:
        found = client.post("/v1/query", b"SELECT commits (commit_sha) FROM branch(side)", headers={"Content-Type": "text/plain"})
    assert found.json()["rows"] == [[later]]
