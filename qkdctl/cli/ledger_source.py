"""Which ledger a verb reads, and by what terms its decisions are judged."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from qkdctl.cli.configuration import load_configuration
from qkdctl.cli.errors import CliError
from qkdctl.exit_codes import CONFIG, DATA, PERMISSION, UNAVAILABLE, USAGE

if TYPE_CHECKING:
    from qkdctl.audit.recorded import Recorded
    from qkdctl.network.description import NetworkDescription
    from qkdctl.policy.proposal import Policy

Read: TypeAlias = "Callable[[int], Iterator[Recorded]]"
FromOption = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="PATH",
        help="State directory, export, or control socket of a daemon; by default the configuration's state directory.",
    ),
]
DescriptionOption = Annotated[
    Path | None,
    typer.Option(
        "--description", metavar="PATH", help="Description of the network; by default the one of the configuration."
    ),
]


@contextmanager
def readable(config: Path, place: Path | None, *, reports: bool) -> Iterator[Read]:
    """A function that reads the ledger from the entry after a sequence number on, if wanted with its reports.

    Raises:
        CliError: it cannot be read, also while it is being read.
    """
    from qkdctl.store.errors import DamagedEntryError, StoreError  # noqa: PLC0415 - keeps other verbs fast

    chosen = place if place is not None else load_configuration(config).node.state_directory
    try:
        yield lambda after: _read(chosen, after, reports=reports)
    except PermissionError as error:
        raise CliError(f"{error.filename} may not be read", "run it as the daemon's user", PERMISSION) from None
    except DamagedEntryError as error:
        raise CliError(str(error), damage_hint(error.where), DATA) from None
    except StoreError as error:
        raise CliError(str(error), "name a state directory, an export or a control socket", UNAVAILABLE) from None


def agreed_state(config: Path, place: Path | None) -> str:
    """Text of the agreed state in a state directory.

    Raises:
        CliError: it is none, or nothing was decided in it.
        StoreError: it cannot be read.
    """
    from qkdctl.audit.recorded import read_agreed_state  # noqa: PLC0415 - keeps other verbs fast

    chosen = place if place is not None else load_configuration(config).node.state_directory
    if chosen.is_socket() or chosen.is_file():
        raise CliError(f"{chosen} is no state directory", "only that has the agreed state: name it with --from", USAGE)
    agreed = read_agreed_state(chosen)
    if not agreed:
        raise CliError(f"{chosen}: the node has no agreed state", "take the ledger of a node that agrees with others")
    return agreed


def damage_hint(where: str) -> str:
    """What to do about a ledger that is damaged; `where` is "" unless it is an export."""
    if where:
        return "copy the file again and compare check sums; if they are equal, verify the ledger where it was exported"
    return "keep a copy of the state directory, and see how far another node's ledger is equal: 'qkdctl ledger compare'"


def description_for(config: Path, place: Path | None, description: Path | None) -> "NetworkDescription | None":
    """The description that is named, or that of the configuration; None where there is none.

    Raises:
        CliError: it is wrong.
    """
    if description is not None:
        from qkdctl.config.problems import ConfigError  # noqa: PLC0415 - keeps other verbs fast
        from qkdctl.network.load import load_description  # noqa: PLC0415

        try:
            return load_description(description)
        except ConfigError as error:
            raise CliError(str(error), f"'qkdctl network check {description}' shows the same", CONFIG) from None
    if place is not None and not config.exists():
        return None
    return load_configuration(config).description


def policies_for(config: Path, files: list[Path]) -> "list[Policy]":
    """The policies in files, that of the configuration if it has a sound one, and those that its node keeps.

    Raises:
        CliError: a file that was named is no policy.
    """
    named = [_policy(path) for path in files]
    if not config.exists():
        return named
    from qkdctl.node.policy import load_policy  # noqa: PLC0415 - keeps other verbs fast

    known = load_configuration(config)
    configured, _ = load_policy(known)
    return [*named, configured, *_kept(known.node.state_directory / "policies")]


def _kept(folder: Path) -> "Iterator[Policy]":
    """Sound policies in the library of a node, as far as the caller may read them."""
    from qkdctl.files import read_bounded  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.library.admission import load  # noqa: PLC0415
    from qkdctl.policy.failure import PolicyRejected  # noqa: PLC0415
    from qkdctl.policy.format import MAX_BYTES  # noqa: PLC0415

    for path in sorted(folder.glob("*.onnx")):
        with suppress(OSError, PolicyRejected):
            yield load(read_bounded(path, MAX_BYTES), 1)


def _policy(path: Path) -> "Policy":
    from qkdctl.policy.execution import OnnxPolicy  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.policy.failure import PolicyFailure, PolicyRejected  # noqa: PLC0415
    from qkdctl.policy.vetting import vet  # noqa: PLC0415

    try:
        return OnnxPolicy(vet(path.read_bytes()))
    except (PolicyFailure, PolicyRejected) as error:
        raise CliError(f"{path}: {error}", "name a file that 'qkdctl run' would take") from None


def _read(place: Path, after: int, *, reports: bool) -> "Iterator[Recorded]":
    from qkdctl.audit.export import read_export  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.audit.recorded import read_daemon, read_directory  # noqa: PLC0415
    from qkdctl.client import Client  # noqa: PLC0415

    if place.is_socket():
        return read_daemon(Client(place), after, reports=reports)
    return read_export(place, after) if place.is_file() else read_directory(place, after, reports=reports)
