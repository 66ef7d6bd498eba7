"""Link-seconds per second against the number of links, all contenders."""

from pathlib import Path
from typing import Final

from tests.bench.network.contender import IN_USE, KERNELS, OURS, OURS_SLICE, SEQUENCE, SIMQN
from tests.bench.network.results import Results

_STYLES: Final = {
    OURS.name: (OURS.title, "tab:blue", "-", "o"),
    OURS_SLICE.name: (OURS_SLICE.title, "tab:blue", ":", "x"),
    IN_USE.name: (IN_USE.title, "black", "-", "s"),
    KERNELS.name: (KERNELS.title, "black", ":", "+"),
    SEQUENCE.name: (SEQUENCE.title, "tab:orange", "-", "^"),
    SIMQN.name: (SIMQN.title, "tab:green", "-", "v"),
}


def save_plot(results: Results, path: Path) -> None:
    """Draw and write a PNG file."""
    import matplotlib as mpl  # noqa: PLC0415 - only who saves needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    counts = [links for links, _ in results.plan.slices_s]
    figure, axes = plt.subplots(figsize=(8, 5.6), layout="constrained")
    for contender, (title, colour, line, marker) in _STYLES.items():
        found = [cell for links in counts if (cell := results.cell(contender, links)) is not None]
        if not found:
            continue
        spreads = [cell.per_wall_s for cell in found]
        below = [s.median - s.least for s in spreads]
        above = [s.most - s.median for s in spreads]
        axes.errorbar([c.links for c in found], [s.median for s in spreads], yerr=[below, above], label=title,
                      color=colour, linestyle=line, marker=marker, markersize=5, capsize=2, elinewidth=0.8)  # fmt: skip
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="links",
        ylabel="link-seconds simulated per second",
        title=f"BB84 to the sifted key, {results.plan.pulse_rate_hz / 1e6:g} MHz pulse rate, one process",
    )
    axes.grid(visible=True, alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)
