"""qkdctl ledger: on the files themselves, with the daemon running or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qkdctl.cli.configuration import load_configuration
from qkdctl.cli.errors import CliError
from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from qkdctl.cli.output import Painter, print_document, say
from qkdctl.exit_codes import FAILURE, PERMISSION, UNAVAILABLE

if TYPE_CHECKING:
    from qkdctl.store.chain import Entry

DirectoryOption = Annotated[
    Path | None,
    typer.Option("--directory", metavar="PATH", help="State directory; by default the one of the configuration."),
]

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Verify and show the ledger.")


@app.command()
def verify(
    config: ConfigOption = DEFAULT_CONFIG,
    directory: DirectoryOption = None,
    contains: Annotated[
        str, typer.Option("--contains", metavar="HASH", help="A hash that must be in the chain, noted down earlier.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Check the whole hash chain.

    A chain that was cut off at its end still verifies: note the head down from time to time, and ask for it with
    --contains. The exit code is 1 when the chain is broken.

    For example:

      qkdctl ledger verify

      qkdctl ledger verify --directory /var/lib/qkdctl --contains 3f0c...
    """
    from qkdctl.store.chain import verify as find_break  # noqa: PLC0415 - keeps other verbs fast

    walk = _Walk(contains)
    with _readable(config, directory) as entries:
        found = find_break(walk.over(entries))
    problem = "" if found is None else f"entry {found.sequence}: {found.reason}"
    if not problem and not walk.seen:
        problem = f"no entry has the hash {contains}"
    head = {"sequence": walk.last.sequence, "head": walk.last.hash} if walk.last is not None else None
    if as_json:
        print_document(ok=not problem, problem=problem or None, entries=walk.count, ledger=head)
    elif not problem and head is not None:
        say(f"{walk.count} entries, the chain holds; head {head['sequence']} {head['head']}")
    if problem:
        raise typer.Exit(FAILURE) if as_json else CliError(f"the ledger does not verify: {problem}")


@app.command()
def show(
    config: ConfigOption = DEFAULT_CONFIG,
    directory: DirectoryOption = None,
    last: Annotated[int, typer.Option("--last", min=1, metavar="N", help="This many entries.")] = 20,
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="Only entries of this kind.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Show the last entries, oldest first.

    For example:

      qkdctl ledger show --last 5

      qkdctl ledger show --kind operator --json
    """
    with _readable(config, directory) as entries:
        chosen = tail(entries, last, kind)
    if as_json:
        print_document(entries=[entry.to_plain() for entry in chosen])
        return
    from qkdctl.cli.ledger_text import entries_table  # noqa: PLC0415

    say(entries_table(chosen, Painter.for_stdout()))


def tail(entries: "Iterator[Entry]", count: int, kind: str = "") -> "list[Entry]":
    """The last entries of a kind, oldest first."""
    from collections import deque  # noqa: PLC0415

    return list(deque((entry for entry in entries if not kind or entry.kind == kind), maxlen=count))


class _Walk:
    """Notes what passes on the way through a chain."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self.seen = not wanted
        self.count = 0
        self.last: Entry | None = None

    def over(self, entries: "Iterator[Entry]") -> "Iterator[Entry]":
        for entry in entries:
            self.count += 1
            self.last = entry
            self.seen = self.seen or entry.hash == self._wanted
            yield entry


@contextmanager
def _readable(config: Path, directory: Path | None) -> "Iterator[Iterator[Entry]]":
    from qkdctl.store.errors import StoreError  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.store.ledger_file import read_ledger  # noqa: PLC0415

    place = directory if directory is not None else load_configuration(config).node.state_directory
    try:
        yield read_ledger(place)
    except PermissionError as error:
        raise CliError(f"{error.filename} may not be read", "run it as the daemon's user", PERMISSION) from None
    except StoreError as error:
        raise CliError(str(error), code=UNAVAILABLE) from None
