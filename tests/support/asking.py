"""Clients that ask and wait, and what the reads' pool says of them."""
import contextlib
import socket

from . import wait
from .figures import metric


@contextlib.contextmanager
def asking(server, n, target):
    """n clients that ask and wait; they go at the end."""
    with contextlib.ExitStack() as stack:
        for _ in range(n):
            asker = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            asker.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        yield


def busy(client, run, waits):
    wait.until(lambda: (metric(client, "egdb_store_reads_running"), metric(client, "egdb_store_reads_waiting")) == (run, waits),
               f"{run} reads run and {waits} wait")
