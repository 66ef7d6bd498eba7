"""Processor time per node and time of a decision against the number of nodes, with the floor."""

from pathlib import Path
from typing import Any, Final

from tests.bench.agreement.results import Results
from tests.bench.agreement.windows import Contender, Layer

_COLOURS: Final[dict[Layer, tuple[str, str]]] = {
    "core": ("the agreement alone", "tab:blue"),
    "hub": ("whole nodes over memory", "tab:green"),
    "broker": ("whole nodes over Mosquitto", "tab:orange"),
}
_LINES: Final[dict[Contender, tuple[str, str, str]]] = {"qkdctl": ("", "-", "o"), "floor": (", floor", ":", "x")}


def save_plot(results: Results, path: Path) -> None:
    """Draw and write a PNG file."""
    import matplotlib as mpl  # noqa: PLC0415 - only who saves needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, panels = plt.subplots(1, 2, figsize=(12, 5.2), layout="constrained")
    _panel(panels[0], results, "cpu_us")
    panels[0].set(title="Processor time per node and epoch", ylabel="ms")
    _panel(panels[1], results, "p50_us")
    panels[1].set(title="Time of a decision, all nodes on one core: median", ylabel="ms")
    handles, labels = panels[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle(
        f"{results.machine['cores']} cores, load average {results.load['before'][0]} before;"
        " bars from the least to the most of the rounds",
        fontsize=10,
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(axes: Any, results: Results, name: str) -> None:
    for layer, (title, colour) in _COLOURS.items():
        for contender, (suffix, line, marker) in _LINES.items():
            found = [(cell.nodes, value) for cell in results.cells(layer, contender) if (value := getattr(cell, name))]
            if not found:
                continue
            spreads = [value for _, value in found]
            below = [(spread.median - spread.least) / 1e3 for spread in spreads]
            above = [(spread.most - spread.median) / 1e3 for spread in spreads]
            axes.errorbar([nodes for nodes, _ in found], [spread.median / 1e3 for spread in spreads],
                          yerr=[below, above], label=title + suffix, color=colour, linestyle=line, marker=marker,
                          markersize=5, capsize=2, elinewidth=0.8)  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="nodes")
    sizes = sorted({*results.plan.core_nodes, *results.plan.hub_nodes})
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.grid(visible=True, alpha=0.3)
