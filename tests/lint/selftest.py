"""Makes each lint fail once, on a small repository with one fault in it: a lint that finds nothing is worse than none."""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
GOOD_C = '/* A room\'s file. */\n#include "base/a.h"\n\nint eg_a(void) {\n    return 1;\n}\n'
GOOD = {
    "base/a.h": "/* A header. */\n#ifndef A_H\n#define A_H\nint eg_a(void);\n#endif\n",
    "base/a.c": GOOD_C,
    "base/errors.def": '/* Errors. */\nX(A, "a", 400, "A", "Do a.")\nX(B, "b", 404, "B", "Do b.")\n',
    "docs/errors.md": "# Errors\n\n## a\n\nStatus 400. A.\n\n**What to do.** A.\n\n## b\n\nStatus 404. B.\n\n**What to do.** B.\n",
    "Makefile": "BASE_SRC = base/a.c\nUNIT_TESTS =\n",
    ".dockerignore": "*\n!Makefile\n!base\n",
    "run.sh": "#!/bin/sh\necho \"$1\"\n",
}
LONG_FUNCTION = "/* Long. */\nint eg_long(int x) {\n" + "    x++;\n" * 69 + "    return x;\n}\n"
# lint, what is wrong, the file with the fault, its text, what the lint must say
FAULTS = [
    ("includes.py", "base sees a room above", "base/a.c", GOOD_C + '#include "server/b.h"\n', "must not include"),
    ("includes.py", "a store's library elsewhere", "server/event/x.c", "/* X. */\n#include <sqlite3.h>\n", "is for db/db_sqlite_"),
    ("includes.py", "a path that is not from the root", "base/a.c", '/* A. */\n#include "a.h"\n', "from the root"),
    ("includes.py", "an unknown library", "db/x.c", "/* X. */\n#include <gtk/gtk.h>\n", "is in no table"),
    ("includes.py", "an unknown room", "extra/x.c", "/* X. */\n", "is in no room"),
    ("sizes.py", "a long file", "base/a.c", "/* A. */\n" + "int x;\n" * 500, "501 lines"),
    ("sizes.py", "a long function", "base/a.c", LONG_FUNCTION, "a function of 72 lines"),
    ("sizes.py", "a long line", "base/a.c", "/* A. */\n/*" + "x" * 140 + "*/\n", "144 characters"),
    ("sizes.py", "no opening comment", "base/a.c", "int x;\n", "without a comment"),
    ("sources.py", "a source that nobody builds", "base/b.c", GOOD_C, "not named in the Makefile"),
    ("sources.py", "a name without a file", "Makefile", "BASE_SRC = base/a.c base/gone.c\n", "does not exist"),
    ("sources.py", "a room that the image lacks", ".dockerignore", "*\n!Makefile\n", "hides base/"),
    ("words.py", "a path of one machine", "base/a.c", "/* See /ro" + "ot/notes. */\n", "a path of one machine"),
    ("words.py", "unfinished work", "base/a.c", "/* TO" + "DO: more. */\n", "unfinished"),
    ("words.py", "white space at a line's end", "base/a.c", "/* A. */ \n", "white space"),
    ("errors.py", "a code that is not described", "base/errors.def", GOOD["base/errors.def"] + 'X(C, "c", 500, "C", "c")\n', "no section"),
    ("errors.py", "another status", "docs/errors.md", GOOD["docs/errors.md"].replace("404", "410"), "Status 404"),
    ("errors.py", "no advice", "docs/errors.md", GOOD["docs/errors.md"].replace("**What to do.** B.\n", ""), "what to do"),
    ("links.py", "a link to nowhere", "docs/a.md", "# A\n\n[b](b.md)\n", "does not exist"),
    ("links.py", "a link to no heading", "docs/a.md", "# A\n\n[b](errors.md#c)\n", "no such heading"),
    ("headers.sh", "a header that needs another", "base/a.h", "/* A. */\nsize_t eg_a(void);\n", "does not compile alone"),
    ("shell.sh", "an unquoted variable", "run.sh", "#!/bin/sh\nrm -r $1/x\n", "SC2086"),
    ("openapi.sh", "no description at all", "openapi.yaml", "openapi: 3.1.0\ninfo: {title: A}\n", "error"),
    ("images.sh", "a tag that moves", "Dockerfile", "FROM debian:latest\nRUN apt-get install x\n", "Issues"),
]
NEEDS_TOOLS = ("openapi.sh", "images.sh")


def run(lint, folder):
    command = [sys.executable, str(HERE / lint)] if lint.endswith(".py") else [str(HERE / lint)]
    done = subprocess.run([*command, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def repository(parent, changes):
    folder = pathlib.Path(tempfile.mkdtemp(dir=parent))
    for name, text in {**GOOD, **changes}.items():
        write(folder, name, text)
    subprocess.run(["git", "-C", str(folder), "init", "-q"], check=True)
    return folder


faults = 0
with tempfile.TemporaryDirectory() as parent:
    good = repository(parent, {})
    for lint in sorted({fault[0] for fault in FAULTS if fault[0] not in NEEDS_TOOLS}):
        code, said = run(lint, good)
        if code != 0:
            faults += 1
            print(f"{lint} complains of what is right:\n{said}")
    for lint, what, name, text, expected in FAULTS:
        code, said = run(lint, repository(parent, {name: text}))
        if code == 0 or expected not in said:
            faults += 1
            print(f"{lint} does not see {what} (exit code {code}):\n{said}")
sys.exit(1 if faults else 0)
