"""Envelopes to post. What a test does not say gets a value that is valid and never the same twice."""
import datetime
import itertools
import os
import threading
import time

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_counter = itertools.count(int.from_bytes(os.urandom(4), "big"))
_lock = threading.Lock()


def ulid(at_s=None):
    """A ULID that sorts by its making within this process."""
    with _lock:
        number = next(_counter)
    value = (int((at_s or time.time()) * 1000) << 80) | (number << 32) | int.from_bytes(os.urandom(4), "big")
    return "".join(_DIGITS[(value >> shift) & 31] for shift in range(125, -1, -5))


def utc(at_s=None):
    moment = datetime.datetime.fromtimestamp(at_s if at_s is not None else time.time(), datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event(topic, payload, **kw):
    """A whole envelope; kw overrides a member, and None leaves it out."""
    envelope = {"id": ulid(), "topic": topic, "ts_utc": utc(), "source": "tests", "correlation_id": ulid(),
                "repo_sha": "0" * 40, "payload": payload}
    envelope.update(kw)
    return {name: value for name, value in envelope.items() if value is not None}


def run_started(run_id=None, **kw):
    run_id = run_id or ulid()
    return event("run.started@v1", {"run_id": run_id, "sha": "0" * 40, "started": utc()}, **kw)


def step_finished(run_id, idx=0, name="pipeline.build_ctx", dt_ms=123, **kw):
    return event("core.step.finished@v1", {"run_id": run_id, "name": name, "idx": idx, "dt_ms": dt_ms}, **kw)


def label(sha=None, value="good", reason="by a test", **kw):
    """An event without a parent: one event, one row of commit labels."""
    return event("commit.labelled@v1", {"sha": sha or os.urandom(20).hex(), "label": value, "reason": reason}, **kw)
