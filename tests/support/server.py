"""A running server: started on a free port, waited for, spoken to, and stopped."""
import os
import signal
import subprocess

from . import binary, http, ports, wait

STOP_S = 120


def ini(config):
    """{"http.max_body_b": 4096} as the text of a configuration file."""
    sections = {}
    for name, value in config.items():
        section, _, key = name.partition(".")
        sections.setdefault(section, []).append(f"{key} = {str(value).lower() if isinstance(value, bool) else value}\n")
    return "".join(f"[{section}]\n{''.join(lines)}\n" for section, lines in sections.items())


class Server:
    def __init__(self, store, folder, config=None, args=(), env=None, wrapper=(), ready=True, expect_exit=0, listen="127.0.0.1"):
        """wrapper: words before the program (strace …). ready: start() waits for /readyz, if False for /healthz, if None for nothing.
        expect_exit: the exit code demanded at the end, None for any."""
        self.store = store
        self.config = dict(config or {})
        self.args = list(args)
        self.env = dict(env or {})
        if wrapper:  # the leak sanitizer does not work under strace
            self.env.setdefault("ASAN_OPTIONS", "abort_on_error=0:exitcode=99:detect_leaks=0")
        self.wrapper = list(wrapper)
        self.listen = listen
        self.ready = ready
        self.expect_exit = expect_exit
        self.port = ports.free()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.stopped_by_us = False
        self.base = folder / f"server-{self.port}"
        self.log_path = self.base.with_suffix(".log")

    def launch(self):
        """Starts the program and waits for nothing. Also restarts after stop() or kill(), on the same port and store; the log goes on."""
        command = [*self.wrapper, str(binary.path()), "serve", "--listen", f"{self.listen}:{self.port}", "--store", self.store.dsn]
        if self.config:
            path = self.base.with_suffix(".ini")
            path.write_text(ini(self.config), encoding="utf-8")
            command += ["--config", str(path)]
        self.stopped_by_us = False
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command + self.args, cwd=binary.ROOT, env=binary.environment(self.env),
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        return self

    def start(self):
        """launch(), and then until it is ready."""
        self.launch()
        if self.ready is None:
            return self
        try:
            self.wait_for("/readyz" if self.ready else "/healthz")
        except AssertionError:
            if self.is_running():
                self.kill()
            self.process = None
            raise
        return self

    def wait_for(self, path, status=200, deadline_s=120.0):
        def look():
            if self.process.poll() is not None:
                raise wait.Never(f"the server ended with {self.process.returncode}")
            with self.client(timeout_s=30) as client:
                return client.get(path).status == status

        try:
            wait.until(look, f"{path} answers {status}", deadline_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()[-6000:]}") from None

    def client(self, **kw):
        return http.Client("127.0.0.1", self.port, **kw)

    def log(self):
        return self.log_path.read_text("utf-8", "replace") if self.log_path.exists() else ""

    def pid(self):
        """The program's own process id, below a wrapper too."""
        if not self.wrapper:
            return self.process.pid
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            return int(children.read().split()[0])

    def signal(self, number):
        os.kill(self.pid(), number)

    def terminate(self):
        """SIGTERM, without waiting for what comes of it."""
        self.signal(signal.SIGTERM)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill −9: a crash that is meant."""
        self.signal(signal.SIGKILL)
        self.process.wait(STOP_S)
        self.stopped_by_us = True

    def stop(self):
        """SIGTERM; the exit code."""
        if self.is_running():
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.signal(signal.SIGKILL)
                self.process.wait(STOP_S)
                raise AssertionError(f"the server did not stop within {STOP_S} s of SIGTERM\n{self.log()[-6000:]}") from None
        return self.process.returncode

    def finish(self):
        """At the end of a test: stops it and demands a clean exit and a clean log."""
        if self.process is None:
            return
        code = self.stop()
        binary.assert_clean(self.log())
        if self.expect_exit is not None and not self.stopped_by_us:
            assert code == self.expect_exit, f"exit code {code}\n{self.log()[-6000:]}"
