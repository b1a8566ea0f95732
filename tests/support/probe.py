"""The HTTP room by itself: build/http_probe, a server without a store, beside the program under test."""
import signal
import subprocess

from . import binary, http


def path():
    return binary.path().parent / "http_probe"


class Probe:
    def __init__(self, folder, **options):
        self.log_path = folder / "probe.log"
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen([str(path()), *(f"{name}={value}" for name, value in options.items())],
                                        stdout=subprocess.PIPE, stderr=self.log, env=binary.environment())
        words = self.process.stdout.readline().split()
        assert len(words) == 2 and words[0] == b"port", self.said()
        self.port = int(words[1])

    def said(self):
        return self.log_path.read_text("utf-8", "replace")

    def client(self, **kw):
        client = http.Client("127.0.0.1", self.port, **kw)
        client.described = None  # its paths are its own
        return client

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def finish(self):
        """SIGTERM, a clean exit, a clean log."""
        try:
            if self.process.poll() is None:
                self.terminate()
            code = self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the probe did not stop\n" + self.said()) from None
        finally:
            self.process.stdout.close()
            self.log.close()
        binary.assert_clean(self.said())
        assert code == 0, f"exit code {code}\n{self.said()}"
