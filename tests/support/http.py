"""An HTTP client with one keep-alive connection, over http.client."""
import http.client
import json


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def text(self):
        return self.body.decode("utf-8")

    def __repr__(self):
        return f"<{self.status} {self.body[:2000]!r}>"


class Client:
    described = None  # what is wrong with an answer, by openapi.yaml: set for the tests of the API

    def __init__(self, host, port, timeout_s=120, headers=None):
        self.host, self.port, self.timeout_s, self.headers = host, port, timeout_s, dict(headers or {})
        self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def request(self, method, path, body=None, headers=None):
        """One request; body is bytes, str, or anything that json.dumps takes. Never repeats by itself: an exception means that the outcome is
        unknown."""
        headers = {**self.headers, **(headers or {})}
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode("utf-8")
        if body is not None and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
        if not self.connection:
            self.connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            data = answer.read()
        except Exception:
            self.close()
            raise
        if answer.will_close:
            self.close()
        given = Answer(answer.status, answer.headers, data)
        if self.described and (wrong := self.described(method, path, given)):
            raise AssertionError("openapi.yaml: " + "; ".join(wrong[:5]) + f"\n{given}")
        return given

    def get(self, path, **kw):
        return self.request("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.request("POST", path, body, **kw)

    def delete(self, path, **kw):
        return self.request("DELETE", path, **kw)

    def post_event(self, envelope, query="", **kw):
        return self.post("/v1/events" + query, envelope, **kw)

    def post_ndjson(self, envelopes, query="", headers=None):
        """envelopes: values, or bytes for lines as they are."""
        lines = [line if isinstance(line, bytes) else json.dumps(line).encode("utf-8") for line in envelopes]
        return self.post("/v1/events" + query, b"\n".join(lines) + b"\n",
                         headers={"Content-Type": "application/x-ndjson", **(headers or {})})
