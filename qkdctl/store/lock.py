"""One daemon per state directory."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from qkdctl.store.errors import StoreError, StoreLockedError


class DirectoryLock:
    """An exclusive lock on a state directory.

    The kernel drops the lock when the process ends, however it ends, so a file left by a killed daemon never blocks the
    next one. The file holds the process number for people.
    """

    def __init__(self, directory: Path) -> None:
        """Take the lock.

        Raises:
            StoreLockedError: another process, or another lock in this one, holds it.
            StoreError: the directory cannot be written.
        """
        self._path = directory / "lock"
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StoreError(
                f"state directory {directory}: {error.strerror}; it must be writable by the daemon"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(self._descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._descriptor)
            raise StoreLockedError(
                f"state directory {directory} is in use by process {owner}; "
                "stop that daemon or give this one a directory of its own"
            ) from error
        # A full disk is for the database to report, with its remedy.
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, f"{os.getpid()}\n".encode("ascii"))

    def release(self) -> None:
        """Give the directory back; the file stays, because removing it would race with the next owner."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
