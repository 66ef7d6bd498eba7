"""qkdctl ledger export and compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qkdctl.cli.errors import CliError
from qkdctl.cli.ledger_source import FromOption, agreed_state, readable
from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from qkdctl.cli.output import print_document, say
from qkdctl.exit_codes import FAILURE

if TYPE_CHECKING:
    from qkdctl.audit.comparison import Comparison

LedgerArgument = Annotated[Path, typer.Argument(help="State directory, export, or control socket of a daemon.")]


def export(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="File to write; compressed if its name ends in .gz.")],
    config: ConfigOption = DEFAULT_CONFIG,
    place: FromOption = None,
    reports: Annotated[
        bool, typer.Option("--reports", help="With the reports that are kept, so that decisions can be computed again.")
    ] = False,
    state: Annotated[
        bool,
        typer.Option("--state", help="With the agreed state and the reports, for 'qkdctl ledger adopt' at a node."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that stands there.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a ledger to a file for auditors: one JSON object per line, which only you may read.

    Nothing is overwritten without --force, and then only once all is written.

    For example:

      qkdctl ledger export north.jsonl.gz --reports

      qkdctl ledger export for-west.jsonl.gz --state
    """
    from qkdctl.audit.export import write_export  # noqa: PLC0415 - keeps other verbs fast

    reports = reports or state
    with readable(config, place, reports=reports) as read:
        agreed = agreed_state(config, place) if state else ""
        try:
            entries, texts = write_export(output, read(-1), agreed, replace=force)
        except FileExistsError:
            raise CliError(f"{output} exists, nothing was written", "name another file, or say --force") from None
        except OSError as error:
            raise CliError(f"{output} cannot be written: {error.strerror}") from None
    if as_json:
        print_document(file=str(output), entries=entries, reports=texts)
    else:
        say(f"{output}: {entries} entries" + (f", {texts} reports" if reports else ""))


def compare(
    one: LedgerArgument,
    other: LedgerArgument,
    as_json: JsonOption = False,
) -> None:
    """Find the first epoch of which two nodes hold different decisions.

    Nodes need not be equally far. This says nothing about whether either ledger is sound: verify both. The exit code is
    1 when there is such an epoch, 65 when a ledger is damaged before one is found, 69 when there is none to read.

    For example:

      qkdctl ledger compare north.jsonl.gz south.jsonl.gz
    """
    from qkdctl.audit.comparison import compare_ledgers  # noqa: PLC0415 - keeps other verbs fast

    with readable(one, one, reports=False) as read_one, readable(other, other, reports=False) as read_other:
        found = compare_ledgers(read_one(-1), read_other(-1))
    if as_json:
        print_document(ok=found.is_equal, **found.to_plain())
    else:
        say(_in_words(found, one, other))
    if not found.is_equal:
        raise typer.Exit(FAILURE)


def _in_words(found: "Comparison", one: Path, other: Path) -> str:
    if not found.is_equal:
        return "\n".join(
            [f"epoch {found.epoch} is the first that differs:", *(f"  {how}" for how in found.differences)]
        )
    if not found.common:
        return "no epoch stands in both"
    lines = [f"equal in all {found.common} epochs that both hold, {found.first} to {found.last}"]
    lines += [
        f"{path} goes on to epoch {end}" for path, end in zip((one, other), found.ends, strict=True) if end > found.last
    ]
    return "\n".join(lines)
