"""The figures, drawn with matplotlib; import it only where that is installed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure as Drawing

from qkdctl.cli.physics.drawing_bb84 import draw_finite_key, draw_saturation
from qkdctl.cli.physics.drawing_loss import draw_mean_photon_number, draw_qber, draw_rates
from qkdctl.cli.physics.figures import Numbers
from qkdctl.cli.physics.options import Figure

_DRAW: Final[Mapping[Figure, Callable[[Numbers], Drawing]]] = {
    Figure.RATES: draw_rates,
    Figure.QBER: draw_qber,
    Figure.MEAN_PHOTON_NUMBER: draw_mean_photon_number,
    Figure.FINITE_KEY: draw_finite_key,
    Figure.SATURATION: draw_saturation,
}
_UNDATED: Final[Mapping[str, Mapping[str, None]]] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def draw(figure: Figure, numbers: Numbers) -> Drawing:
    """One of the figures."""
    return _DRAW[figure](numbers)


def save(drawing: Drawing, path: Path) -> None:
    """Write a figure; equal numbers give equal files. Text stays text in SVG and PDF."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "qkdctl", "pdf.fonttype": 42}):
        drawing.savefig(path, metadata=dict(_UNDATED.get(path.suffix.lower(), {})))
