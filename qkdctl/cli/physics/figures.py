"""The figures that are asked for: their numbers, their files, and what is said when matplotlib is missing."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from qkdctl.cli.errors import CliError
from qkdctl.cli.physics.curves import (
    FiniteCurves,
    LossCurves,
    SaturationCurves,
    finite_curves,
    loss_curves,
    saturation_curves,
)
from qkdctl.cli.physics.options import Figure, Format
from qkdctl.cli.physics.setup import Setup
from qkdctl.exit_codes import USAGE
from qkdctl.physics.security import Security

_AGAINST_LOSS = frozenset({Figure.RATES, Figure.QBER, Figure.MEAN_PHOTON_NUMBER})


@dataclass(frozen=True, slots=True)
class Request:
    """What to draw.

    Attributes:
        figures: which, each once.
        setup: hardware.
        attenuation_db_per_km: of the fibre, for axes in km.
        clock_hz: slots per second.
        dead_time_s: of each detector.
    """

    figures: tuple[Figure, ...]
    setup: Setup
    attenuation_db_per_km: float
    clock_hz: float
    dead_time_s: float


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the figures of a request show; None for what none of them needs."""

    request: Request
    loss: LossCurves | None
    finite: FiniteCurves | None
    saturation: SaturationCurves | None

    def to_plain(self) -> dict[str, Any]:
        """Members of the JSON document."""
        document: dict[str, Any] = {
            "hardware": self.request.setup.to_plain(),
            "attenuation_db_per_km": self.request.attenuation_db_per_km,
            "clock_hz": self.request.clock_hz,
        }
        parts = {"against_loss": self.loss, "finite_key": self.finite, "saturation": self.saturation}
        return document | {name: part.to_plain() for name, part in parts.items() if part is not None}


def calculate(request: Request) -> Numbers:
    """The numbers that the figures of a request need."""
    hardware, wanted = request.setup.hardware, set(request.figures)
    saturated = Figure.SATURATION in wanted
    return Numbers(
        request=request,
        loss=loss_curves(hardware) if wanted & _AGAINST_LOSS else None,
        finite=finite_curves(hardware, Security()) if Figure.FINITE_KEY in wanted else None,
        saturation=saturation_curves(hardware, request.clock_hz, request.dead_time_s) if saturated else None,
    )


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


def drawing_module() -> ModuleType:
    """The module that draws.

    Raises:
        CliError: matplotlib is not installed.
    """
    try:
        return importlib.import_module("qkdctl.cli.physics.drawing")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "matplotlib":
            raise
        raise CliError(
            "figures are drawn with matplotlib, which is not installed",
            "pip install 'qkdctl[sim]'; the numbers come without it: add --json",
        ) from None


def write(numbers: Numbers, files: dict[Figure, Path]) -> None:
    """Draw the figures into their files.

    Raises:
        CliError: matplotlib is not installed, or a file cannot be written.
    """
    if not files:
        return
    drawing = drawing_module()
    for figure, path in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            drawing.save(drawing.draw(figure, numbers), path)
        except OSError as error:
            raise CliError(f"{path} cannot be written: {error.strerror}", "name a place you may write to") from None
