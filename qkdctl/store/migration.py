"""Numbered steps that bring a file to the schema of this software."""

import sqlite3
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from qkdctl.store.errors import SchemaTooNewError

APPLICATION_ID = 0x514B4443


@dataclass(frozen=True, slots=True)
class Schema:
    """The steps of one kind of file.

    Attributes:
        name: folder under `migrations` with files `0001_what.sql`, `0002_...`, without gaps.
    """

    name: str

    def steps(self) -> list[str]:
        """SQL of all steps, in order."""
        folder = resources.files("qkdctl.store") / "migrations" / self.name
        files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
        numbers = [int(file.name.partition("_")[0]) for file in files]
        assert numbers == list(range(1, len(files) + 1)), f"migrations of {self.name} are numbered {numbers}"
        return [file.read_text("utf-8") for file in files]


def migrate(connection: sqlite3.Connection, schema: Schema) -> None:
    """Apply the steps that are missing, each in a transaction with its number.

    Raises:
        SchemaTooNewError: the file has more steps than this software knows.
    """
    steps = schema.steps()
    version = schema_version(connection)
    for number, step in enumerate(steps[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{step}\n"
            f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {number};\nCOMMIT;"
        )


def refuse_newer(connection: sqlite3.Connection, schema: Schema, path: Path) -> None:
    """Leave alone what a newer version wrote.

    Raises:
        SchemaTooNewError: the file has more steps than this software knows.
    """
    version, known = schema_version(connection), len(schema.steps())
    if version > known:
        raise SchemaTooNewError(
            f"{path}: written with schema {version}, this qkdctl knows schemas up to {known}; "
            "run the newer qkdctl, or choose another state directory"
        )


def schema_version(connection: sqlite3.Connection) -> int:
    """Number of the last step that was applied."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
