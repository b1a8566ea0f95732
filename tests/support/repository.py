"""A git repository made in a test, with dates and names of its own, untouched by the configuration of whoever runs the tests."""
import os
import subprocess


class Repository:
    def __init__(self, folder):
        self.folder = folder
        self.clock = 1_700_000_000
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def environment(self, extra=None):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "EGDB_"))}
        env.update({"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "GIT_AUTHOR_NAME": "Ada", "GIT_COMMITTER_NAME": "Ada",
                    "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_EMAIL": "ada@example.org",
                    "GIT_AUTHOR_DATE": f"{self.clock} +0200", "GIT_COMMITTER_DATE": f"{self.clock} +0200", "HOME": str(self.folder)})
        env.update(extra or {})
        return env

    def git(self, *words, stdin=None, env=None, check=True):
        done = subprocess.run(["git", "-C", str(self.folder), *words], input=stdin, capture_output=True, env=self.environment(env),
                              check=False)
        if check:
            assert done.returncode == 0, f"git {words}: {done.stderr.decode('utf-8', 'replace')}"
        done.err = done.stderr.decode("utf-8", "replace")
        return done

    def write(self, name, content):
        path = os.path.join(os.fsencode(self.folder), name if isinstance(name, bytes) else os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode("utf-8"))

    def commit(self, message="a change", files=None, words=(), env=None):
        """Writes files, commits all there is; the new commit's sha. Each commit is a minute after the one before."""
        self.clock += 60
        for name, content in (files or {}).items():
            self.write(name, content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-F", "-", *words,
                 stdin=message if isinstance(message, bytes) else message.encode("utf-8"), env=env)
        return self.head()

    def head(self):
        return self.git("rev-parse", "HEAD").stdout.decode("ascii").strip()
