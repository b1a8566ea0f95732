"""Bytes on a socket, for what no HTTP library would send."""
import json
import select
import socket


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:500]!r}>"


class Raw:
    def __init__(self, port, timeout_s=120, receive_buffer_b=None):
        self.socket = socket.socket()
        if receive_buffer_b:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_b)
        self.socket.settimeout(timeout_s)
        self.socket.connect(("127.0.0.1", port))
        self.buffer = b""
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def more(self):
        """Reads what there is; False at the end of the connection."""
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        self.closed = self.closed or not data
        return bool(data)

    def answers_within(self, seconds):
        """Whether bytes (or the end) come within a while: the pace of a slow client."""
        return bool(select.select([self.socket], [], [], seconds)[0])

    def answer(self, head=False):
        """The next answer; None when the connection ends before it. head: it has no body whatever its Content-Length."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                return None
        top, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = 0 if head else int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            if not self.more():
                return None
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Answer(int(first.split()[1]), headers, body)

    def at_end(self):
        """Reads to the end of the connection; whatever came is in buffer."""
        while not self.closed and self.more():
            pass
        return True
