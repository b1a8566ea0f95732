"""The program under test."""
import os
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def path():
    return pathlib.Path(os.environ.get("EGDB_BIN", ROOT / "build" / "egdb")).resolve()


def is_instrumented():
    return "asan" in path().parts or "tsan" in path().parts


def environment(extra=None):
    """Without the EGDB_* of whoever runs the tests, and with sanitizers that stop at the first report."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("EGDB_")}
    env["ASAN_OPTIONS"] = "abort_on_error=0:exitcode=99:detect_leaks=1"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
    env.update(extra or {})
    return env


def run(*args, env=None, timeout_s=300, stdin=b"", check=None):
    """Runs `egdb args…` to its end. With check, that exit code is demanded."""
    done = subprocess.run([str(path()), *map(str, args)], cwd=ROOT, env=environment(env), input=stdin,
                          capture_output=True, timeout=timeout_s)
    done.out, done.err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    assert_clean(done.err)
    if check is not None:
        assert done.returncode == check, f"egdb {' '.join(map(str, args))} → {done.returncode}\n{done.out}{done.err}"
    return done


REPORTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "UndefinedBehavior", "runtime error:", "assertion failed:")


def assert_clean(text):
    for mark in REPORTS:
        if mark in text:
            at = text.index(mark)
            raise AssertionError("egdb said: " + text[max(0, at - 200):at + 6000])
