"""A client of GET /v1/events/stream: Server-Sent Events over a plain socket, so that a test may be slow, stop at any byte, and see comments."""
import json
import socket
import urllib.parse


class Event:
    def __init__(self, id_, kind, data):
        self.id, self.kind, self.data = id_, kind, data

    def json(self):
        return json.loads(self.data)

    @property
    def position(self):
        return int(self.id)

    def __repr__(self):
        return f"<{self.id} {self.kind} {self.data[:200]!r}>"


class Stream:
    """Iterates over events; the end of iteration is the end of the answer. complete says whether it had one."""

    def __init__(self, port, query=None, last_id=None, headers=None, timeout_s=120, receive_buffer_b=None):
        self.socket = socket.socket()
        if receive_buffer_b:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_b)
        self.socket.settimeout(timeout_s)
        self.socket.connect(("127.0.0.1", port))
        head = {"Host": "localhost", "Accept": "text/event-stream", **(headers or {})}
        if last_id is not None:
            head["Last-Event-ID"] = str(last_id)
        target = "/v1/events/stream" + ("?" + urllib.parse.urlencode(query) if query else "")
        self.socket.sendall(f"GET {target} HTTP/1.1\r\n".encode() +
                            "".join(f"{name}: {value}\r\n" for name, value in head.items()).encode() + b"\r\n")
        self.raw, self.text, self.comments = bytearray(), bytearray(), []
        self.last_id, self.complete, self.closed = last_id, False, False
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def _more(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        self.raw += data
        self.closed = self.closed or not data
        return bool(data)

    def head(self):
        """Waits for the answer's head; its status."""
        while self.status is None:
            end = self.raw.find(b"\r\n\r\n")
            if end < 0:
                if not self._more():
                    raise ConnectionError("no answer")
                continue
            first, *lines = bytes(self.raw[:end]).decode("latin-1").split("\r\n")
            self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            del self.raw[:end + 4]
            self.status = int(first.split()[1])
        return self.status

    def problem(self):
        self.head()
        while len(self.raw) < int(self.headers["content-length"]):
            assert self._more()
        return json.loads(bytes(self.raw))

    def _chunk(self):
        """Moves one chunk to the text; False at the end."""
        self.head()
        while True:
            line = self.raw.find(b"\r\n")
            if line >= 0:
                size = int(self.raw[:line], 16)
                if len(self.raw) >= line + 2 + size + 2:
                    self.text += self.raw[line + 2:line + 2 + size]
                    del self.raw[:line + 2 + size + 2]
                    self.complete = size == 0
                    return size > 0
            if not self._more():
                return False

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            end = self.text.find(b"\n\n")
            if end < 0:
                if self.complete or not self._chunk():
                    raise StopIteration
                continue
            block = bytes(self.text[:end]).decode("utf-8")
            del self.text[:end + 2]
            event = self._block(block)
            if event:
                return event

    def _block(self, block):
        kind, data = "message", None
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if not name:
                self.comments.append(value)
            elif name == "id":
                self.last_id = value
            elif name == "event":
                kind = value
            elif name == "data":
                data = value if data is None else data + "\n" + value
        return None if data is None else Event(self.last_id, kind, data)

    def take(self, n):
        """The next n events; fewer is an error."""
        taken = []
        for event in self:
            taken.append(event)
            if len(taken) == n:
                return taken
        raise AssertionError(f"the stream ended after {len(taken)} of {n} events: {self.comments[-3:]}")
