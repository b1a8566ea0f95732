"""What the build does when something of the page is missing: it fails, and says what."""
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of hud/ with the installed packages: its build writes into the copy."""
    folder = tmp_path_factory.mktemp("bundle")
    shutil.copytree(ROOT / "hud", folder / "hud")
    (folder / "build/hud-npm").mkdir(parents=True)
    os.symlink(ROOT / "build/hud-npm/node_modules", folder / "build/hud-npm/node_modules")
    return folder


def bundle(tree):
    return subprocess.run(["node", "hud/build.mjs"], cwd=tree, capture_output=True, text=True, timeout=60)


def test_the_page_is_made_whole(tree):
    done = bundle(tree)
    assert done.returncode == 0, done.stderr
    rows = (tree / "build/hud/assets.def").read_text("utf-8")
    for name in ("index.html", "licences.txt"):
        assert f'"{name}"' in rows and (tree / "build/hud" / name).exists()


@pytest.mark.parametrize("missing", ["views/healer.js", "components/table.js", "icon.svg", "index.html"])
def test_a_missing_asset_fails_the_build(tree, missing):
    away = tree / "away"
    os.rename(tree / "hud" / missing, away)
    try:
        done = bundle(tree)
    finally:
        os.rename(away, tree / "hud" / missing)
    assert done.returncode != 0 and pathlib.Path(missing).name in done.stderr
