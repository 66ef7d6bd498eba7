"""Which files make up a configuration."""

from pathlib import Path

from qkdctl.config.problems import Origin, Problem

_FRAGMENTS = "conf.d"


def configuration_files(path: Path) -> tuple[list[Path], list[Problem]]:
    """The main file and its fragments, in the order of reading."""
    directory = path.parent / _FRAGMENTS
    try:
        fragments = sorted(file for file in directory.iterdir() if file.suffix == ".toml")
    except FileNotFoundError:
        return [path], []
    except OSError as error:
        message = f"the directory cannot be listed: {error.strerror}"
        hint = "run as the daemon's user, or let that user read the directory"
        return [path], [Problem(Origin.in_file(directory), "", message, hint=hint)]
    return [path, *fragments], []
