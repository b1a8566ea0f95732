"""Every source, unit test and fuzzer of the tree is named in the Makefile, and every name there is a file. What the programs are built of
is not hidden from the image's build."""
import re

import tree

make = re.sub(r"\\\n", " ", tree.text("Makefile"))
lists = {name: value.split() for name, value in re.findall(r"^(\w+_SRC|UNIT_TESTS|FUZZERS) *= *(.*)$", make, re.M)}
named = {word for words in lists.values() for word in words if not word.startswith("$(")}

for name in sorted(named):
    if not (tree.ROOT / name).is_file():
        tree.complain("Makefile", 1, f"names {name}, which does not exist")
for name in tree.files(".c", under=("base/", "db/", "egql/", "findings/", "git/", "server/", "indexer/", "tests/unit/", "tests/fuzz/")):
    if name not in named:
        tree.complain(name, 1, "is not named in the Makefile")
let_in = {line[1:].split("/")[0] for line in tree.text(".dockerignore").splitlines() if line.startswith("!")}
for room in sorted({name.split("/")[0] for name in named} - let_in - {"tests", "bench"}):
    tree.complain(".dockerignore", 1, f"hides {room}/ from the build of the image: add !{room}")
tree.finish()
