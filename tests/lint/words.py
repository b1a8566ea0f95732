"""Nothing of one machine, no marks of unfinished work, no third-party hosts, no stray white space."""
import re

import tree

SELF = "tests/lint/words.py"
RULES = [
    (re.compile(r"(?<![\w./-])/(?:work|root|mnt|media)/|/home/\w"), "a path of one machine"),
    (re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b"), "a mark of unfinished work: do it, or write it down in docs/"),
    (re.compile(r"https?://(?:registry\.npmjs|deb\.debian|security\.debian|pypi|files\.pythonhosted|proxy\.golang)\b"), "a package host"),
    (re.compile(r"\b(?:design|domain|pitfalls|packages|measurements|style)\.md\b"), "a document that is not in this repository"),
    (re.compile(r"<<<<<<< |>>>>>>> "), "a mark of a merge"),
]
SPACE = re.compile(r"[ \t]+$")
SKIP = (".lock", "package-lock.json", ".png", ".ico", ".gz", ".zst", ".patch", ".diff")


for name in tree.files():
    if name == SELF or name.endswith(SKIP) or "/corpus/" in name:
        continue
    try:
        lines = tree.text(name).splitlines()
    except UnicodeDecodeError:
        tree.complain(name, 1, "is not UTF-8 text")
        continue
    for number, line in enumerate(lines, 1):
        for pattern, what in RULES:
            if pattern.search(line):
                tree.complain(name, number, what)
        if SPACE.search(line) and not name.endswith(".md"):
            tree.complain(name, number, "white space at the end of the line")
tree.finish()
