"""Panels of another system in the HUD."""
import json
import shutil

from support import binary
from support.browser import run_flow

ROWS = [("2026-01-01", 4, "north"), ("2026-01-02", None, "north"), ("2026-01-03", 9, "north"), ("2026-01-01", 2, "south")]
DRAWN = {"table": {}, "bars": {"x": "place", "y": "degrees"}, "lines": {"x": "day", "y": "degrees", "series": "place"},
         "heat": {"x": "day", "y": "place", "value": "degrees"}, "timeline": {"x": "day", "y": "place"}}
PLACE = {"name": "place", "type": "text", "title": "which place", "required": True}


def sql(store_kind, where=""):
    moment = {"postgresql": "timestamptz '{day} 00:00:00+00'", "sqlite": "'{day}T00:00:00.000000Z'"}[store_kind]
    number = {"postgresql": "{n}::integer", "sqlite": "{n}"}[store_kind]
    rows = " UNION ALL ".join(f"SELECT {i} AS i, {moment.format(day=day)} AS day, {number.format(n='NULL' if n is None else n)} AS degrees, '{place}' AS place"
                              for i, (day, n, place) in enumerate(ROWS))
    return f"SELECT day, degrees, place FROM ({rows}) w {where} ORDER BY i"


def panel(name, draw, text, parameters=()):
    return {"name": name, "system": "weather", "group": "Weather", "title": f"Weather as {draw['kind']}", "description": "Of another system.",
            "parameters": list(parameters), "cache_s": 0, "draw": draw,
            "columns": [{"name": "day", "type": "time", "title": "day"}, {"name": "degrees", "type": "integer", "title": "degrees"},
                        {"name": "place", "type": "text", "title": "place"}],
            "sql": {"any": text}}


def test_declared(start_server, store, scratch, store_kind):
    spec = scratch / "spec"
    shutil.copytree(binary.ROOT / "spec", spec)
    made = [panel(f"weather-{kind}", {"kind": kind, **columns}, sql(store_kind)) for kind, columns in DRAWN.items()]
    made.append(panel("weather-asked", {"kind": "table"}, sql(store_kind, "WHERE place = $place"), [PLACE]))
    for one in made:
        (spec / "panels" / f"{one['name']}.json").write_text(json.dumps(one))
    run_flow("declared", start_server(store, args=["--spec", str(spec)]))
