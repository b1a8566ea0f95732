"""What the lints look at: the files of the repository (or of the folder given as the first argument, for the lints' own tests), and how a
complaint is made."""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
_complaints = []


def files(*endings, under=()):
    """Tracked and new files, less what git ignores; relative paths as strings, sorted."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, check=True).stdout.decode("utf-8").split("\0")
    return sorted({name for name in listed if name and (ROOT / name).is_file()
                   and (not endings or name.endswith(endings)) and (not under or name.startswith(tuple(under)))})


def text(name):
    return (ROOT / name).read_text("utf-8")


def complain(name, line, what):
    _complaints.append(f"{name}:{line}: {what}")


def finish():
    for complaint in _complaints:
        print(complaint)
    sys.exit(1 if _complaints else 0)
