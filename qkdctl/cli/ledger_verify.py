"""qkdctl ledger verify."""

from pathlib import Path
from string import hexdigits
from typing import TYPE_CHECKING, Annotated

import typer

from qkdctl.cli.errors import CliError
from qkdctl.cli.ledger_source import DescriptionOption, FromOption, damage_hint, description_for, policies_for, readable
from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from qkdctl.cli.output import print_document, say
from qkdctl.exit_codes import FAILURE, USAGE

if TYPE_CHECKING:
    from qkdctl.audit.verification import Verification

_FEWEST = 12  # as `ledger show` prints
_ALL = 64


def verify(
    config: ConfigOption = DEFAULT_CONFIG,
    place: FromOption = None,
    contains: Annotated[
        str,
        typer.Option(
            "--contains",
            metavar="HASH",
            help="A hash that must be in the chain, noted down earlier; 12 digits or more.",
        ),
    ] = "",
    description: DescriptionOption = None,
    policy: Annotated[
        list[Path] | None,
        typer.Option(
            "--policy", metavar="FILE", exists=True, help="A policy whose plans to compute again; may be repeated."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check a whole ledger: hashes, the chain of decisions, and what follows from the reports that are kept.

    A chain that was cut off at its end still verifies: note the head down from time to time, and ask for it with
    --contains. The first 12 of its 64 digits find an entry; only all 64 rule out one that was made to look like it.
    Whether decisions follow from reports is computed with the description of the network. The verb says
    what could not be checked and why. The exit code is 1 when something is wrong, damage included, of which the first
    thing is named, and 69 when there is no ledger.

    For example:

      qkdctl ledger verify

      qkdctl ledger verify --from /var/lib/qkdctl --contains 3f0c5e81a2b7

      qkdctl ledger verify --from /run/qkdctl/qkdctl.sock

      qkdctl ledger verify --from north.jsonl.gz --description network.toml
    """
    from qkdctl.audit.verification import verify_ledger  # noqa: PLC0415 - keeps other verbs fast

    wanted = _digits(contains)
    known = description_for(config, place, description)
    policies = [] if known is None else policies_for(config, policy or [])
    with readable(config, place, reports=True) as read:
        found = verify_ledger(read(-1), known, policies, wanted)
    problem = "" if found.broken is None else f"entry {found.broken.sequence}: {found.broken.reason}"
    if found.where:
        problem = f"{found.where}: {problem}"
    if not problem and wanted and found.seen != 1:
        problem = f"{found.seen} entries have hashes that begin with {wanted}" if found.seen else _absent(wanted)
    if as_json:
        print_document(ok=not problem, problem=problem or None, **found.to_plain())
    elif not problem:
        say(_in_words(found))
    if problem:
        hint = damage_hint(found.where) if found.is_damaged else ""
        raise typer.Exit(FAILURE) if as_json else CliError(f"the ledger does not verify: {problem}", hint)


def _digits(contains: str) -> str:
    """The digits asked for, as hashes are written.

    Raises:
        CliError: they are not enough, or no digits.
    """
    digits = contains.lower()
    if digits and not (_FEWEST <= len(digits) <= _ALL and set(digits) <= set(hexdigits)):
        raise CliError(
            f"{contains!r} is no hash of an entry",
            f"give its {_ALL} hexadecimal digits, or the first {_FEWEST} at least",
            USAGE,
        )
    return digits


def _absent(digits: str) -> str:
    return f"no entry has {'the hash' if len(digits) == _ALL else 'a hash that begins with'} {digits}"


def _in_words(found: "Verification") -> str:
    head = "" if found.last is None else f"; head {found.last.sequence} {found.last.hash}"
    lines = [f"{found.entries} entries, the chain holds{head}"]
    if found.decisions:
        lines.append(f"{found.decisions} decisions follow each other, {found.reports} reports are those that counted")
    if found.recomputed:
        lines.append(
            f"{found.recomputed} decisions follow from their reports: state, acts, electorate and routes; "
            f"of {found.plans} the plan too"
        )
    return "\n".join([*lines, *(f"not checked: {sentence}" for sentence in found.unchecked)])
