"""qkdctl run."""

from pathlib import Path
from typing import Annotated

import typer

from qkdctl.cli.configuration import wrong_configuration
from qkdctl.cli.options import DEFAULT_CONFIG, ConfigOption


def run(
    config: ConfigOption = DEFAULT_CONFIG,
    others: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="PATH", help="Run the node of this configuration in the same process too."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="End after one epoch.")] = False,
    duration: Annotated[
        float | None, typer.Option("--duration", min=0.0, metavar="SECONDS", help="End after this time.")
    ] = None,
    observe_only: Annotated[
        bool, typer.Option("--observe-only", help="Decide and show, but write to no instrument.")
    ] = False,
) -> None:
    """Run the daemon in the foreground until SIGTERM or Ctrl-C; every source is dark before it ends.

    SIGHUP reads the configuration again. A service manager is told of readiness and health over $NOTIFY_SOCKET.

    For example:

      qkdctl run --config bench.toml

      qkdctl run --config bench.toml --observe-only --duration 60

      qkdctl run --config madrid-1/qkdctl.toml --with madrid-2/qkdctl.toml
    """
    from qkdctl.config.problems import ConfigError  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.node import RunOptions  # noqa: PLC0415
    from qkdctl.node import run as run_node  # noqa: PLC0415

    overrides = {"node.observe_only": "true"} if observe_only else {}
    options = RunOptions(config, tuple(others or ()), overrides, epochs=1 if once else None, duration_s=duration)
    try:
        raise typer.Exit(run_node(options))
    except ConfigError as error:
        raise wrong_configuration(error, config) from None
