"""A disk of one megabyte, for a store that is to find it full."""

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

SIZE_BYTES = 1 << 20
_MOUNT = 'mount -t tmpfs -o size={size} tmpfs "$0" && exec "$@"'


class SmallDisk:
    """A file system in memory, seen only by processes started ``within`` it: no rights of root are needed.

    :param folder: where those processes see it
    """

    def __init__(self, folder):
        folder.mkdir()
        self.folder = folder
        privileges = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        mount = ["sh", "-c", _MOUNT.format(size=SIZE_BYTES), str(folder)]
        self.within = ["unshare", "--mount", *privileges, *mount]
        tried = subprocess.run([*self.within, "true"], capture_output=True, text=True, check=False)
        if tried.returncode:
            pytest.fail(
                f"No file system can be mounted here: {tried.stderr.strip()}. Run the tests as root, or allow user"
                " namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns=0; in Docker: --privileged)."
            )

    def seen_by(self, process):
        """The folder as that process sees it."""
        seen = Path(f"/proc/{process.pid}/root{self.folder}")
        size_bytes = os.statvfs(seen).f_frsize * os.statvfs(seen).f_blocks
        assert size_bytes == SIZE_BYTES, "the process was not started within this disk"
        return seen

    def fill(self, process):
        """Leave no byte free. Returns the file that takes the room."""
        filler = self.seen_by(process) / "filler"
        with open(filler, "ab", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        return filler
