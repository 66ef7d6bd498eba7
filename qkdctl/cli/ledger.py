"""qkdctl ledger: on a state directory, an export, or what a running daemon tells of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qkdctl.cli.errors import CliError
from qkdctl.cli.ledger_adopt import adopt
from qkdctl.cli.ledger_export import compare, export
from qkdctl.cli.ledger_source import DescriptionOption, FromOption, Read, description_for, readable
from qkdctl.cli.ledger_verify import verify
from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from qkdctl.cli.output import Painter, print_document, say
from qkdctl.exit_codes import USAGE

if TYPE_CHECKING:
    from qkdctl.agreement.state import AgreedState
    from qkdctl.audit.recorded import Recorded
    from qkdctl.network.description import NetworkDescription
    from qkdctl.store.chain import Entry

_KINDS = ("genesis", "start", "decision", "outcome", "operator", "calibration", "policy", "alarm", "stop")


app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Verify, show, export, compare and adopt ledgers.",
)
app.command()(verify)
app.command()(export)
app.command()(compare)
app.command()(adopt)


@app.command()
def show(
    sequence: Annotated[
        int | None, typer.Argument(metavar="[ENTRY]", min=0, help="Number of one entry, to be shown in full.")
    ] = None,
    epoch: Annotated[
        int | None, typer.Option("--epoch", min=1, metavar="E", help="The decision of one epoch, in words.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    place: FromOption = None,
    last: Annotated[int, typer.Option("--last", min=1, metavar="N", help="This many entries.")] = 20,
    kind: Annotated[
        str, typer.Option("--kind", metavar="KIND", help=f"Only entries of this kind: {', '.join(_KINDS)}.")
    ] = "",
    verdicts: Annotated[
        bool,
        typer.Option("--verdicts", help="Compute from all reports so far why weights moved; takes a while."),
    ] = False,
    description: DescriptionOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the last entries, oldest first, or one entry in full.

    A decision is shown in words: whose reports counted, what was planned for each link, over which relays keys go, and
    who decides two epochs later. Verdicts are not in the ledger, which has the digest of the state only; they are
    computed from the first report on, where all are kept.

    For example:

      qkdctl ledger show --last 5

      qkdctl ledger show --kind operator --json

      qkdctl ledger show 812

      qkdctl ledger show --epoch 640 --verdicts
    """
    if kind and kind not in _KINDS:
        raise CliError(f"there are no entries of kind {kind!r}", f"the kinds are {', '.join(_KINDS)}", USAGE)
    if sequence is not None and epoch is not None:
        raise CliError("an entry and an epoch are two questions", "ask for one of them", USAGE)
    if sequence is None and epoch is None:
        _show_last(config, place, last, kind, as_json=as_json)
        return
    terms = description_for(config, place, description) if verdicts else None
    with readable(config, place, reports=True) as read:
        found = _find(read, sequence, epoch)
        state = _state_after(read, found, terms) if verdicts else None
    _show_one(found, state, as_json=as_json)


def tail(entries: "Iterator[Entry]", count: int, kind: str = "") -> "list[Entry]":
    """The last entries of a kind, oldest first."""
    from collections import deque  # noqa: PLC0415

    return list(deque((entry for entry in entries if not kind or entry.kind == kind), maxlen=count))


def _show_last(config: Path, place: Path | None, last: int, kind: str, *, as_json: bool) -> None:
    from qkdctl.cli.ledger_text import entries_table  # noqa: PLC0415

    with readable(config, place, reports=False) as read:
        chosen = tail((recorded.entry for recorded in read(-1)), last, kind)
    if as_json:
        print_document(entries=[entry.to_plain() for entry in chosen])
    else:
        say(entries_table(chosen, Painter.for_stdout()))


def _find(read: Read, sequence: int | None, epoch: int | None) -> "Recorded":
    """One entry. The decision of an epoch cannot stand before as many entries as there were epochs."""
    after = sequence - 1 if sequence is not None else (epoch or 0) - 1
    for recorded in read(after):
        if sequence is not None:
            if recorded.entry.sequence == sequence:
                return recorded
            break
        if recorded.entry.kind == "decision" and _epoch_of(recorded) == epoch:
            return recorded
    what = f"entry {sequence}" if sequence is not None else f"decision of epoch {epoch}"
    raise CliError(f"the ledger has no {what}", "'qkdctl ledger show' lists the last entries")


def _epoch_of(recorded: "Recorded") -> object:
    chain = recorded.entry.payload.get("chain")
    return chain.get("epoch") if isinstance(chain, dict) else None


def _state_after(read: Read, found: "Recorded", description: "NetworkDescription | None") -> "AgreedState":
    from qkdctl.audit.recomputation import Recomputation  # noqa: PLC0415 - keeps other verbs fast

    if description is None:
        raise CliError("verdicts follow from the description of the network", "name it with --description")
    again = Recomputation(description.terms())
    for recorded in read(-1):
        if recorded.entry.kind == "decision":
            broken = again.check(recorded)
            if broken is not None or again.stopped:
                reason = again.stopped if broken is None else broken.reason
                raise CliError(f"the verdicts cannot be computed: {reason}")
        if recorded.entry.sequence == found.entry.sequence:
            break
    if again.state is None:
        raise CliError(f"entry {found.entry.sequence} is no decision, so it has no verdicts")
    return again.state


def _show_one(found: "Recorded", state: "AgreedState | None", *, as_json: bool) -> None:
    from qkdctl.agreement.ledger_entries import NotADecisionError  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.audit.decision_document import decision_document  # noqa: PLC0415
    from qkdctl.cli.ledger_decision import decision_text, entry_text  # noqa: PLC0415

    document = None
    if found.entry.kind == "decision":
        try:
            document = decision_document(found, state)
        except (NotADecisionError, ValueError):
            document = None  # of an earlier version: shown as any entry
    if as_json:
        print_document(entry=found.entry.to_plain(), decision=document)
    elif document is None:
        say(entry_text(found.entry))
    else:
        say(decision_text(document, Painter.for_stdout()))
