"""Links between the documents of this repository lead to files that exist, and to headings that exist."""
import posixpath
import re

import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text):
    """The names that a forge gives to headings."""
    names = set()
    for heading in re.findall(r"^#+ +(.*)$", text, re.M):
        name = re.sub(r"[^\w\- ]", "", re.sub(r"`|\[|\]\([^)]*\)", "", heading).lower()).strip().replace(" ", "-")
        names.add(name)
    return names


for name in tree.files(".md"):
    text = re.sub(r"^```.*?^```", lambda block: "\n" * block.group().count("\n"), tree.text(name), flags=re.M | re.S)
    for found in LINK.finditer(text):
        target, _, anchor = found.group(1).partition("#")
        line = text.count("\n", 0, found.start()) + 1
        if re.match(r"[a-z]+:", found.group(1)):
            continue
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) if target else name
        if not (tree.ROOT / path).exists():
            tree.complain(name, line, f"a link to {target}, which does not exist")
        elif anchor and path.endswith(".md") and anchor not in anchors(tree.text(path)):
            tree.complain(name, line, f"a link to #{anchor} of {path}, which has no such heading")
tree.finish()
