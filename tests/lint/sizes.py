"""Files of at most 500 lines, functions of at most 70, lines of at most 140 characters (tables in .def apart); a C file opens with its
task."""
import re

import tree

FILE_LINES, FUNCTION_LINES, LINE_CHARACTERS = 500, 70, 140
# A function's head begins at the margin, has a parenthesis and no semicolon; a brace at the margin ends its body.
HEAD = re.compile(r"^[A-Za-z_][\w\s*]*\(")


def functions(lines):
    start = None
    for number, line in enumerate(lines, 1):
        if start is None:
            if HEAD.match(line) and not line.rstrip().endswith(";"):
                start, has_brace = number, "{" in line
                if has_brace and line.rstrip().endswith("}"):
                    start = None
        elif not has_brace:
            if line.rstrip().endswith(";"):
                start = None
            has_brace = "{" in line
        elif line.startswith("}"):
            yield start, number
            start = None


for name in tree.files(".c", ".h", ".def"):
    lines = tree.text(name).splitlines()
    if len(lines) > FILE_LINES:
        tree.complain(name, len(lines), f"{len(lines)} lines; at most {FILE_LINES}")
    if not lines or not lines[0].startswith("/*"):
        tree.complain(name, 1, "opens without a comment that says its task")
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_CHARACTERS and not name.endswith(".def"):
            tree.complain(name, number, f"{len(line)} characters; at most {LINE_CHARACTERS}")
    for start, end in functions(lines):
        if end - start + 1 > FUNCTION_LINES:
            tree.complain(name, start, f"a function of {end - start + 1} lines; at most {FUNCTION_LINES}")
tree.finish()
