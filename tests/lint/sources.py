"""Every source, unit test and fuzzer of the tree is named in the Makefile, and every name there is a file."""
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
tree.finish()
