"""Bodies of public test data that stand beside the checkout, not in it. What is not there is not run, and that is said in the report and in
the summary of `make test`; a test then runs on the cases that the checkout has."""
import os
import pathlib

from . import binary

KNOWN = ("json-parsing", "json-schema", "cdevents", "sarif")


def root():
    return pathlib.Path(os.environ.get("EGDB_CORPORA", binary.ROOT.parent / "shared" / "corpora"))


def folder(name):
    """The folder of a corpus, or None; then the report says so."""
    path = root() / name
    if path.is_dir():
        return path
    _note(f"corpus not run: {name} (not at {path}; set EGDB_CORPORA)")
    return None


def files(name, pattern="**/*.json"):
    """The files of a corpus, sorted; an empty list when it is not there."""
    path = folder(name)
    return sorted(path.glob(pattern)) if path else []


def missing_report():
    return [f"corpus not there: {name} (set EGDB_CORPORA)" for name in KNOWN if not (root() / name).is_dir()]


def _note(text):
    notes = os.environ.get("EGDB_NOTES")
    if notes:
        with open(notes, "a", encoding="utf-8") as out:
            out.write(text + "\n")
    print(text)
