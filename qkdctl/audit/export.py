"""Ledgers as files of JSON lines: one line per entry, and before a decision one line per report that it counts.

Where a node is to begin from the file, the agreed state stands in its first line.

Whoever has such a file can check it with a JSON parser and SHA-256; see docs/guides/cli.md. A file whose name ends in
.gz is compressed.
"""

import errno
import gzip
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from qkdctl.audit.recorded import Recorded, report_digests
from qkdctl.records.encoding import canonical_bytes
from qkdctl.store.chain import Entry
from qkdctl.store.errors import DamagedEntryError, StoreError

_REPORTS_WAITING = 1024
_EXPECTED = "one JSON object per line, an entry or a report"


def write_export(
    path: Path, records: Iterable[Recorded], agreed: str = "", *, replace: bool = False
) -> tuple[int, int]:
    """Write a file that only its owner may read.

    Args:
        path: of the file.
        records: a ledger, with the reports that shall be written.
        agreed: text of the agreed state after one of its decisions, "" to write none.
        replace: a file that stands there is replaced, once all is written.

    Returns:
        Number of entries, and of reports.

    Raises:
        FileExistsError: something stands there.
        OSError: it cannot be written.
        DamagedEntryError: the ledger cannot be read to its end; nothing was written.
    """
    if not replace and os.path.lexists(path):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    draft = path.with_name(f".{path.name}.draft")
    entries = texts = 0
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw, _packed(raw, path) as file:
            if agreed:
                file.write(_line({"agreed": json.loads(agreed)}))
            for recorded in records:
                for digest, text in recorded.reports.items():
                    file.write(_report_line(recorded.entry, digest, text))
                file.write(_line(recorded.entry.to_plain()))
                entries, texts = entries + 1, texts + len(recorded.reports)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return entries, texts


def read_export(path: Path, after: int = -1) -> Iterator[Recorded]:
    """The ledger in a file, from the entry after a sequence number on.

    Raises:
        StoreError: it cannot be opened.
        DamagedEntryError: a line is not what was written.
    """
    waiting: dict[str, str] = {}
    last, number = -1, 0
    try:
        with path.open("rb") as raw, _packed(raw, path) as file:
            for number, line in enumerate(file, 1):
                plain = _parsed(line)
                if number == 1 and "agreed" in plain:
                    continue
                if "report" in plain:
                    _take_report(waiting, plain)
                    continue
                entry = Entry.from_plain(plain)
                last = entry.sequence
                if last > after:
                    counted = report_digests(entry.payload)
                    kept = {found: waiting[found] for found in counted if found in waiting}
                    yield Recorded(entry, kept, f"{path}, line {number}")
                waiting.clear()
    except _DamagedLineError as error:
        raise DamagedEntryError(last + 1, str(error), f"{path}, line {number}") from error
    except DamagedEntryError as error:
        raise DamagedEntryError(last + 1, f"no entry: {error.reason}", f"{path}, line {number}") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedEntryError(last + 1, _unpacking(error, number), f"{path}, after line {number}") from error
    except PermissionError:
        raise
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def read_agreed(path: Path) -> str:
    """Text of the agreed state in a file, "" when it was written without.

    Raises:
        StoreError: it cannot be opened.
        DamagedEntryError: its first line is not what was written.
    """
    try:
        with path.open("rb") as raw, _packed(raw, path) as file:
            first = _parsed(file.readline())
            return canonical_bytes(first["agreed"]).decode("ascii") if "agreed" in first else ""
    except (_DamagedLineError, TypeError) as error:
        raise DamagedEntryError(0, str(error), f"{path}, line 1") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedEntryError(0, _unpacking(error, 0), f"{path}, line 1") from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


class _DamagedLineError(Exception):
    """A line is none of an export; the message says what was expected."""


def _packed(raw: IO[bytes], path: Path) -> IO[bytes]:
    if path.suffix != ".gz":
        return raw
    return gzip.GzipFile(fileobj=raw, mode="wb" if raw.writable() else "rb", mtime=0)  # type: ignore[return-value]


def _line(document: dict[str, Any]) -> bytes:
    return canonical_bytes(document) + b"\n"


def _report_line(entry: Entry, digest: str, text: str) -> bytes:
    try:
        return _line({"digest": digest, "report": json.loads(text)})
    except (ValueError, TypeError, RecursionError) as error:
        raise DamagedEntryError(entry.sequence, f"report {digest[:12]} is no report: {error}") from error


def _unpacking(error: Exception, read: int) -> str:
    """Why a compressed file can be read no further than so many lines."""
    if isinstance(error, EOFError):
        return "the file ends in the middle of compressed data; expected its end mark"
    if not read and isinstance(error, gzip.BadGzipFile):
        return "the file is not compressed; expected gzip, because its name ends in .gz"
    return f"the compressed data is damaged: {error}; expected what its check sum says"


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as error:
        if not line.endswith(b"\n"):
            raise _DamagedLineError(f"the file ends in it after {len(line)} bytes; expected {_EXPECTED}") from error
        raise _DamagedLineError(f"no line of an export, {error}; expected {_EXPECTED}") from error
    if not isinstance(plain, dict):
        raise _DamagedLineError(f"no line of an export; expected {_EXPECTED}")
    return plain


def _take_report(waiting: dict[str, str], plain: dict[str, Any]) -> None:
    """Note a report until the decision that counts it; its digest is checked there."""
    try:
        text = canonical_bytes(plain["report"]).decode("ascii")
    except (TypeError, RecursionError) as error:
        raise _DamagedLineError(f"no report: {error}; expected integers, text, lists and objects") from error
    digest = plain.get("digest")
    if not isinstance(digest, str):
        raise _DamagedLineError('a report without a digest; expected {"digest": ..., "report": ...}')
    if len(waiting) >= _REPORTS_WAITING:
        raise _DamagedLineError(f"{_REPORTS_WAITING} reports in a row; expected the decision that counts them")
    waiting[digest] = text
