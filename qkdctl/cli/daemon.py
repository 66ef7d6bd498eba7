"""Which daemon a verb asks: one order of precedence for all verbs.

1. `--socket PATH`
2. `--config FILE`: the socket of that configuration
3. `$QKDCTL_SOCKET`
4. `$QKDCTL_CONFIG`: the socket of that configuration
5. `/run/qkdctl/qkdctl.sock`
"""

import os
from pathlib import Path
from typing import Any

from qkdctl.cli.errors import CliError
from qkdctl.client import SYSTEM_SOCKET, default_socket
from qkdctl.exit_codes import CONFIG, UNAVAILABLE

_NAMED = "qkdctl.cli.daemon.config"
"""Where the context of a command line keeps what `--config` names until `--socket` is looked at."""


def daemon_socket(socket: Path | None, config: Path | None = None) -> Path:
    """The socket to ask, by the order above.

    Args:
        socket: that `--socket` names.
        config: that `--config` names.

    Raises:
        CliError: a configuration that goes before all else cannot be read, or no daemon of it runs.
    """
    if socket is not None:
        return socket
    if config is not None:
        return _running(config, "--config")
    if not os.environ.get("QKDCTL_SOCKET") and (named := os.environ.get("QKDCTL_CONFIG")):
        return _running(Path(named), "QKDCTL_CONFIG")
    return default_socket()


def socket_of_configuration(config: Path, socket: Path | None) -> Path:
    """For verbs that work on a configuration with or without its daemon, which holds these very instruments.

    Such a configuration counts as named even by default. One that is broken or missing must not hide a running daemon:
    then the order goes on.
    """
    if socket is not None:
        return socket
    try:
        return _configured(config, "--config")[0] if config.exists() else default_socket()
    except CliError:
        return default_socket()


def keep_config(context: Any, value: Path | None) -> None:
    """Callback of `--config`: keep the path for `take_socket`, which the parser calls later."""
    context.meta[_NAMED] = value


def take_socket(context: Any, value: Path | None) -> Path | None:
    """Callback of `--socket`: the socket that follows from the command line and the environment."""
    return value if context.resilient_parsing else daemon_socket(value, context.meta.get(_NAMED))


def _running(config: Path, named_by: str) -> Path:
    socket, is_default = _configured(config, named_by)
    if socket.exists():
        return socket
    why = ", the default for want of [api] socket and [node] runtime_directory in it" if is_default else ""
    raise CliError(
        f"no daemon of {config} runs: there is no socket {socket}{why}",
        f"start it with 'qkdctl run --config {config}', or name the socket of a running one with --socket",
        UNAVAILABLE,
    )


def _configured(config: Path, named_by: str) -> tuple[Path, bool]:
    """The socket of a configuration, and whether it is the default one."""
    from qkdctl.config.control_socket import control_socket  # noqa: PLC0415 - needed only where a file is named
    from qkdctl.config.problems import ConfigError  # noqa: PLC0415

    try:
        socket = control_socket(config, os.environ)
    except ConfigError as error:
        raise CliError(
            f"{named_by} {config}: {error.problems[0].message}",
            "name the configuration of the daemon, or its socket with --socket",
            CONFIG,
        ) from None
    return (SYSTEM_SOCKET, True) if socket is None else (socket, False)
