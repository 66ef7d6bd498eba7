"""Which verbs there are, and where; nothing is imported until a verb is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
import typer.main

from qkdctl.cli.daemon_config import offer_configuration
from qkdctl.cli.errors import CliError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "qkdctl.commands"


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb of this package.

    Attributes:
        place: "module:attribute" of a function, or of a typer.Typer with verbs of its own.
        help: one line for the overview.
    """

    place: str
    help: str

    def load(self) -> Any:
        """Import what the verb is made of."""
        module, _, attribute = self.place.partition(":")
        return getattr(import_module(module), attribute)


VERBS: Mapping[str, Verb] = {
    "run": Verb("qkdctl.cli.run:run", "Run the daemon in the foreground."),
    "status": Verb("qkdctl.cli.status_command:status", "Show the whole node at one glance."),
    "top": Verb("qkdctl.cli.top:top", "Watch links and instruments live."),
    "links": Verb("qkdctl.cli.links:app", "List, hold, release, make safe and re-align links."),
    "calibrate": Verb("qkdctl.cli.calibrate:calibrate", "Measure the calibration record of a link."),
    "safe": Verb("qkdctl.cli.safe:safe", "Make every source dark, with or without a daemon."),
    "devices": Verb("qkdctl.cli.devices:app", "List, inspect, probe and set instruments."),
    "abft": Verb("qkdctl.cli.abft:app", "Show the agreement: status, weights and why they move, evidence."),
    "acts": Verb("qkdctl.cli.acts:app", "File and approve what several operators must want."),
    "policy": Verb("qkdctl.cli.policy:app", "Verify, stage, watch, activate and roll back policies."),
    "alarms": Verb("qkdctl.cli.alarms:app", "List and acknowledge alarms."),
    "routes": Verb("qkdctl.cli.routes:routes", "Show over which nodes keys are relayed."),
    "ledger": Verb("qkdctl.cli.ledger:app", "Verify, show, export, compare and adopt ledgers."),
    "config": Verb("qkdctl.cli.config:app", "Check, show and create configurations."),
    "network": Verb("qkdctl.cli.network:app", "Make, check and show networks of nodes."),
    "physics": Verb("qkdctl.cli.physics.app:app", "Calculate rates, reaches and finite keys, draw curves."),
    "doctor": Verb("qkdctl.cli.doctor:doctor", "Check what the daemon needs on this machine."),
    "export": Verb("qkdctl.cli.export:export", "Write a support bundle without secrets."),
    "install-service": Verb("qkdctl.cli.install_service:install_service", "Install the systemd service."),
    "completion": Verb("qkdctl.cli.completion:completion", "Print the completion script of a shell."),
    "version": Verb("qkdctl.cli.version:version", "Print the version."),
}


def plugins() -> "Mapping[str, EntryPoint]":
    """Verbs that other packages register, by name; none of them is imported. A verb of this package goes first."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - reading all package metadata is slow

    return {point.name: point for point in entry_points(group=GROUP) if point.name not in VERBS}


def load_command(name: str, origin: "Verb | EntryPoint") -> Any:
    """The command of a verb.

    Raises:
        CliError: the package that registers it does not import.
    """
    try:
        loaded = origin.load()
    except (ImportError, AttributeError) as error:
        raise CliError(
            f"the verb {name!r} cannot be loaded: {error}", "install the package that provides it again"
        ) from error
    app = loaded
    if not isinstance(app, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(name)(loaded)
    command = typer.main.get_command(app)
    command.name = name
    offer_configuration(command)
    return command
