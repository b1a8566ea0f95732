"""Events of an earlier version, read as a later one: what the later version declares, and nothing that is stored changes."""
import json
import shutil

import pytest

from support import binary, events


def declaration(version, properties, examples, **annotation):
    return {"$id": f"old.thing.happened@v{version}", "title": "A thing", "type": "object", "additionalProperties": False,
            "required": list(properties), "properties": properties, "x-egdb": {"rows": [], "examples": examples, **annotation}}


V1 = declaration(1, {"ms": {"type": "integer"}, "who": {"type": "object"}}, [{"ms": 5, "who": {"na/me": "a"}}, {"ms": 6, "who": {}}])
V2 = declaration(2, {"took": {"type": "object"}, "by": {"type": "string"}}, [{"took": {}, "by": "x"}] * 2, upcast={
    "from": "old.thing.happened@v1", "set": {"/took/n": "/ms", "/took/unit": "=ms", "/by": ["/who/na~1me", "=nobody"]},
    "drop": ["/ms", "/who"]})
V3 = declaration(3, {"took": {"type": "object"}, "by": {"type": "string"}, "tags": {"type": "array"}},
                 [{"took": {}, "by": "x", "tags": []}] * 2, upcast={"from": "old.thing.happened@v2", "set": {"/tags": "=[\"old\"]"}})


def spec_of(scratch, *documents):
    folder = scratch / "spec"
    shutil.copytree(binary.ROOT / "spec", folder)
    (folder / "schemas/old").mkdir()
    for document in documents:
        (folder / f"schemas/old/{document['$id']}.json").write_text(json.dumps(document), "utf-8")
    return str(folder)


def test_read_as_the_newest(start_server, store, scratch):
    with start_server(store, args=["--spec", spec_of(scratch, V1, V2, V3)]).client() as client:
        first = events.event("old.thing.happened@v1", {"ms": 7, "who": {"na/me": "ann"}})
        other = events.event("old.thing.happened@v1", {"ms": 8, "who": {}})
        second = events.event("old.thing.happened@v2", {"took": {"n": 1.5}, "by": "bob"})
        label = events.label()
        assert client.post("/v1/events", [first, other, second, label]).status == 200
        stored = client.get("/v1/events").json()["events"]
        assert [event["payload"] for event in stored] == [event["payload"] for event in (first, other, second, label)]
        read = client.get("/v1/events?upcast=1").json()["events"]
        assert [event["topic"] for event in read] == ["old.thing.happened@v3"] * 3 + [label["topic"]]
        assert [event.get("upcast_from") for event in read] == [first["topic"], first["topic"], second["topic"], None]
        assert [event["payload"] for event in read] == [
            {"took": {"n": 7, "unit": "ms"}, "by": "ann", "tags": ["old"]}, {"took": {"n": 8, "unit": "ms"}, "by": "nobody", "tags": ["old"]},
            {"took": {"n": 1.5}, "by": "bob", "tags": ["old"]}, label["payload"]]
        for event in read[:3]:  # all else is as it was
            was = next(one for one in stored if one["id"] == event["id"])
            assert {**event, "topic": 0, "payload": 0, "upcast_from": 0} == {**was, "topic": 0, "payload": 0, "upcast_from": 0}
        assert client.get(f"/v1/events/{first['id']}?upcast=1").json() == read[0]
        assert client.get(f"/v1/events/{first['id']}?upcast=0").json() == stored[0]
        assert client.get("/v1/events?upcast=1&topic=old.thing.happened@v1").json()["events"] == read[:2]  # filters see what is stored
        assert "upcast=1" in client.get("/v1/events?upcast=1&limit=1").headers["Link"]
        for path in ("/v1/events", f"/v1/events/{first['id']}"):
            assert client.get(path + "?upcast=perhaps").json()["code"] == "usage"


def test_check_runs_the_examples_up(scratch):
    ok = binary.run("check", "--spec", spec_of(scratch, V1, V2, V3), "--no-store", check=0)
    assert " 0 failed" in ok.out
    shutil.rmtree(scratch / "spec")
    wrong = {**V2, "x-egdb": {**V2["x-egdb"], "upcast": {**V2["x-egdb"]["upcast"], "drop": []}}}
    said = binary.run("check", "--spec", spec_of(scratch, V1, wrong), "--no-store", check=1).err
    assert "examples[0], upcast to old.thing.happened@v2, is not valid there" in said


@pytest.mark.parametrize("upcast, says", [
    ({}, "x-egdb.upcast is"), ({"from": "old.thing.happened@v1", "more": 1}, "x-egdb.upcast is"),
    ({"from": "old.thing.happened@v1", "set": []}, "x-egdb.upcast is"), ({"from": "old.thing.happened@v3"}, "no earlier version"),
    ({"from": "run.started@v1"}, "no earlier version"), ({"from": "old.thing.happened@v0"}, "there is no topic"),
    ({"from": "old.thing.happened@v1", "set": {"a": "/b"}}, "no pointer"), ({"from": "old.thing.happened@v1", "set": {"/a": "b"}}, "no pointer"),
    ({"from": "old.thing.happened@v1", "set": {"/a": 3}}, "neither a pointer"), ({"from": "old.thing.happened@v1", "drop": [1]}, "no pointer"),
    ({"from": "old.thing.happened@v1", "drop": ["/~2"]}, "~"), ({"from": "old.thing.happened@v1", "drop": ["/a" * 20]}, "too deep"),
])
def test_what_is_refused(scratch, upcast, says):
    wrong = {**V2, "x-egdb": {**V2["x-egdb"], "upcast": upcast}}
    assert says in binary.run("check", "--spec", spec_of(scratch, V1, wrong), "--no-store", check=78).err


def test_two_from_one(scratch):
    third = {**V3, "x-egdb": {**V3["x-egdb"], "upcast": V2["x-egdb"]["upcast"]}}
    assert "is upcast by" in binary.run("check", "--spec", spec_of(scratch, V1, V2, third), "--no-store", check=78).err
