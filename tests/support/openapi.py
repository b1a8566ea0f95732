"""Answers against openapi.yaml: the path's status and media type are declared, and every member of a JSON body is described."""
import functools
import json
import re
import urllib.parse

import yaml

from . import binary

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


@functools.cache
def api():
    return yaml.load((binary.ROOT / "openapi.yaml").read_text("utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@functools.cache
def templates():
    """Fixed paths before those with a parameter."""
    return sorted(((re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in api()["paths"]), key=lambda pair: "{" in pair[1])


def resolved(part):
    while "$ref" in part:
        found = api()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = {**found, **{name: value for name, value in part.items() if name != "$ref"}}
    return part


def is_type(name, value):
    if name in ("integer", "number"):
        return isinstance(value, int if name == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


def together(schema):
    """A schema with all of its allOf in one."""
    schema = resolved(schema)
    for part in schema.get("allOf", []):
        part = together(part)
        schema = {**part, **schema, "properties": {**part.get("properties", {}), **schema.get("properties", {})},
                  "required": part.get("required", []) + schema.get("required", [])}
    return schema


def faults(schema, value, at):
    """What of value the schema does not say."""
    schema = together(schema)
    ways = schema.get("oneOf") or schema.get("anyOf")
    if ways:
        tried = [list(faults(way, value, at)) for way in ways]
        if all(tried):
            yield from min(tried, key=len)
        return
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(is_type(kind, value) for kind in kinds):
        yield f"{at} is no {' or '.join(kinds)}: {value!r:.80}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{at} is none of the values: {value!r:.80}"
    elif isinstance(value, list) and "items" in schema:
        for i, one in enumerate(value[:50]):
            yield from faults(schema["items"], one, f"{at}/{i}")
    elif isinstance(value, dict):
        yield from (f"{at} lacks {name}" for name in schema.get("required", []) if name not in value)
        described, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, one in value.items():
            if name in described:
                yield from faults(described[name], one, f"{at}/{name}")
            elif isinstance(others, dict):
                yield from faults(others, one, f"{at}/{name}")
            elif described and not others:
                yield f"{at}/{name} is not described"


def answered(method, target, answer):
    """What is wrong with an answer of the server, as a list; what the description does not know at all (another path, HEAD) is none."""
    path = urllib.parse.urlsplit(target).path
    found = next((name for pattern, name in templates() if pattern.fullmatch(path)), None)
    way = api()["paths"].get(found, {}).get(method.lower())
    if not way:
        return []
    declared = way["responses"].get(str(answer.status))
    if not declared:
        return [f"{method} {found}: {answer.status} is not declared"]
    content = resolved(declared).get("content", {})
    media = answer.headers.get("Content-Type", "").split(";")[0].strip()
    if answer.body and media not in content:
        return [f"{method} {found}: {answer.status} with {media} is not declared"]
    if not answer.body or not re.fullmatch(r"application/(.*\+)?json", media) or answer.headers.get("Content-Encoding"):
        return []
    return [f"{method} {found}: {answer.status}{fault}" for fault in faults(content[media].get("schema", {}), json.loads(answer.body), "")]
