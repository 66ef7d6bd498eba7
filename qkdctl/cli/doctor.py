"""qkdctl doctor."""

import typer

from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption, OwnSocketOption
from qkdctl.cli.output import Painter, print_document, say
from qkdctl.exit_codes import FAILURE

_STYLES = {"ok": "green", "warning": "yellow", "failure": "red", "skipped": "dim"}


def doctor(config: ConfigOption = DEFAULT_CONFIG, socket: OwnSocketOption = None, as_json: JsonOption = False) -> None:
    """Check what the daemon needs on this machine.

    That is: Python, packages, configuration, serial ports, state directory, control socket, clock and broker. Nothing
    is changed and no instrument is touched ('qkdctl devices probe' asks those). The exit code is 1 when a check fails;
    warnings do not count.

    For example:

      qkdctl doctor --config bench.toml
    """
    from qkdctl.cli.checks import all_checks  # noqa: PLC0415 - keeps other verbs fast

    paint = Painter.for_stdout()
    checks = []
    for check in all_checks(config, socket):
        checks.append(check)
        if not as_json:
            say(f"{paint(check.outcome.ljust(7), _STYLES[check.outcome])}  {check.name}: {check.text}")
            if check.hint:
                say(f"         hint: {check.hint}")
    failed = any(check.outcome == "failure" for check in checks)
    if as_json:
        print_document(ok=not failed, checks=[check.to_plain() for check in checks])
    if failed:
        raise typer.Exit(FAILURE)
