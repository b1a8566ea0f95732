"""A small disk to fill. It needs the right to mount: without it the tests that use it are skipped, which is said loudly, and fail in a
soak."""
import os
import pathlib
import subprocess
import tempfile

import pytest


class Tmpfs:
    """with Tmpfs(24) as disk: a file system of 24 MiB at disk.folder, which every user may enter."""

    def __init__(self, size_mib):
        self.size_mib = size_mib

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="egdb-disk-"))
        self.ballast = self.folder / "ballast"
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.size_mib}m,mode=1777", "egdb-test", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.folder.rmdir()
            self._not_here(done.stderr.strip())
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.folder)], check=True)
        self.folder.rmdir()

    @staticmethod
    def _not_here(why):
        text = f"NOT RUN: what a full disk does, for no tmpfs can be mounted ({why}); run the tests as root"
        notes = os.environ.get("EGDB_NOTES")
        if notes:
            with open(notes, "a", encoding="utf-8") as out:
                out.write(text + "\n")
        if os.environ.get("EGDB_SOAK"):
            pytest.fail(text)
        pytest.skip(text)

    def free_b(self):
        stat = os.statvfs(self.folder)
        return stat.f_bavail * stat.f_frsize

    def leave(self, free_b):
        """Fills it up to some bytes with a file that release() removes."""
        with open(self.ballast, "ab") as out:
            while (left := self.free_b() - free_b) > 0:
                out.write(bytes(min(left, 1 << 20)))
                out.flush()

    def release(self):
        self.ballast.unlink()
