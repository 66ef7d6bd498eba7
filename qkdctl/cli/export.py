"""qkdctl export."""

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from qkdctl.cli.configuration import load_configuration
from qkdctl.cli.daemon import socket_of_configuration
from qkdctl.cli.errors import CliError
from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, OwnSocketOption
from qkdctl.cli.output import print_document, say
from qkdctl.client import Client, ClientError

_LEDGER_ENTRIES = 200
_HISTORY_EPOCHS = 200
Json = dict[str, Any]


def export(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="Archive to write, .tar.gz.")],
    config: ConfigOption = DEFAULT_CONFIG,
    socket: OwnSocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a support bundle: versions, checks, configuration, status, histories and the end of the ledger.

    Secrets are redacted, and only you may read the file. What cannot be had is named in the bundle with the reason.

    For example:

      qkdctl export support.tar.gz
    """
    members = [
        (name, json.dumps(_redacted(_attempt(collect)), indent=2, ensure_ascii=False).encode())
        for name, collect in _parts(config, socket)
    ]
    _write(output, members)
    if as_json:
        print_document(file=str(output), members=[name for name, _ in members])
    else:
        say(f"{output}: {', '.join(name for name, _ in members)}")


def _parts(config: Path, socket: Path | None) -> Iterator[tuple[str, Callable[[], Any]]]:
    from qkdctl.cli.checks import all_checks  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.cli.version import versions  # noqa: PLC0415

    client = Client(socket_of_configuration(config, socket))
    yield "versions.json", versions
    yield "doctor.json", lambda: [check.to_plain() for check in all_checks(config, socket)]
    yield "configuration.json", lambda: _configuration(client, config)
    yield "status.json", client.status
    yield (
        "history.json",
        lambda: {link["name"]: client.history(link["name"], _HISTORY_EPOCHS) for link in client.links()},
    )
    yield "ledger.json", lambda: _ledger(config)


def _configuration(client: Client, path: Path) -> list[Json]:
    """What is in force in the daemon; what the file says when there is none."""
    try:
        return client.configuration()
    except ClientError:
        from qkdctl.config.effective import effective  # noqa: PLC0415

        return [value.to_plain() for value in effective(load_configuration(path))]


def _ledger(path: Path) -> list[Json]:
    from qkdctl.cli.ledger import tail  # noqa: PLC0415
    from qkdctl.store.ledger_file import read_ledger  # noqa: PLC0415

    directory = load_configuration(path).node.state_directory
    return [entry.to_plain() for entry in tail(read_ledger(directory), _LEDGER_ENTRIES)]


def _attempt(collect: Callable[[], Any]) -> Any:
    from qkdctl.store.errors import StoreError  # noqa: PLC0415

    try:
        return collect()
    except (CliError, ClientError, StoreError, OSError) as error:
        return {"missing": str(error)}


def _redacted(document: Any) -> Any:
    """The document without secrets, whatever brought them there."""
    from qkdctl.config.redaction import redact  # noqa: PLC0415

    return redact("", document)


def _write(output: Path, members: list[tuple[str, bytes]]) -> None:
    from qkdctl.clock import RealClock  # noqa: PLC0415

    made_at = RealClock().wall_ms() // 1000
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise CliError(f"{output} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(f"qkdctl-support/{name}")
            member.size, member.mtime, member.mode = len(content), made_at, 0o600
            archive.addfile(member, io.BytesIO(content))
