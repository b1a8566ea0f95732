"""The mosaic: `graph` says where nodes lie on it, `mosaic` what each commit did there, as events, as a map and as a picture."""
import json
import math

import pytest

from support import indexer
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
