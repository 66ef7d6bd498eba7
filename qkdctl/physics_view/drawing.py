"""The figures, drawn with matplotlib; import it only where that is installed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

from qkdctl.physics_view.drawing_bb84 import draw_finite_key, draw_saturation
from qkdctl.physics_view.drawing_loss import draw_mean_photon_number, draw_qber, draw_rates
from qkdctl.physics_view.numbers import Numbers

_DRAW: Final[Mapping[str, Callable[[Numbers], Figure]]] = {
    "rates": draw_rates,
    "qber": draw_qber,
    "mean-photon-number": draw_mean_photon_number,
    "finite-key": draw_finite_key,
    "saturation": draw_saturation,
}
_UNDATED: Final[Mapping[str, Mapping[str, None]]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def draw(figure: str, numbers: Numbers) -> Figure:
    """One of `FIGURES`, of whose numbers none may be missing."""
    return _DRAW[figure](numbers)


def save(drawing: Figure, path: Path) -> None:
    """Write a figure; equal numbers give equal files. Text stays text in SVG and PDF."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "qkdctl", "pdf.fonttype": 42}):
        drawing.savefig(path, metadata=dict(_UNDATED.get(path.suffix.lower(), {})))
