"""qkdctl ledger adopt."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qkdctl.cli.configuration import load_configuration
from qkdctl.cli.errors import CliError
from qkdctl.cli.ledger_source import policies_for, readable
from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from qkdctl.cli.output import print_document, say
from qkdctl.exit_codes import CONFIG

if TYPE_CHECKING:
    from qkdctl.config.model import Config


def adopt(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Made at another node by 'ledger export --state'.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Begin the store of this node, which was lost, from the ledger of another node of the network.

    First all that 'ledger verify' checks is checked, by the description in this node's configuration. Then the state
    directory gets decisions, their reports and the agreed state, and nothing that is the other node's own. Nothing is
    overwritten: a state file that is there must be taken out of the way. The daemon must not run.

    For example:

      qkdctl ledger export for-west.jsonl.gz --state      # at another node

      qkdctl ledger adopt for-west.jsonl.gz               # here, as the daemon's user
    """
    from qkdctl.audit.adoption import AdoptionError, adopt_ledger  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.audit.export import read_agreed  # noqa: PLC0415
    from qkdctl.clock import RealClock  # noqa: PLC0415

    known = load_configuration(config)
    directory = known.node.state_directory
    with readable(config, file, reports=True) as read:
        agreed = read_agreed(file)
        if not agreed:
            raise CliError(f"{file} was written without the agreed state", "export it again, with --state")
        _verify(known, config, file)
        try:
            adopted = adopt_ledger(directory, read(-1), agreed, file.name, RealClock())
        except AdoptionError as error:
            raise CliError(f"{error}; nothing was made", f"'qkdctl ledger adopt --help', {_GUIDE}") from None
    if as_json:
        print_document(
            state_directory=str(directory), epoch=adopted.epoch, decisions=adopted.decisions, reports=adopted.reports
        )
        return
    say(f"{directory}: {adopted.decisions} decisions up to epoch {adopted.epoch}, {adopted.reports} reports")
    say("start the daemon; it follows the others, and votes again once it cannot contradict itself")


def _verify(known: "Config", config: Path, file: Path) -> None:
    """Refuse a ledger that is not that of the network, or not sound."""
    from qkdctl.audit.verification import verify_ledger  # noqa: PLC0415 - keeps other verbs fast

    if known.description is None:
        hint = "name the description in [network], as 'qkdctl network init' does"
        raise CliError(
            f"{config} belongs to no network, so there is no other node's ledger to begin from", hint, CONFIG
        )
    with readable(config, file, reports=True) as read:
        found = verify_ledger(read(-1), known.description, policies_for(config, []))
    if found.broken is not None:
        where = f"{found.where}: " if found.where else ""
        problem = f"{where}entry {found.broken.sequence}: {found.broken.reason}"
        raise CliError(f"the ledger does not verify: {problem}; nothing was made", "take that of another node")


_GUIDE = "and the guide agreement.md, 'A node that lost its store'"
