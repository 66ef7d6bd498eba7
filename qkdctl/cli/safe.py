"""qkdctl safe."""

from pathlib import Path

import typer

from qkdctl.cli.configuration import load_configuration
from qkdctl.cli.daemon import socket_of_configuration
from qkdctl.cli.errors import CliError
from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, OwnSocketOption
from qkdctl.cli.output import complain, print_document, say
from qkdctl.client import Client, UnreachableError
from qkdctl.exit_codes import FAILURE, UNAVAILABLE

#: A daemon that needs longer than this to make its sources dark is in trouble itself.
_TIMEOUT_S = 30.0
_FROZEN = (
    "end it with 'systemctl kill --signal=KILL qkdctl' or 'kill -9', then say 'qkdctl safe' again: "
    "without a daemon the sources are opened directly"
)


def safe(
    config: ConfigOption = DEFAULT_CONFIG,
    socket: OwnSocketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make every source dark and show it by read-back.

    A running daemon does it, and keeps its links safe until they are resumed. Without one the configured sources are
    opened directly. The exit code is 0 when all are dark, also when they were before; 1 when one could not be shown.

    For example:

      qkdctl safe

      qkdctl safe --config /etc/qkdctl/qkdctl.toml
    """
    path = socket_of_configuration(config, socket)
    try:
        Client(path).wait_for_life()
        answer = Client(path, _TIMEOUT_S).request("POST", "/v1/safe")
    except UnreachableError as error:
        if isinstance(error.__cause__, TimeoutError):
            raise CliError(error.error, _FROZEN, UNAVAILABLE) from None
        if not error.absent:
            raise
    else:
        if as_json:
            print_document(by_daemon=True, text=answer["text"], problems={})
        else:
            say(answer["text"])
        return
    _directly(config, as_json=as_json)


def _directly(config: Path, *, as_json: bool) -> None:
    from qkdctl.logs import configure_logging  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.node import safe_directly  # noqa: PLC0415

    configure_logging("console", "error")
    problems = {result.device: result.error for result in safe_directly(load_configuration(config)) if result.error}
    text = "every configured source is dark" if not problems else "not every source could be shown dark"
    if as_json:
        print_document(by_daemon=False, text=text, problems=problems)
    else:
        say(text)
        for device, problem in problems.items():
            complain(f"{device}: {problem}")
    if problems:
        raise typer.Exit(FAILURE)
