"""Measured over expected at every point."""

from collections.abc import Sequence
from pathlib import Path

from tests.campaigns.sequence_bb84.comparison import Comparison


def save_plot(comparisons: Sequence[Comparison], path: Path) -> None:
    """Draw and write a PNG file."""
    import matplotlib as mpl  # noqa: PLC0415 - only who saves needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (rates, errors) = plt.subplots(1, 2, figsize=(11, 4), sharey=True, layout="constrained")
    names = [c.point.name for c in comparisons]
    places = range(len(names))
    for axes, title, values, bars in (
        (
            rates,
            "sifted rate",
            [c.measured.sifted_per_pulse / c.expected.sifted_per_pulse for c in comparisons],
            [c.rate_error / c.expected.sifted_per_pulse for c in comparisons],
        ),
        (
            errors,
            "QBER",
            [c.measured.qber / c.expected.qber for c in comparisons],
            [c.qber_error / c.expected.qber for c in comparisons],
        ),
    ):
        axes.errorbar(values, places, xerr=bars, fmt="o", color="tab:blue", capsize=3)
        axes.axvline(1.0, color="0.45", linewidth=1)
        axes.set(title=title, xlabel="SeQUeNCe over receiver model (bars: one standard error)")
        axes.grid(visible=True, alpha=0.3)
    rates.set_yticks(places, names)
    rates.invert_yaxis()
    figure.savefig(path, dpi=110)
    plt.close(figure)
