"""base/errors.def and docs/errors.md say the same: each code has a heading, in the order of the list, and its HTTP status."""
import re

import tree

ROW = re.compile(r'^X\(\w+,\s*"(\w+)",\s*(\d+),\s*"([^"]+)",', re.M)
defined = [(code, status) for code, status, _ in ROW.findall(tree.text("base/errors.def"))]
sections = re.split(r"^## ", tree.text("docs/errors.md"), flags=re.M)[1:]
described = []
for section in sections:
    heading, _, body = section.partition("\n")
    status = re.search(r"^Status (\d{3})\.", body.strip())
    described.append((heading.strip(), status.group(1) if status else "none"))
    if "\n**What to do.** " not in body:
        tree.complain("docs/errors.md", 1, f"{heading.strip()}: does not say what to do")
for code, status in defined:
    if (code, status) not in described:
        tree.complain("docs/errors.md", 1, f"no section `## {code}` that begins with `Status {status}.`")
for code, status in described:
    if (code, status) not in defined:
        tree.complain("docs/errors.md", 1, f"describes {code} ({status}), which base/errors.def does not have")
if not defined or (not tree._complaints and described != defined):
    tree.complain("docs/errors.md", 1, "the order is not that of base/errors.def")
tree.finish()
