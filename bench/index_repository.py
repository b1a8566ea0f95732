"""Repositories for bench/index, the same bytes on every machine: files of Python made by a seeded generator, and a history of small commits."""
import random
import subprocess

WORDS = ("load", "parse", "count", "merge", "split", "check", "build", "write", "state", "token", "cells", "range", "index", "group", "store",
         "value", "first", "entry", "limit", "scope")


def name(choose, n=2):
    return "_".join(choose.choice(WORDS) for _ in range(n))


def expression(choose, names):
    a, b = choose.choice(names), choose.choice(names)
    return choose.choice((f"{a} + {choose.randrange(100)}", f"{name(choose)}({a}, {b})", f"self.{name(choose)}({a})[{choose.randrange(9)}]",
                          f'"{name(choose, 3)} of %s" % {a}', f"[item for item in {a} if item]", f"{{{a!r}: {b}, 'n': len({a})}}",
                          f"{a}.{name(choose)} if {b} else None", f"{a} and not {b}"))


def statements(choose, names, depth):
    pad, lines = "    " * depth, []
    for _ in range(choose.randrange(2, 6)):
        kind = choose.randrange(10)
        if kind < 5 or depth > 4:
            target = name(choose)
            lines.append(f"{pad}{target} = {expression(choose, names)}")
            names = [*names, target]
        elif kind < 7:
            lines += [f"{pad}if {expression(choose, names)}:", *statements(choose, names, depth + 1)]
        elif kind < 8:
            lines += [f"{pad}for {name(choose, 1)} in {choose.choice(names)}:", *statements(choose, names, depth + 1)]
        elif kind < 9:
            lines += [f"{pad}# {' '.join(choose.choice(WORDS) for _ in range(9))}", f"{pad}pass"]
        else:
            lines.append(f"{pad}{name(choose)}({', '.join(names[:3])}, key={choose.randrange(1000)})")
    return [*lines, f"{pad}return {choose.choice(names)}"] if depth < 3 else lines


def function(choose, depth, own):
    pad = "    " * depth
    params = [name(choose, 1) + str(n) for n in range(choose.randrange(4))]
    head = ", ".join((["self"] if own else []) + params[:-1] + [f"{p}=None" for p in params[-1:]])
    doc = [f'{pad}    """{" ".join(choose.choice(WORDS) for _ in range(12))}."""'] if choose.random() < 0.5 else []
    return [f"{pad}def {name(choose)}_{choose.randrange(1000)}({head}):", *doc, *statements(choose, params + ["self" if own else "os"], depth + 1), ""]


def source(number):
    """The text of one file, about 13 KB."""
    choose = random.Random(number)
    lines = [f'"""Module {number}."""', "import os", f"from .m{number // 2} import {name(choose)}", f"from d{number % 37} import s{number % 11} as other", ""]
    for _ in range(choose.randrange(1, 5)):
        lines += function(choose, 0, False)
    for n in range(choose.randrange(1, 4)):
        lines += [f"class {name(choose).title().replace('_', '')}{n}(object):"]
        for _ in range(choose.randrange(2, 9)):
            lines += function(choose, 1, True)
    return "\n".join(lines).encode("ascii")


def make(folder, write):
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    importer = subprocess.Popen(["git", "-C", str(folder), "fast-import", "--quiet"], stdin=subprocess.PIPE)
    write(importer.stdin.write)
    importer.stdin.close()
    if importer.wait():
        raise SystemExit("bench: git fast-import failed")


def blob(text):
    return b"data %d\n" % len(text) + text + b"\n"


def head(number):
    return b"commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\n" % (1_600_000_000 + 60 * number) + blob(b"commit %d" % number)


def files(folder, texts, count, ending="py"):
    """One commit of so many files; texts are used again and again."""
    def write(put):
        put(head(0))
        for n in range(count):
            put(b"M 100644 inline d%d/s%d/m%d.%s\n" % (n % 37, n % 11, n, ending.encode()) + blob(texts[n % len(texts)]))
    make(folder, write)


def commits(folder, count):
    """So many small commits: each writes one of 1,800 files, in which two of twenty functions change."""
    def write(put):
        choose = random.Random(1)
        for n in range(count):
            put(head(n))
            text = b"import os\n" + b"".join(b"def f%d_%d(a, b):\n    x = a + %d\n    if x > b:\n        return g%d(x, b)\n    return x\n" %
                                             (i, n % 7 if i == n % 20 else 0, n % 5, i) for i in range(20))
            put(b"M 100644 inline p%d/m%d.py\n" % (n % 9, choose.randrange(200)) + blob(text))
    make(folder, write)
