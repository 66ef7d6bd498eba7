"""Rows of a suite in a file: one JSON document per line, appended as cells end, so that nothing is lost."""

import gzip
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from qkdctl_policies.experiments.row_form import fault_of

Row = dict[str, Any]
Key = tuple[str, int]

_BEGINNING: Final = '{"configuration": "'
"""Of every row."""


class RowsError(Exception):
    """A file that holds no rows, or those of another suite."""


class RowsFile:
    """The file. One whose name ends in .gz is compressed, and for reading only.

    Attributes:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Row]:
        """All whole rows; a last line that was cut short is left out, one that only lacks its end is not.

        Raises:
            RowsError: for a line that is no row, see `fault_of`, or a compressed file that is damaged.
            OSError: when the file cannot be read.
        """
        text = self._text()
        rest = text[text.rfind("\n") + 1 :]
        return self._parsed(f"{text}\n" if _is_row(rest) else text)

    def resume(self, keys: Iterable[Key]) -> set[Key]:
        """Prepare to append; the rows that are there already, of any seed. A last line that was cut short is taken off.

        Raises:
            RowsError: for a line that is no row, a row of another suite, or a compressed file.
            OSError: when the file cannot be read or written.
        """
        if self.path.suffix == ".gz":
            raise RowsError(f"{self.path}: rows are added to plain files only; unpack it with: gunzip {self.path}")
        if not self.path.exists():
            return set()
        text = self._text()
        found = {key_of(row) for row in self._parsed(text)}
        configurations = {configuration for configuration, _ in keys}
        strangers = [key for key in found if key[0] not in configurations]
        if strangers:
            raise RowsError(
                f"{self.path} has {len(strangers)} rows that are not of this suite as it is now; write into another "
                "file, as rows of other settings must not be mixed"
            )
        whole = text.rfind("\n") + 1
        rest = text[whole:]
        if rest and not (rest.startswith(_BEGINNING) or _BEGINNING.startswith(rest)):
            raise self._stranger(text.count("\n") + 1, rest, "it is not the beginning of one")
        if rest:
            os.truncate(self.path, len(text[:whole].encode()))
        return found

    def append(self, row: Row) -> None:
        """Add a row."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def arrange(self, keys: Sequence[Key]) -> None:
        """Bring the rows into this order, those of other seeds last, so that the file tells not how many jobs ran."""
        order = {key: place for place, key in enumerate(keys)}
        alike = {configuration: place for place, (configuration, _) in enumerate(reversed(keys))}
        rows = sorted(
            self.read(),
            key=lambda row: (order.get(key_of(row), len(order)), row["seed"], -alike[row["configuration"]]),
        )
        new = self.path.with_name(f".{self.path.name}.new")
        new.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        new.replace(self.path)

    def _parsed(self, text: str) -> list[Row]:
        rows = []
        for number, line in enumerate(text.split("\n")[:-1], start=1):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise self._stranger(number, line, str(error)) from None
            fault = fault_of(row)
            if fault:
                raise self._stranger(number, line, fault)
            rows.append(row)
        return rows

    def _stranger(self, number: int, line: str, fault: str) -> RowsError:
        return RowsError(
            f"{self.path}, line {number}: expected a row of 'qkdctl experiment run', got {line[:60]!r}: {fault}"
        )

    def _text(self) -> str:
        content = self.path.read_bytes()
        if self.path.suffix == ".gz":
            try:
                content = gzip.decompress(content)
            except (gzip.BadGzipFile, EOFError, zlib.error) as error:
                raise RowsError(f"{self.path}: expected rows compressed with gzip: {error}") from None
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            number = content[: error.start].count(b"\n") + 1
            raise RowsError(f"{self.path}, line {number}: expected rows as JSON lines in UTF-8: {error}") from None


def _is_row(line: str) -> bool:
    try:
        return not fault_of(json.loads(line))
    except (ValueError, RecursionError):
        return False


def key_of(row: Row) -> Key:
    """What tells a row from all others, see `Cell.key`."""
    return row["configuration"], row["seed"]
