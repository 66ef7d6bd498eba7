"""Asking instruments who they are without a daemon, read only."""

from pathlib import Path
from typing import Any

from qkdctl.cli.configuration import load_configuration
from qkdctl.cli.errors import CliError


def probe_directly(path: Path, names: list[str]) -> list[dict[str, Any]]:
    """Open the configured devices, all at once, read them and let go; nothing is written.

    Args:
        path: configuration.
        names: only these devices; all when empty.

    Raises:
        CliError: the configuration is wrong, or has no device of one of the names.
    """
    from qkdctl.logs import configure_logging  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.node import probe  # noqa: PLC0415

    configure_logging("console", "error")
    config = load_configuration(path)
    if missing := set(names) - set(config.devices):
        known = ", ".join(config.devices) or "none"
        raise CliError(f"{path} has no device {', '.join(sorted(missing))}", f"it has {known}")
    return [
        {
            "name": result.device,
            "driver": config.devices[result.device].driver,
            "address": config.devices[result.device].address,
            "ok": not result.error,
            "identity": result.identity,
            "error": result.error or None,
        }
        for result in probe(config, names or None)
    ]
