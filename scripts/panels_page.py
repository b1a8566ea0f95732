#!/usr/bin/python3
"""docs/reference/panels.md from spec/panels. `panels_page.py write` writes it; `panels_page.py check` exits with 1 when it is not what it
would write."""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/reference/panels.md"
HEAD = """# Panels

A panel is a question that is asked often, declared once in `spec/panels/` ([how](declarations.md#a-panel)) and asked by name:

```sh
egdb panels                                                  # which there are
egdb panels hot-modules --param sha=$(git rev-parse HEAD)    # one of them
curl 'http://127.0.0.1:8421/v1/panels/gate-heatmap?last=7d&format=csv'
```

An answer is a query's, with `generated_at`, and is kept for the seconds named below; `Cache-Control` and a weak `ETag` say so. A parameter that is
not of its type, or that the panel does not have, is refused with `param_invalid`. A duration is `90m`, `24h`, `7d` or `4w`, at most 3,660 days, up to now; or the time
since when, like `2025-10-10T12:00:00Z`, which together with `until` asks for the same range whenever it is asked. Where a panel takes the beginning of a sha, it says so
(4 digits at least; `query_invalid`, `sha_unknown` and `sha_ambiguous` say what is wrong with it). Answers hold at most `panels.rows_most` rows.

On PostgreSQL some aggregates come from materialized views: they are as old as their last refresh, which happens after each run that finishes,
every `views.refresh_s` seconds when something was written, and by `POST /v1/views/refresh`. Those of tokens are refreshed every
`views.tokens_refresh_s` (30) seconds when tokens were written, and their panel keeps its answer for 20 s: what it shows is one minute old at most.

This page is made from `spec/panels` by `scripts/panels_page.py`.
"""


def words(param):
    text = param["type"]
    if "values" in param:
        text += ": " + ", ".join(param["values"])
    if param["type"] in ("integer", "number"):
        text += f", {param['least']} to {param['most']}"
    if param.get("required"):
        return text + ", required"
    if "default" not in param:
        return text + ", may be left out"
    return f"{text}, default `{param['default']}`" if param["default"] != "" else text + ", default empty"


def page():
    panels = [json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "spec/panels").glob("*.json"))]
    lines = [HEAD]
    for group in sorted({panel["group"] for panel in panels}):
        lines.append(f"## {group}\n")
        for panel in (one for one in panels if one["group"] == group):
            kept = f"Kept for {panel['cache_s']} s." if panel["cache_s"] else "Not kept."
            needs = f" Needs the scope `{panel['scope']}` beside `query`." if "scope" in panel else ""
            lines += [f"### {panel['name']}\n", f"**{panel['title']}.** {panel['description']} {kept}{needs}\n"]
            if panel["parameters"]:
                lines += ["| parameter | value | meaning |", "| --- | --- | --- |"]
                lines += [f"| `{one['name']}` | {words(one)} | {one['title']} |" for one in panel["parameters"]] + [""]
            if "egql" in panel:
                lines += ["```", *panel["egql"], "```", ""]
            if "columns" in panel:
                lines += ["Columns: " + "; ".join(f"`{one['name']}` {one['title']}" for one in panel["columns"]) + ".\n"]
    return "\n".join(lines)


def main():
    if sys.argv[1:] == ["write"]:
        PAGE.write_text(page(), "utf-8")
    elif sys.argv[1:] == ["check"]:
        if not PAGE.exists() or PAGE.read_text("utf-8") != page():
            print(f"{PAGE}: not what spec/panels says; run scripts/panels_page.py write", file=sys.stderr)
            return 1
    else:
        print("usage: scripts/panels_page.py write|check", file=sys.stderr)
        return 2
    return 0


sys.exit(main())
