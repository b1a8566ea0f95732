#!/usr/bin/python3
"""config/egdb.ini and docs/reference/configuration.md from server/options.def, docs/reference/metrics.md from server/admin/metrics.def.
`options.py write` writes them; `options.py check` exits with 1 when one of them is not what it would write."""
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROW = re.compile(r'^X\((\w+), (\w+), (\w+), "([^"]*)", (\d+), (\d+), "([^"]+)",\s*"((?:[^"\\]|\\.)*)"\)$', re.M)
SECTIONS = {
    "server": "What the server answers on, and where it finds what comes with it.",
    "log": "Lines on standard error.",
    "auth": "Who may do what. Without auth the server listens on loopback only.",
    "http": "Bounds of the HTTP server. Reaching one is answered 408, 413, 431 or 503, never by growing.",
    "event": "Bounds on the way of an event into the store.",
    "stream": "Streams of events: GET /v1/events/stream.",
    "views": "Materialized views.",
    "panels": "Answers of panels.",
    "query": "Bounds of queries. A request may ask for less than the most, never for more.",
    "store": "The database.",
}


def options():
    rows = ROW.findall((ROOT / "server/options.def").read_text("utf-8"))
    return [dict(zip(("section", "name", "kind", "default", "least", "most", "flag", "help"), row)) for row in rows]


def env(option):
    return "EGDB_" + option["flag"].upper().replace("-", "_")


def bounds(option):
    if option["kind"] == "INT":
        return f"{option['least']} to {option['most']}"
    return "on or off" if option["kind"] == "BOOL" else ""


def ini():
    lines = [
        "# The configuration of EGDB, every option with its default. Take the ; away from what you change.",
        "#",
        "# Read from --config FILE, EGDB_CONFIG, config/egdb.ini in the working directory, or /etc/egdb/egdb.ini: the first that there is.",
        "# A flag wins over the environment, that over this file. Every option is also a flag and a variable: store.dsn is --store and",
        "# EGDB_STORE. An option that is not known is an error. Units: _ms milliseconds, _s seconds, _b bytes, _mib mebibytes.",
        "#",
        "# Made from server/options.def by scripts/options.py.",
    ]
    section = None
    for option in options():
        if option["section"] != section:
            section = option["section"]
            lines += ["", "", f"[{section}]", f"# {SECTIONS[section]}"]
        lines.append("")
        allowed = bounds(option)
        lines += textwrap.wrap(option["help"], 118, initial_indent="# ", subsequent_indent="# ")
        lines.append(f"# --{option['flag']}, {env(option)}" + (f"; {allowed}" if allowed else ""))
        lines.append(f";{option['name']} = {option['default']}".rstrip())
    return "\n".join(lines) + "\n"


def markdown():
    lines = [
        "# Configuration",
        "",
        "Every option is a line of `config/egdb.ini`, a flag, and a variable of the environment. A flag wins over the environment, that over",
        "the file, that over the default. The file is `--config FILE`, else `EGDB_CONFIG`, else `config/egdb.ini` in the working directory,",
        "else `/etc/egdb/egdb.ini`. What is not known is refused with exit code 78, and the nearest known name is given. `on` may be written",
        "`true`, `yes` or `1`; `off` likewise.",
        "",
        "The commands that talk to a server read `EGDB_SERVER` (its URL), `EGDB_TOKEN_FILE` and `EGDB_TOKEN` as well.",
        "",
        "This page is made from `server/options.def` by `scripts/options.py`.",
    ]
    section = None
    for option in options():
        if option["section"] != section:
            section = option["section"]
            lines += ["", f"## {section}", "", SECTIONS[section], "", "| option | flag | environment | default | meaning |",
                      "| --- | --- | --- | --- | --- |"]
        allowed = bounds(option)
        meaning = option["help"] + (f" ({allowed})" if allowed else "")
        default = f"`{option['default']}`" if option["default"] else ""
        lines.append(f"| `{option['section']}.{option['name']}` | `--{option['flag']}` | `{env(option)}` | {default} | {meaning} |")
    return "\n".join(lines) + "\n"


FIGURE = re.compile(r'^X\(\w+,\s*(gauge|counter),\s*"(\w+)",\s*"([^"]*)"\)', re.M)
HTTP_FIGURES = [
    ("egdb_http_requests_total", "counter", "Answered requests, by `route`, `method` and `status`"),
    ("egdb_http_request_seconds", "histogram", "From a request's head to its answer, by `route` and `method`"),
    ("egdb_http_step_seconds_total", "counter", "Time in each step of a flow, waiting included, by `flow` and `step`"),
    ("egdb_http_step_runs_total", "counter", "How often a step ended, by `flow` and `step`"),
    ("egdb_http_refused_total", "counter", "Requests and connections cut without a flow's answer, by `reason`"),
    ("egdb_http_received_bytes_total", "counter", "Body bytes received, as they came"),
    ("egdb_http_sent_bytes_total", "counter", "Body bytes of answers, as they went"),
    ("egdb_http_connections", "gauge", "Open connections"),
    ("egdb_http_streams", "gauge", "Answers that are made while they are sent"),
    ("egdb_http_suspended", "gauge", "Requests that wait"),
    ("egdb_http_body_bytes", "gauge", "Memory held for bodies"),
]


def metrics():
    rows = [("egdb_build_info", "gauge", "1, with `version`, `store` and `schema` as labels")]
    rows += [(name, kind, text) for kind, name, text in FIGURE.findall((ROOT / "server/admin/metrics.def").read_text("utf-8"))]
    rows += [("egdb_commit_seconds", "histogram", "Time of a transaction of events, from its first statement to its commit")]
    lines = ["# Metrics", "",
             "`GET /metrics` answers Prometheus text (version 0.0.4), open to all. Counters begin at 0 with the process. What to watch:",
             "`egdb_store_up`, `egdb_queue_events` against `event.queue_most_events`, the rate of `egdb_events_dead_lettered_total`, and the",
             "99th percentile of `egdb_commit_seconds`.", "",
             "This page is made from `server/admin/metrics.def` by `scripts/options.py`.", "", "| name | kind | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {kind} | {text} |" for name, kind, text in rows + HTTP_FIGURES]
    return "\n".join(lines) + "\n"


FILES = {"config/egdb.ini": ini, "docs/reference/configuration.md": markdown, "docs/reference/metrics.md": metrics}


def main(words):
    if words not in (["write"], ["check"]):
        print("usage: scripts/options.py write|check", file=sys.stderr)
        return 2
    wrong = 0
    for name, make in FILES.items():
        path = ROOT / name
        if words == ["write"]:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(make(), "utf-8")
        elif not path.exists() or path.read_text("utf-8") != make():
            print(f"{name}: not what its list says; run scripts/options.py write", file=sys.stderr)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
