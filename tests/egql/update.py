#!/usr/bin/python3
"""Writes into the cases what build/egqlc says now: after a change that is meant, run it and read the difference. Sections that are there are
filled; a case that is meant to fail and does not, or the other way round, is named and left as it is."""
import pathlib
import re
import subprocess
import sys

ARGUMENTS = {"columns": ["--check"], "error": [], "postgresql": ["--dialect", "postgresql"], "sqlite": ["--dialect", "sqlite"]}


def section(name, query, params, old):
    run = subprocess.run(["build/egqlc", *params, *ARGUMENTS[name]], input=query, capture_output=True, text=True, check=False)
    if run.returncode != (1 if name == "error" else 0):
        print(f"-- {name}: {query}\n{run.stdout}{run.stderr}", file=sys.stderr)
        return old
    return (run.stdout + run.stderr).rstrip("\n")


def case(text):
    name, _, rest = text.partition("\n")
    query, *parts = re.split(r"^-- (\w+)\n", rest, flags=re.M)
    query, params, out = query.rstrip("\n"), [], []
    for kind, body in zip(parts[::2], parts[1::2]):
        body = body.rstrip("\n")
        if kind == "params":
            for line in body.splitlines():
                params += ["--param", ":".join(line.split())]
        else:
            body = section(kind, query, params, body)
        out.append(f"-- {kind}\n{body}\n")
    return f"== {name}\n{query}\n" + "".join(out)


for path in sorted(pathlib.Path("tests/egql").glob("*.case")):
    head, *cases = re.split(r"^== ", path.read_text("utf-8"), flags=re.M)
    path.write_text("\n".join([head.rstrip("\n") + "\n", *map(case, cases)]), "utf-8")
