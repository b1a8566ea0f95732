"""Declarations of one's own beside those that ship."""
import json
import shutil

from . import binary


def with_panels(scratch, **panels):
    """A copy of spec/ with panels of one's own beside it."""
    spec = scratch / "spec"
    shutil.copytree(binary.ROOT / "spec", spec)
    for name, panel in panels.items():
        declared = ({
            "name": name.replace("_", "-"), "system": "own", "group": "Own", "title": "t", "description": "d", "parameters": [], "cache_s": 0,
            "draw": {"kind": "table"}, "columns": [{"name": "n", "type": "integer", "title": "n"}], **panel})
        (spec / "panels" / f"{name.replace('_', '-')}.json").write_text(
            json.dumps({member: value for member, value in declared.items() if value is not None}))
    return spec


def endless(store):
    """A panel that never ends by itself."""
    return {"sql": {"any": "SELECT count(*) FROM (SELECT pg_sleep(600)) AS s" if store.kind == "postgresql" else
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"}}
