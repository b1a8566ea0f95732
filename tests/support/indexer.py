"""egdb-index beside the program under test."""
import json
import subprocess

from . import binary


def path():
    return binary.path().parent / "egdb-index"


def run(*args, cwd=None, env=None, timeout_s=300, check=0):
    """Runs `egdb-index args…` to its end; check: the exit code demanded, None for any."""
    done = subprocess.run([str(path()), *map(str, args)], cwd=cwd or binary.ROOT, env=binary.environment(env), stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout_s)
    done.out, done.err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    binary.assert_clean(done.err)
    if check is not None:
        assert done.returncode == check, f"egdb-index {' '.join(map(str, args))} → {done.returncode}\n{done.out[-4000:]}{done.err[-4000:]}"
    return done


class Symbols:
    """What `egdb-index symbols` finds in one text."""

    def __init__(self, folder, name, text):
        file = folder / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
        lines = [json.loads(line) for line in run("symbols", file).stdout.decode("utf-8").splitlines()]
        self.file = lines[0]
        self.defs = [line for line in lines if "def" in line]
        self.imports = [(line["import"], line.get("symbol", ""), line.get("as", "")) for line in lines if "import" in line]
        self.calls = [(line.get("in", ""), line["call"]) for line in lines if "call" in line]

    def meaning(self):
        """All but places: what formatting must not change."""
        return ([{k: v for k, v in line.items() if k != "lines"} for line in self.defs], sorted(self.imports), sorted(self.calls))
