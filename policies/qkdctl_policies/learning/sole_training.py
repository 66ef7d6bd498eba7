"""One training at a time writes the files of a name."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qkdctl_policies.learning.config import TrainingError


@contextmanager
def sole_training(path: Path) -> Iterator[Callable[[], None]]:
    """Hold a lock meanwhile; the kernel drops it when the process ends, however it ends.

    What it gives raises TrainingError once the lock means nothing any more, because its file was replaced or removed.

    Args:
        path: a file for it that nobody else uses, removed in the end; it holds the process number for people.

    Raises:
        TrainingError: when another training holds it.
        OSError: naming the file, when there can be none.
    """
    lock = _locked(path)
    try:
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        yield lambda: _check(path, lock)
    finally:
        # while it is still held: whoever waits for this very file sees that it is no longer there
        if _is_still(path, lock):
            path.unlink(missing_ok=True)
        os.close(lock)


def _check(path: Path, lock: int) -> None:
    if not _is_still(path, lock):
        raise TrainingError(
            f"{path} was removed or replaced, perhaps with its folder, so that another training may write here; this "
            "one ends"
        )


def _locked(path: Path) -> int:
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, lock):
                return lock
        except BlockingIOError:
            owner = os.read(lock, 32).decode("ascii", "replace").strip()
            os.close(lock)
            raise TrainingError(
                f"another training, process {owner or 'unknown'}, is writing in {path.parent}; wait for it, or "
                "name another folder with --into"
            ) from None
        except OSError as error:
            os.close(lock)
            raise OSError(error.errno, error.strerror, str(path)) from None
        os.close(lock)  # the one who had it has removed it between our two calls


def _is_still(path: Path, lock: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(lock))
    except OSError:
        return False
