"""Free ports below the range that the kernel gives to outgoing connections, so that nobody takes one between look and use. None is given
twice, and workers of pytest-xdist that run at once look in ranges of their own."""
import itertools
import os
import random
import socket

FIRST, LAST, EACH = 20000, 32000, 1500


def _range():
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        return range(FIRST, LAST)
    first = FIRST + int(worker.removeprefix("gw")) * EACH % (LAST - FIRST)
    return range(first, first + EACH)


_tried = itertools.cycle(_range())
for _ in range(random.randrange(len(_range()))):  # elsewhere than the run before
    next(_tried)


def free():
    for port in itertools.islice(_tried, EACH):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port on 127.0.0.1")
