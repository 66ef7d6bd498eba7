"""qkdctl version."""

from importlib.metadata import PackageNotFoundError, distribution
from importlib.metadata import version as version_of
from platform import machine, python_version, system
from typing import Any

from qkdctl.cli.options import JsonOption
from qkdctl.cli.output import print_document, say


def version(as_json: JsonOption = False) -> None:
    """Print the version; with --json also those of Python and of the libraries.

    For example:

      qkdctl version --json
    """
    if as_json:
        print_document(**versions())
    else:
        say(f"qkdctl {version_of('qkdctl')}")


def versions() -> dict[str, Any]:
    """Versions of everything that a fault report needs; null for a library that is missing."""
    required = [text.split(";") for text in distribution("qkdctl").requires or ()]
    names = sorted({_name(requirement) for requirement, *marker in required if not any("extra" in m for m in marker)})
    return {
        "version": version_of("qkdctl"),
        "python": python_version(),
        "platform": f"{system()} {machine()}",
        "libraries": {name: _version(name) for name in names},
    }


def _name(requirement: str) -> str:
    end = next((i for i, c in enumerate(requirement) if not (c.isalnum() or c in "-_.")), len(requirement))
    return requirement[:end]


def _version(name: str) -> str | None:
    try:
        return version_of(name)
    except PackageNotFoundError:
        return None
