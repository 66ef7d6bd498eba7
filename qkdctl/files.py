"""Files that are there after a crash, whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

_PARTIAL = ".partial"


def write_durably(path: Path, *parts: bytes | memoryview) -> None:
    """Replace a file: temporary name, fsync, rename, fsync of the folder.

    Args:
        path: of the file.
        parts: its content, one after the other.

    Raises:
        OSError: naming the file, it was not written; the one that was there is untouched.
    """
    partial = path.with_name(path.name + _PARTIAL)
    try:
        with partial.open("wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise OSError(error.errno, error.strerror, str(path)) from error  # a full disk names none
    sync_folder(path.parent)


def remove_durably(path: Path) -> None:
    """Remove a file that may be missing.

    Raises:
        OSError: it could not be removed.
    """
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder durable.

    Raises:
        OSError: the disk refuses.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_bounded(path: Path, limit: int) -> bytes:
    """Content of a file, read once and never more than one byte over a limit, whatever the file is.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return file.read(limit + 1)


def clear_partial(folder: Path) -> None:
    """Remove what a crash left half written.

    Raises:
        OSError: it cannot be removed.
    """
    for path in folder.glob(f"*{_PARTIAL}"):
        path.unlink()
