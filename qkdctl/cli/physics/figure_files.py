"""The files of figures: where they go, and what is said when they cannot be drawn."""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdctl.cli.errors import CliError
from qkdctl.cli.physics.options import Figure, Format
from qkdctl.exit_codes import USAGE

if TYPE_CHECKING:
    from qkdctl.physics_view.numbers import Numbers


def places(figures: Sequence[Figure], out: Path, file_format: Format | None) -> dict[Figure, Path]:
    """The file of each figure: in a folder by its name, or the file that is named.

    Raises:
        CliError: a file is named for several figures, or contradicts the format.
    """
    suffixes = {f".{known.value}" for known in Format}
    if out.is_dir() or out.suffix.lower() not in suffixes:
        return {figure: out / f"{figure.value}.{(file_format or Format.PNG).value}" for figure in figures}
    if len(figures) > 1:
        raise CliError(f"{out} is one file for {len(figures)} figures", "name a folder, or one --figure", USAGE)
    if file_format is not None and out.suffix.lower() != f".{file_format.value}":
        raise CliError(f"{out} is not named as a {file_format.value} file", "leave --format out", USAGE)
    return {figures[0]: out}


def drawing_module() -> Any:
    """The module that draws.

    Raises:
        CliError: matplotlib is not installed.
    """
    try:
        return importlib.import_module("qkdctl.physics_view.drawing")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "matplotlib":
            raise
        raise CliError(
            "figures are drawn with matplotlib, which is not installed",
            "pip install 'qkdctl[sim]'; the numbers come without it: add --json",
        ) from None


def write(numbers: "Numbers", files: Mapping[Figure, Path]) -> None:
    """Draw the figures into their files.

    Raises:
        CliError: matplotlib is not installed, or a file cannot be written.
    """
    for figure, path in files.items():
        drawing = drawing_module()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            drawing.save(drawing.draw(figure.value, numbers), path)
        except OSError as error:
            raise CliError(f"{path} cannot be written: {error.strerror}", "name a place you may write to") from None
