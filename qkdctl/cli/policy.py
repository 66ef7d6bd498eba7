"""qkdctl policy: policy files, from the first look to being in force."""

from pathlib import Path
from typing import Annotated, Any

import typer

from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, SocketOption
from qkdctl.cli.output import Painter, print_document, print_json, say
from qkdctl.cli.policy_group import PolicyGroup
from qkdctl.cli.policy_text import difference_text, history_text, policies_text, verdict_text
from qkdctl.client import Client
from qkdctl.exit_codes import FAILURE

PolicyArgument = Annotated[
    str, typer.Argument(metavar="POLICY", help="Name (its highest version), SHA-256, or its first 6 digits or more.")
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Policy file, .onnx.", dir_okay=False)]

app = typer.Typer(
    cls=PolicyGroup,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Verify, stage, watch, activate and roll back policies.",
)


@app.command("list")
def list_policies(socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """List the policies at this node, and which is in force.

    For example:

      qkdctl policy list

      qkdctl policy list --json | jq '.files[] | {name, version, stage}'
    """
    document = Client(socket).policies()
    if as_json:
        print_json(document)
    else:
        say(policies_text(document, Painter.for_stdout()))


@app.command()
def verify(
    file: FileArgument,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", metavar="FILE", help="Also check its manifest.", dir_okay=False)
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Check a policy file as a daemon would, without one: exit code 0 when it is a policy, 1 when it is not.

    The file is parsed, loaded and run in a process of its own, under limits of memory and time, and must give the
    values that exact integers give. With a manifest, its digest and size are compared; its signature is checked by the
    trusted_keys of the configuration, if there is one.

    For example:

      qkdctl policy verify night.onnx

      qkdctl policy verify night.onnx --manifest night.json --json | jq .code
    """
    from qkdctl.cli.policy_files import verdict  # noqa: PLC0415 - other verbs need none of it

    found = verdict(file, manifest, config)
    if as_json:
        print_document(**found)
    else:
        say(verdict_text(found, Painter.for_stdout()))
    if found["code"]:
        raise typer.Exit(FAILURE)


@app.command()
def sign(
    file: FileArgument,
    key: Annotated[
        Path,
        typer.Option("--key", metavar="FILE", help="Ed25519 private key, PEM, no pass phrase.", dir_okay=False),
    ],
    signer: Annotated[str, typer.Option("--signer", metavar="NAME", help="As in trusted_keys of the nodes.")],
    version: Annotated[
        int, typer.Option("--version", min=0, max=2**63 - 1, metavar="N", help="Must rise with every release.")
    ],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Of the policy; else from the file.")
    ] = None,
) -> None:
    """Print a signed manifest of a policy file, for `stage --manifest`.

    The first line on stderr is what to write into trusted_keys of [policy] at the nodes.

    For example:

      openssl genpkey -algorithm ed25519 -out release.pem

      qkdctl policy sign night.onnx --key release.pem --signer release --version 4 > night.json
    """
    from qkdctl.cli.policy_files import signed_manifest  # noqa: PLC0415 - other verbs need none of it

    say(signed_manifest(file, key, signer, version, name))


@app.command()
def stage(
    file: FileArgument,
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", metavar="FILE", help="Its manifest, from `sign`.", dir_okay=False),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="Without a manifest; else from the file's name.")
    ] = None,
    socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a policy file to the daemon, which vets it and keeps it at hand. Nothing else changes.

    In a network every node must have the file before an act activates it, so stage it at all of them.

    For example:

      qkdctl policy stage night.onnx

      qkdctl policy stage night.onnx --manifest night.json
    """
    from qkdctl.cli.policy_files import upload  # noqa: PLC0415 - other verbs need none of it

    staged = Client(socket).stage_policy(*upload(file, manifest, name))
    _report(staged, f"{staged['name']} version {staged['version']} is at hand: {staged['sha256']}", as_json=as_json)


@app.command()
def shadow(
    policy: PolicyArgument,
    off: Annotated[bool, typer.Option("--off", help="End that.")] = False,
    socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have a policy propose in every epoch, without effect, and record how it would have done.

    `list` then shows how often it agrees with what was decided, what the shield would have changed, failures, and how
    long it takes.

    For example:

      qkdctl policy shadow night

      qkdctl policy shadow night --off
    """
    file = Client(socket).shadow_policy(policy, watch=not off)
    _report(file, f"{file['name']} version {file['version']} is {file['stage']}", as_json=as_json)


@app.command()
def canary(
    policy: PolicyArgument,
    link: Annotated[list[str], typer.Option("--link", metavar="LINK", help="Decide for it; may be repeated.")],
    until: Annotated[int, typer.Option("--until", min=1, metavar="EPOCH", help="Last epoch in which it does.")],
    base: Annotated[
        str, typer.Option("--base", metavar="POLICY", help="For all other links; the one in force by default.")
    ] = "",
    socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a combination at hand: a policy on some links for a time, another one on all others.

    The combination is a policy of its own, with a digest that is the same wherever the same is asked for. So ask for it
    at every node with the same words, then activate that digest; `rollback` ends it, activating the policy itself goes
    all the way.

    For example:

      qkdctl policy canary night --link alice-bob --until 5000

      qkdctl policy canary night --link a-b --link c-d --until 5000 --base rule-based
    """
    file = Client(socket).canary_policy(policy, link, until, base)
    text = f"{file['name']} is at hand; when all nodes have it: qkdctl policy activate {file['sha256']}"
    _report(file, text, as_json=as_json)


@app.command()
def activate(policy: PolicyArgument, socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """Want a policy to be in force: a file at hand, rule-based or hold.

    This files an act. A node alone switches with the next epochs; in a network all nodes switch in the same epoch, once
    operators of k of them have approved it with `qkdctl acts approve`.

    For example:

      qkdctl policy activate night

      qkdctl policy activate rule-based
    """
    result = Client(socket).activate_policy(policy)
    _report(result, result["text"], as_json=as_json)


@app.command()
def rollback(socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """Want the policy back that was in force before; an act as with `activate`.

    Nobody needs to ask where a policy fails or does much worse than the one before: then the network falls back by
    itself, and takes that policy again only by another act.

    For example:

      qkdctl policy rollback
    """
    result = Client(socket).rollback_policy()
    _report(result, result["text"], as_json=as_json)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="A", help="A file, or a policy of the daemon.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The same.")],
    socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two policies: claims, shape, weights, and how often they choose otherwise.

    For example:

      qkdctl policy diff night.onnx day.onnx

      qkdctl policy diff night ./night-2.onnx --json | jq .choices
    """
    from qkdctl.cli.policy_files import difference  # noqa: PLC0415 - other verbs need none of it

    found = difference(first, second, Client(socket))
    if as_json:
        print_document(**found)
    else:
        say(difference_text(found, Painter.for_stdout()))


@app.command()
def history(
    policy: Annotated[str | None, typer.Argument(metavar="[POLICY]", help="Of one only; by name or SHA-256.")] = None,
    socket: SocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what policies have been through at this node: when, in which epoch, and why.

    For example:

      qkdctl policy history

      qkdctl policy history night --json | jq '.events[-1].why'
    """
    from qkdctl.cli.policy_files import events_of  # noqa: PLC0415 - other verbs need none of it

    events = events_of(Client(socket).policies(), policy)
    if as_json:
        print_document(events=events)
    else:
        say(history_text(events, Painter.for_stdout()))


def _report(document: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        say(text)
