"""qkdctl network init."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from qkdctl.cli.errors import CliError
from qkdctl.cli.options import JsonOption
from qkdctl.cli.output import complain, print_document, say
from qkdctl.exit_codes import CONFIG, USAGE

if TYPE_CHECKING:
    from qkdctl.network.description import NetworkDescription
    from qkdctl.network.directories import ManagedKeys, NodeDirectory, PairKeys

DescriptionArgument: TypeAlias = Annotated[
    Path | None,
    typer.Argument(metavar="[DESCRIPTION]", help="A network.toml; without it, --name, --nodes and --link."),
]
TargetOption: TypeAlias = Annotated[
    Path, typer.Option("--into", metavar="DIR", help="Folder to make; it must not exist, or be empty.")
]
NameOption: TypeAlias = Annotated[str, typer.Option("--name", metavar="NAME", help="Name of the network.")]
NodesOption: TypeAlias = Annotated[str, typer.Option("--nodes", metavar="A,B,...", help="Names of the nodes.")]
FaultsOption: TypeAlias = Annotated[
    int | None, typer.Option("--faults", min=0, metavar="F", help="Nodes that may lie; as many as can by default.")
]
LinkOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--link", metavar="ALICE:BOB", help="A QKD link between two nodes; may be repeated."),
]
DaysOption: TypeAlias = Annotated[
    float, typer.Option("--days", min=0.001, max=3650, metavar="D", help="Days for which key is made.")
]
KeyManagerOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--key-manager",
        metavar="URL",
        help="Keys come from key managers at this https:// URL, {node} standing for the name: certificates, no key.",
    ),
]


def init(
    target: TargetOption,
    description: DescriptionArgument = None,
    name: NameOption = "",
    nodes: NodesOption = "",
    faults: FaultsOption = None,
    link: LinkOption = None,
    days: DaysOption = 1.0,
    key_manager: KeyManagerOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a folder for each node of a network: description, configuration to complete, first keys.

    Nothing is overwritten. The folders hold keys: carry each to its node in a way that nobody can copy it, and keep
    none.

    For example:

      qkdctl network init network.toml --into metro

      qkdctl network init --into metro --name metro --nodes a,b --link a:b

      qkdctl network init n.toml --into n --key-manager https://kme-{node}:8443
    """
    network = _description(description, name, nodes, faults, link or [])
    made = _make(network, target, _keys(network, days, key_manager))
    following = _following(target, made, has_authority=bool(key_manager))
    if as_json:
        print_document(
            network=network.name,
            digest=network.digest,
            folders=[{"node": entry.node, "path": str(entry.path)} for entry in made],
            problems=[problem.to_plain() for problem in network.warnings],
            next=following,
        )
        return
    for problem in network.warnings:
        complain(problem.render())
    say(f"{target}: network {network.name}, folders for {', '.join(entry.node for entry in made)}")
    for number, step in enumerate(following, 1):
        say(f"{number}. {step}")


def _description(
    path: Path | None, name: str, nodes: str, faults: int | None, links: list[str]
) -> "NetworkDescription":
    from qkdctl.config.problems import ConfigError  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.network.load import load_description, parse_description  # noqa: PLC0415
    from qkdctl.network.render import render_description  # noqa: PLC0415

    if (path is None) != bool(name and nodes) or (path is not None and (name or nodes or links or faults is not None)):
        hint = "qkdctl network init --help has examples"
        raise CliError("name a description, or give --name and --nodes in its place", hint, USAGE)
    try:
        if path is not None:
            return load_description(path)
        members = [node.strip() for node in nodes.split(",")]
        most = (len(members) - 1) // 3
        text = render_description(name, members, most if faults is None else faults, list(map(_ends, links)))
        return parse_description(text, Path("network.toml"))
    except ConfigError as error:
        raise CliError(str(error), "nothing was made", CONFIG) from None


def _ends(link: str) -> tuple[str, str]:
    alice, separator, bob = link.partition(":")
    if not separator:
        raise CliError(f"--link {link} has no two ends", "write --link ALICE:BOB, such as --link north:south", USAGE)
    return alice, bob


def _keys(network: "NetworkDescription", days: float, url: str) -> "PairKeys | ManagedKeys":
    from qkdctl.clock import RealClock  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.network.directories import ManagedKeys, PairKeys  # noqa: PLC0415

    if not url:
        return PairKeys.for_days(days, network.file.network.epoch_s)
    if not url.startswith("https://"):
        raise CliError(f"--key-manager {url}: keys never travel over plain HTTP", "write https://host:port", USAGE)
    return ManagedKeys(url, RealClock())


def _make(network: "NetworkDescription", target: Path, keys: "PairKeys | ManagedKeys") -> "tuple[NodeDirectory, ...]":
    from qkdctl.keys.base import KeySourceError  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.network.directories import network_directories  # noqa: PLC0415

    try:
        return network_directories(network, target, keys)
    except FileExistsError as error:
        raise CliError(str(error), "name another folder with --into, or remove that one first") from None
    except KeySourceError as error:
        raise CliError(str(error), "nothing was made") from None


def _following(target: Path, made: "tuple[NodeDirectory, ...]", *, has_authority: bool) -> list[str]:
    steps = [
        f"In {target}/NODE/qkdctl.toml add the instruments of each node, and at least one broker.",
        f"Check all of it: qkdctl network check {target}",
        "Carry each folder to its node as /etc/qkdctl, in a way that nobody can read it, and delete it here.",
        "Compare the digest at all nodes: qkdctl network show /etc/qkdctl",
        "Start the nodes: qkdctl install-service, or qkdctl run",
    ]
    if has_authority:
        authority = target / "authority"
        steps[2:2] = [
            f"Make the key managers trust {authority}/ca.pem, and keep {authority}/ca.key away from any network.",
            "Where another authority signed a key manager's own certificate, put that in place of NODE/keys/ca.pem.",
        ]
    if len(made) > 1 and not has_authority:
        steps.append("Keys in files are used up: connect key managers before they end, see docs/guides/network.md")
    return steps
