#!/usr/bin/python3
"""docs/reference/cli.md from the program's own --help. `cli_page.py write PROGRAM` writes it; `cli_page.py check PROGRAM` exits with 1 when
it is not what would be written."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/reference/cli.md"

HEAD = """# The command line

    egdb COMMAND [FLAGS] [WORDS]

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | failed: the database is away or its schema old, an event was refused, something is wrong |
| 2 | wrong usage: an unknown command or flag, a missing word |
| 78 | wrong configuration: an unknown option, a value out of its bounds, a declaration that does not fit the tables |

A mistyped command, flag or option is answered with the nearest one. Results go to standard output, everything else to standard error.
Commands that use the configuration take each of its options as a flag too ([configuration](configuration.md)); `--help` lists those that
matter to the command.

This page is made from `egdb COMMAND --help` by `scripts/cli_page.py`.
"""


def run(program, *words):
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout


def page(program):
    text = HEAD
    for name in re.findall(r"^X\((\w+)\)", (ROOT / "server/cli/commands.def").read_text("utf-8"), re.M):
        said = run(program, name, "--help").split("\nconfiguration:\n")[0].rstrip()
        text += f"\n## {name}\n\n```\n{said}\n```\n"
    return text


def main(words):
    if len(words) != 2 or words[0] not in ("write", "check"):
        print("usage: scripts/cli_page.py write|check PROGRAM", file=sys.stderr)
        return 2
    text = page(words[1])
    if words[0] == "write":
        PAGE.write_text(text, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        print("docs/reference/cli.md: not what --help says; run scripts/cli_page.py write build/egdb", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
