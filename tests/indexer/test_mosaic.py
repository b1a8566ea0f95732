"""The mosaic: `graph` says where nodes lie on it, `mosaic` what each commit did there, as events, as a map and as a picture."""
import json
import math
import os
import shutil
import struct
import zlib
from urllib.parse import urlencode

import pytest

from support import binary, indexer
from support.repository import Repository

SMALL = "def {0}(a):\n    for x in a:\n        print(x)\n    return a\n"


@pytest.fixture
def repository(scratch):
    return Repository(scratch / "repo")


def phi_links(store):
    found = {}
    for uid, cell, weight in store.query("SELECT n.uid, p.mosaic_cell, p.weight FROM phi_links p JOIN ast_nodes n ON n.id = p.ast_node_id"):
        found.setdefault(uid, {})[cell] = weight
    return found


def test_nodes_lie_on_the_mosaic(repository, server, store):
    repository.commit(files={"a.py": SMALL.format("f") + SMALL.format("g"), "b.py": "", "c.txt": "text\n" * 100, "d.bin": b"\0" * 500})
    indexer.run("graph", "--repo", repository.folder, "--server", server.url, "--rows", 4, "--cols", 8)
    links = phi_links(store)
    assert set(links) == {"AST::a.py#", "AST::a.py#f", "AST::a.py#g", "AST::b.py#"}
    for cells in links.values():
        assert math.isclose(sum(cells.values()), 1) and all(cell.startswith("MOZ::4x8@r") for cell in cells)
    assert set(links["AST::a.py#f"]) | set(links["AST::a.py#g"]) == set(links["AST::a.py#"])
    assert not set(links["AST::a.py#"]) & set(links["AST::b.py#"])
    # c.txt counts 112 lines (100 rounded up), a.py 8, b.py and d.bin have the cell that each file gets: 30 for a.py and c.txt
    assert len(links["AST::a.py#"]) == 2 and links["AST::b.py#"].popitem()[1] == 1


def test_the_graph_of_a_commit_uses_the_default_grid_or_the_policy(repository, scratch):
    repository.commit(files={"a.py": SMALL.format("f")})

    def grids(*args):
        indexer.run("graph", "--repo", repository.folder, "--out", scratch / "out", *args)
        event = json.loads((scratch / "out/events.ndjson").read_text("utf-8"))
        return {link["cell"].split("@")[0] for link in event["payload"]["phi"]}

    (scratch / "policy.json").write_text('{"rows": 3, "cols": 5}')
    assert grids() == {"MOZ::64x64"}
    assert grids("--policy", scratch / "policy.json") == {"MOZ::3x5"}
    assert grids("--policy", scratch / "policy.json", "--rows", "7") == {"MOZ::7x5"}


@pytest.mark.parametrize("args, said", [(("--rows", "0"), "--rows"), (("--cols", "257"), "--cols"), (("--rows", "x"), "--rows"),
                                        (("--policy", "no such file"), "no such file")])
def test_wrong_grids_are_refused(repository, scratch, args, said):
    repository.commit(files={"a.py": SMALL.format("f")})
    done = indexer.run("graph", "--repo", repository.folder, "--out", scratch / "out", *args, check=None)
    assert done.returncode in (1, 2) and said in done.err


def mosaics(repository, *args):
    """What `mosaic` says of commits, by sha; by default of all."""
    out = repository.folder.parent / "mosaic"
    indexer.run("mosaic", "--repo", repository.folder, "--out", out, *(args or ("--all",)))
    events = [json.loads(line) for line in (out / "events.ndjson").read_text("utf-8").splitlines()]
    return {event["payload"]["sha"]: event["payload"] for event in events}


def cells(payload, name):
    return {cell["cell"]: cell[name] for cell in payload["cells"] if cell[name] > 0}


def distance(repository):
    """I3 of HEAD; None: not applicable."""
    stats = mosaics(repository, "--to", "HEAD")[repository.head()]["stats"]
    assert stats["applicable"] == ("distance" in stats)
    return stats.get("distance")


BASE = "import os\n\n\n" + SMALL.format("f") + "\n\n" + SMALL.format("g")


def test_tokens_that_explain_the_lines_are_near(repository):
    repository.commit(files={"a.py": BASE, "z.txt": "z\n" * 50})
    repository.commit(files={"a.py": BASE + SMALL.format("h")})
    assert distance(repository) == 0
    repository.commit(files={"a.py": BASE})  # and what goes
    assert distance(repository) == 0
    repository.git("rm", "-q", "a.py")
    repository.commit()
    assert distance(repository) == 0
    repository.commit(files={"b.py": SMALL.format("f")})  # a file of a function alone
    assert distance(repository) == 0


def test_a_definition_that_moves_is_explained_at_both_places(repository):
    repository.commit(files={"a.py": SMALL.format("f") + SMALL.format("g"), "b.py": SMALL.format("k")})
    repository.commit(files={"a.py": SMALL.format("f"), "b.py": SMALL.format("k") + SMALL.format("g")})
    found = mosaics(repository, "--to", "HEAD")[repository.head()]
    assert [(token["token"], token["weight"], token["observed"]) for token in found["explain"]] == [("MOVE_SYMBOL", 1, 1)]
    assert set(cells(found, "phi")) == set(cells(found, "observed"))
    assert sum(cells(found, "phi").values()) == pytest.approx(1) and max(cells(found, "phi").values()) == pytest.approx(0.5)


def test_removed_lines_lie_where_their_hunk_is_now(repository):
    """Lines go and come at three places of a file whose lines have a cell each."""
    lines = [f"v{n} = {n}\n" for n in range(20)]
    repository.commit(files={"a.py": "".join(lines)})
    now = lines[:3] + ["new = 1\n", "new = 2\n"] + lines[3:8] + lines[10:14] + ["other = 1\n"] + lines[15:]
    assert len(now) == 20
    repository.commit(files={"a.py": "".join(now)})
    found = cells(mosaics(repository, "--rows", 1, "--cols", 20)[repository.head()], "observed")
    assert found == {f"MOZ::1x20@r0c{at}": pytest.approx(n / 6) for at, n in ((3, 1), (4, 1), (10, 2), (14, 2))}


def test_a_change_in_unparsed_places_is_far(repository):
    repository.commit(files={"a.py": BASE, "notes.txt": "n\n" * 200})
    repository.commit(files={"a.py": BASE + SMALL.format("h"), "notes.txt": "m\n" * 200})
    assert distance(repository) > 0.5
    repository.commit(files={"a.py": BASE + SMALL.format("h") + "if (:\n" + "  ] nonsense (\n" * 40})
    assert distance(repository) > 0.5


def test_form_is_no_change(repository):
    """White space, comments and the order of imports: alone they leave nothing to compare; beside a change they are not looked for."""
    code = "import os\nimport sys\n\n\n" + SMALL.format("f") + "\n\n" + SMALL.format("g")
    form = "import sys\nimport os\n# words\n\n\n" + SMALL.format("f") + "\n\n\n# more\n" + SMALL.format("g").replace("x)", "x )  # why")
    repository.commit(files={"a.py": code, "b.py": code})
    repository.commit(files={"a.py": form})
    assert distance(repository) is None
    stats = mosaics(repository, "--to", "HEAD")[repository.head()]["stats"]
    assert stats["added"] > 0 and stats["cells_observed"] == 0
    repository.commit(files={"a.py": code, "b.py": code + SMALL.format("h")})
    assert distance(repository) == 0
    repository.commit(files={"a.py": code.replace("import sys", "import sys as s")})  # what an import is called here is code
    assert distance(repository) is not None
    repository.commit(files={"b.py": "def (\n"})
    repository.commit(files={"b.py": "def  (\n"})  # nobody knows what this is
    assert distance(repository) == 1


def test_the_distance_of_what_no_token_lies_on(repository):
    """Of 30 changed lines 20 stand in a text; the policy of the folder of declarations says how far that is."""
    repository.commit(files={"a.py": BASE, "z.txt": "z\n" * 20})
    repository.commit(files={"a.py": BASE + "\n" + SMALL.format("h"), "z.txt": "y\n" * 10 + "z\n" * 10})
    found = mosaics(repository, "--to", "HEAD", "--distance", "uncovered")[repository.head()]
    stats = found["stats"]
    assert (stats["added"] + stats["removed"], stats["metric"]) == (25, "uncovered")
    covered = sum(cell["observed"] for cell in found["cells"] if cell["phi"] > 0)
    assert math.isclose(stats["distance"], 1 - covered, abs_tol=1e-9) and math.isclose(covered, 4 / 25, abs_tol=1e-9)


def test_the_declared_policy_is_the_default(repository, scratch):
    repository.commit(files={"a.py": BASE})
    spec = scratch / "spec"
    shutil.copytree(binary.ROOT / "spec/policies", spec / "policies")
    declared = json.loads((spec / "policies/mosaic.json").read_text("utf-8"))
    assert {name: declared[name] for name in ("rows", "cols", "distance")} == {"rows": 64, "cols": 64, "distance": "iou"}
    (spec / "policies/mosaic.json").write_text('{"rows": 2, "cols": 3, "distance": "emd"}')
    found = mosaics(repository, "--to", "HEAD", "--spec", spec)[repository.head()]
    assert (found["grid"]["rows"], found["grid"]["cols"], found["stats"]["metric"]) == (2, 3, "emd")
    found = mosaics(repository, "--to", "HEAD", "--spec", spec, "--cols", 5, "--distance", "l2")[repository.head()]
    assert (found["grid"]["rows"], found["grid"]["cols"], found["stats"]["metric"]) == (2, 5, "l2")
    indexer.run("graph", "--repo", repository.folder, "--spec", spec, "--out", scratch / "graph")
    assert "MOZ::2x3@" in (scratch / "graph/events.ndjson").read_text("utf-8")
    (spec / "policies/mosaic.json").write_text('{"rows": 0}')
    assert "rows" in indexer.run("mosaic", "--repo", repository.folder, "--spec", spec, "--out", scratch / "o", check=1).err


def test_without_code_there_is_no_distance(repository):
    repository.commit(files={"a.py": BASE, "README.md": "a\n"})
    repository.commit(files={"README.md": "b\n" * 9})
    assert distance(repository) is None
    repository.commit()  # empty
    assert distance(repository) is None
    repository.git("mv", "a.py", "b.py")  # no line of it changed
    repository.commit()
    assert distance(repository) is None


def test_the_figures_are_those_of_their_formulas(repository, scratch):
    """Ten lines in ten cells; f has four lines, of which the signature and one more changed."""
    one = "def f(a):\n    x = a\n    y = x\n    return y\n" + "k = 0\n" * 6
    repository.commit(files={"a.py": one})
    repository.commit(files={"a.py": one.replace("def f(a)", "def f(a, b)").replace("y = x", "y = 2")})
    found = mosaics(repository, "--rows", 1, "--cols", 10)[repository.head()]
    at = [f"MOZ::1x10@r0c{n}" for n in range(10)]
    assert cells(found, "phi") == {at[n]: 0.25 for n in range(4)} and cells(found, "observed") == {at[0]: 0.5, at[2]: 0.5}
    stats = found["stats"]
    assert (stats["added"], stats["removed"], stats["cells_phi"], stats["cells_observed"], stats["cells_common"]) == (2, 2, 4, 2, 2)
    assert stats["distance"] == 0.5 and stats["coverage"] == 0.2 and stats["metric"] == "iou"
    for name, wanted in (("l2", math.sqrt(4 * 0.25 ** 2 / 2)), ("emd", (0.25 + 0 + 0.25 + 0) / 9)):
        found = mosaics(repository, "--rows", 1, "--cols", 10, "--distance", name)[repository.head()]
        assert math.isclose(found["stats"]["distance"], wanted, abs_tol=1e-9) and found["stats"]["metric"] == name


def test_a_range_and_a_second_run(repository, server, store):
    first = repository.commit(files={"a.py": BASE})
    for n in range(3):
        repository.commit(files={"a.py": BASE + SMALL.format(f"h{n}"), "b.py": SMALL.format("k") * (n + 1)})
    once, again, whole = (json.loads(indexer.run("mosaic", "--repo", repository.folder, "--server", server.url, *words).out)
                          for words in (("--from", first), ("--from", first), ("--all",)))
    assert (once["commits"], once["stored"]) == (3, 3) and (again["stored"], again["duplicates"]) == (0, 3)
    assert (whole["commits"], whole["stored"], whole["duplicates"]) == (4, 1, 3)
    assert store.scalar("SELECT count(DISTINCT sha) FROM mosaic_deltas") == 4


def test_the_panels_give_rows(repository, server, client):
    repository.commit(files={"a.py": BASE})
    sha = repository.commit(files={"a.py": BASE + SMALL.format("h")})
    name = repository.folder.name
    for command in (("graph",), ("history",), ("mosaic", "--all")):
        indexer.run(*command, "--repo", repository.folder, "--server", server.url)

    def panel(panel_name, **params):
        columns, rows = (client.get(f"/v1/panels/{panel_name}?{urlencode(params)}").json()[member] for member in ("columns", "rows"))
        return [dict(zip([column["name"] for column in columns], row)) if isinstance(row, list) else row for row in rows]

    placed = panel("phi-cells", uid="AST::a.py#h")
    assert placed == panel("phi-cells", uid="AST::a.py#h", repo=name)
    assert math.isclose(sum(row["weight"] for row in placed), 1)
    assert "AST::a.py#h" in [row["uid"] for row in panel("phi-nodes", cell=placed[0]["cell"])]
    compared = panel("phi-difference", sha=sha[:8])
    assert {row["cell"] for row in compared} >= {row["cell"] for row in placed}
    assert math.isclose(sum(row["observed"] for row in compared), 1) and math.isclose(sum(row["projected"] for row in compared), 1)
    tiles = client.post("/v1/query", {"query": "SELECT tiles (cell, observed, phi) FROM sha($s)", "params": {"s": sha}}).json()["rows"]
    assert sorted([row["cell"], row["observed"], row["projected"]] for row in compared) == sorted(tiles)


def test_the_map_and_the_picture(repository, scratch):
    repository.commit(files={"a.py": BASE, "b.py": BASE})
    first = repository.head()
    repository.commit(files={"a.py": BASE + SMALL.format("h"), "c.py": SMALL.format("k")})
    maps = {}
    for name, words in (("one", ("--to", first)), ("two", ()), ("three", ())):
        indexer.run("mosaic", "--repo", repository.folder, "--rows", 8, "--cols", 16, "--strict", "--out", scratch / name, *words)
        maps[name] = json.loads((scratch / name / "mosaic_map.json").read_text("utf-8"))
    assert [file["path"] for file in maps["two"]["files"]] == ["a.py", "b.py", "c.py"]
    assert sum(file["cells"] for file in maps["two"]["files"]) == 8 * 16 and maps["two"]["base"] == first
    for file in ("mosaic_map.json", "mosaic_delta.png", "events.ndjson"):
        assert (scratch / "two" / file).read_bytes() == (scratch / "three" / file).read_bytes()
    width, height, pixels = read_png((scratch / "two/mosaic_delta.png").read_bytes())
    assert (width, height) == (16 * 8, 8 * 8)
    touched = {cell["cell"]: cell for cell in maps["two"]["cells"]}
    for row in range(8):
        for col in range(16):
            red, green, blue = pixels[row * 8 + 3][(col * 8 + 3) * 3:][:3]
            cell = touched.get(f"MOZ::8x16@r{row}c{col}")
            assert (green == 0, green == 0 and red > 0, green == 0 and blue > 0) == (
                cell is not None, bool(cell and cell["observed"]), bool(cell and cell["phi"]))
    compared = json.loads(indexer.run("mosaic", "--compare", scratch / "one/mosaic_map.json", scratch / "two/mosaic_map.json").out)
    assert (compared["files"]["added"], compared["files"]["removed"], compared["same_grid"]) == (1, 0, True)
    assert compared["files"]["moved"] + compared["files"]["same"] == 2 and compared["observed"] > 0
    compared = json.loads(indexer.run("mosaic", "--compare", scratch / "two/mosaic_map.json", scratch / "three/mosaic_map.json").out)
    assert compared["files"] == {"added": 0, "removed": 0, "moved": 0, "same": 3} and compared["observed"] == compared["phi"] == 0


def read_png(data):
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        assert struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0] == zlib.crc32(name + body)
        if name == b"IHDR":
            width, height, *kind = struct.unpack(">IIBBBBB", body)
            assert kind == [8, 2, 0, 0, 0]
        packed += body if name == b"IDAT" else b""
        at += 12 + length
    rows, step = zlib.decompress(packed), width * 3 + 1
    assert len(rows) == step * height
    return width, height, [rows[y * step + 1:(y + 1) * step] for y in range(height)]


def test_a_picture_of_what_is_posted(repository, scratch, server, store):
    repository.commit(files={"a.py": BASE})
    repository.commit(files={"a.py": BASE + SMALL.format("h")})
    indexer.run("mosaic", "--repo", repository.folder, "--server", server.url, cwd=scratch)
    assert not (scratch / ".glx").exists()
    indexer.run("mosaic", "--repo", repository.folder, "--server", server.url, "--png", cwd=scratch)
    indexer.run("mosaic", "--repo", repository.folder, "--out", scratch / "out")
    for name in ("mosaic_map.json", "mosaic_delta.png"):
        assert (scratch / ".glx/mosaic" / name).read_bytes() == (scratch / "out" / name).read_bytes()
    assert store.scalar("SELECT count(DISTINCT sha) FROM mosaic_deltas") == 1


def test_odd_states(repository):
    """Root, binary, symbolic links, no newline at the end, a merge: a defined result."""
    repository.commit()
    assert distance(repository) is None
    repository.commit(files={"d.bin": b"\0\1\2" * 99, "huge.py": "x = 1\n" * 400_000, "end.py": "x = 1", "e.py": ""})
    os.symlink("end.py", repository.folder / "link.py")
    repository.commit(files={"d.bin": b"\0\3" * 50})
    repository.git("rm", "-q", "d.bin", "huge.py")
    repository.commit(files={"end.py": "x = 1\n"})
    repository.git("checkout", "-q", "-b", "side", "HEAD~1")
    repository.commit(files={"side.py": SMALL.format("s")})
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "-m", "merge", "side")
    found = mosaics(repository)
    assert len(found) == 6
    for payload in found.values():
        for name in ("phi", "observed"):
            assert not cells(payload, name) or math.isclose(sum(cells(payload, name).values()), 1)


@pytest.mark.parametrize("args", [("--compare", "a"), ("--compare", "a", "b"), ("word",), ("--from", "HEAD", "--all"), ("--distance", "x"),
                                  ("--to", "none")])
def test_wrong_usage(repository, args):
    repository.commit(files={"a.py": BASE})
    assert indexer.run("mosaic", "--repo", repository.folder, "--out", repository.folder.parent / "o", *args, check=2).err
