"""What the commands of this folder share: programs, stores, servers, loads, and the table in which every figure stands beside its limit.

Rounds alternate between the contenders, so that other work on the machine meets all of them; what counts is the median of the rounds'
ratios. Results also go as lines of JSON into the file that EGDB_BENCH_RESULTS names (`make bench` prints them as one table)."""
import argparse
import contextlib
import glob
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from support import binary, events, ports, postgres, server, stores  # noqa: E402

# fsync and synchronous_commit on, as PostgreSQL comes; but it has more memory and connections, the checkpoints are rarer, as on any server that
# takes writes, and the files of its log are used again (WAL_FILES): a new server makes each anew, 16 MiB of zeros while a commit waits, which
# would be a hundredth of all answers.
WAL_FILES = 64
SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "min_wal_size": f"{16 * WAL_FILES}MB", "wal_level": "replica", "max_wal_senders": "10",
            "fsync": "on", "synchronous_commit": "on", "max_connections": "200"}
RUN = "bench-run"
_missed = []  # names of the figures that missed their limit


def arguments(text, **defaults):
    """--rounds, --seconds and what the command adds: each keyword an option with its default."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    for name, (default, meaning) in defaults.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(default, bool):
            parser.add_argument(flag, action="store_true", help=meaning)
        elif isinstance(default, list):
            parser.add_argument(flag, choices=default, nargs="+", default=default, help=meaning)
        else:
            parser.add_argument(flag, type=type(default), default=default, help=meaning)
    options = parser.parse_args()
    for program in (tool("load"), tool("sqlite_limit"), tool("pg_copy_limit"), binary.path().parent / "egql_probe"):
        if not program.exists():
            parser.error(f"no {program}; run `make build benches`")
    return options


def run(main):
    """A command: ends with 1 when a figure missed its limit."""
    main()
    if _missed:
        sys.exit(f"bench: missed: {'; '.join(_missed)}")


def tool(name):
    return binary.path().parent / "bench" / name


def run_json(*command, env=None):
    """The last line of a program's output, which is JSON."""
    done = subprocess.run([str(word) for word in command], cwd=ROOT, stdout=subprocess.PIPE, timeout=7200, env=env)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(str(word) for word in command)} ended with {done.returncode}")
    return json.loads(done.stdout.decode().splitlines()[-1])


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")), "")
    memory = int(open("/proc/meminfo", encoding="utf-8").readline().split()[1]) // (1 << 20)
    return f"{os.cpu_count()} × {model or platform.machine()}, {memory} GiB, Linux {platform.release()}"


@contextlib.contextmanager
def bench():
    """A folder, and a PostgreSQL when it is first asked for."""
    with contextlib.ExitStack() as stack:
        yield Bench(pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="egdb-bench-"))), stack)


class Bench:
    def __init__(self, folder, stack):
        self.folder, self.stack, self._cluster, self.n = folder, stack, None, 0
        self.templates = stores.Templates(folder)

    def cluster(self):
        if not self._cluster:
            self._cluster = self.stack.enter_context(postgres.Cluster(SETTINGS))
            for _ in range(WAL_FILES):
                self._cluster.admin("SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal()")
            self._cluster.admin("CHECKPOINT")
        return self._cluster

    def spent_s(self, running):
        """Processor time of a server and of its PostgreSQL."""
        return cpu_s(running.process.pid) + (tree_cpu_s(self._cluster.postmaster_pid()) if running.store.kind == "postgresql" else 0)

    def new_store(self, kind):
        """A migrated, empty database. The caller removes it."""
        self.n += 1
        if kind == "sqlite":
            return stores.SqliteStore(self.folder / f"egdb-{self.n}.db", template=self.templates.sqlite())
        store = stores.PostgresStore(self.cluster())
        store.create(template=self.templates.postgres(self.cluster()))
        return store

    @contextlib.contextmanager
    def store(self, kind):
        store = self.new_store(kind)
        try:
            yield store
        finally:
            store.remove()

    @contextlib.contextmanager
    def serving(self, store, config=None, warm=2000):
        """A server with a run for the steps, warmed up."""
        running = server.Server(store, self.folder, config={"log.level": "warn", **(config or {})})
        running.start()
        try:
            with running.client() as client:
                answer = client.post_event(events.run_started(RUN))
                if answer.status not in (200, 201):
                    sys.exit(f"bench: the run is not taken: {answer}")
            if warm:
                load(running.port, connections=8, events=warm, topic="step", run=start_run(running))
            yield running
        finally:
            running.stop()


def start_run(running):
    """A run of its own, so that a load's steps are new."""
    run = events.ulid()
    with running.client() as client:
        client.post_event(events.run_started(run))
    return run


def load(port, **options):
    """bench/load; refuses answers other than the wanted (200, 201; any with poison)."""
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    said = run_json(tool("load"), "--port", port, *words)
    other = {status: said[status] for status in said if status.isdigit() and status not in ("200", "201")}
    if other and not options.get("poison"):
        sys.exit(f"bench: the server answered {other}")
    return said


def rss_b(pid):
    fields = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status", encoding="utf-8"))
    return int(fields["VmRSS"].split()[0]) * 1024


def cpu_s(pid):
    fields = open(f"/proc/{pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_ms(pids):
    """Of all their threads; the kernel counts nanoseconds. Who has ended meanwhile counts 0."""
    total = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            with contextlib.suppress(OSError), open(path, encoding="ascii") as stat:
                total += int(stat.read().split()[0])
    return total / 1e6


def backends(store):
    """PostgreSQL's processes that serve this database; none of SQLite."""
    if store.kind == "sqlite":
        return []
    return [pid for (pid,) in store.query("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")]


def tree_cpu_s(pid):
    """Of a process and of its children, those that ended included."""
    fields = open(f"/proc/{pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()
    ended = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
    children = open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8").read().split()
    return cpu_s(pid) + ended + sum(cpu_s(int(child)) for child in children)


median = statistics.median
mean = statistics.fmean


def spread(values):
    return f"{min(values):.4g}–{max(values):.4g}"


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def report(what, figure, unit, limit_name, limit, need=None, aim=None, most=None, ratio=None):
    """One line: a figure beside its limit. need, aim: the ratio wanted at least; most: the ratio allowed at most. ratio: when it is not
    figure / limit (the median of rounds)."""
    ratio = figure / limit if ratio is None else ratio
    verdict = ""
    if need is not None:
        verdict = f"need ≥ {need:g}" + (f", aim {aim:g}" if aim else "") + (": met" if ratio >= need else ": MISSED")
    elif most is not None:
        verdict = f"need ≤ {most:g}" + (": met" if ratio <= most else ": MISSED")
    if verdict.endswith("MISSED"):
        _missed.append(what)
    line = {"what": what, "figure": figure, "unit": unit, "limit_name": limit_name, "limit": limit, "ratio": ratio, "verdict": verdict}
    print_line(line)
    if os.environ.get("EGDB_BENCH_RESULTS"):
        with open(os.environ["EGDB_BENCH_RESULTS"], "a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")


def print_line(line):
    print(f"{line['what']:<52} {number(line['figure']):>9} {line['unit']:<9} {line['limit_name']:<34} {number(line['limit']):>9} "
          f"ratio {line['ratio']:5.2f}  {line['verdict']}", flush=True)


def say(text):
    print(text, flush=True)


if __name__ == "__main__":  # the table of a whole run
    say(machine())
    for entry in pathlib.Path(sys.argv[1]).read_text("utf-8").splitlines():
        print_line(json.loads(entry))
