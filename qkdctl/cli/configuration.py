"""Loading the configuration for verbs that work without a daemon."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qkdctl.cli.errors import CliError
from qkdctl.exit_codes import CONFIG

if TYPE_CHECKING:
    from qkdctl.config.model import Config
    from qkdctl.config.problems import ConfigError


def load_configuration(path: Path) -> "Config":
    """The configuration, with the environment applied.

    Raises:
        CliError: it is wrong or cannot be read; the text has every problem.
    """
    from qkdctl.config.load import load  # noqa: PLC0415 - keeps other verbs fast
    from qkdctl.config.problems import ConfigError  # noqa: PLC0415

    try:
        return load(path, os.environ, {})
    except ConfigError as error:
        raise wrong_configuration(error, path) from None


def wrong_configuration(error: "ConfigError", path: Path) -> CliError:
    """A wrong configuration as a verb reports it."""
    return CliError(str(error), f"'qkdctl config check --config {path}' shows the same", CONFIG)
