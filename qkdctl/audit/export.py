"""Ledgers as files of JSON lines: one line per entry, and before a decision one line per report that it counts.

Whoever has such a file can check it with a JSON parser and SHA-256; see docs/guides/cli.md. A file whose name ends in
.gz is compressed.
"""

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


def write_export(path: Path, records: Iterable[Recorded]) -> tuple[int, int]:
    """Write a file that only its owner may read; one that stands there is replaced once all is written.

    Args:
        path: of the file.
        records: a ledger, with the reports that shall be written.

    Returns:
        Number of entries, and of reports.

    Raises:
        OSError: it cannot be written.
        DamagedEntryError: the ledger cannot be read to its end; nothing was written.
    """
    draft = path.with_name(f".{path.name}.draft")
    entries = texts = 0
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as raw, _packed(raw, path) as file:
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
    last = -1
    try:
        with path.open("rb") as raw, _packed(raw, path) as file:
            for line in file:
                plain = _parsed(line, last + 1)
                if "report" in plain:
                    _take_report(waiting, plain, last + 1)
                    continue
                entry = Entry.from_plain(plain)
                last = entry.sequence
                if last > after:
                    counted = report_digests(entry.payload)
                    yield Recorded(entry, {found: waiting[found] for found in counted if found in waiting})
                waiting.clear()
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedEntryError(last + 1, f"{path} ends too early, or is no export: {error}") from error
    except PermissionError:
        raise
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


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


def _parsed(line: bytes, expected: int) -> dict[str, Any]:
    try:
        plain = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DamagedEntryError(expected, f"no line of an export: {error}") from error
    if not isinstance(plain, dict):
        raise DamagedEntryError(expected, "no line of an export: no JSON object")
    return plain


def _take_report(waiting: dict[str, str], plain: dict[str, Any], expected: int) -> None:
    """Note a report until the decision that counts it; its digest is checked there."""
    try:
        text = canonical_bytes(plain["report"]).decode("ascii")
    except (TypeError, RecursionError) as error:
        raise DamagedEntryError(expected, f"no report: {error}") from error
    digest = plain.get("digest")
    if not isinstance(digest, str) or len(waiting) >= _REPORTS_WAITING:
        raise DamagedEntryError(expected, "a report without a digest, or without a decision that counts it")
    waiting[digest] = text
