"""Polls per second and the slowest polls against the number of devices, all contenders."""

from pathlib import Path
from typing import Any, Final

from tests.bench.contender import DAEMON, DAEMON_TOGETHER, FASTCS, FRAPPY, RAW, RAW_TOGETHER
from tests.bench.plan import PACE_S
from tests.bench.results import Results
from tests.bench.targets import POLLS_PER_S

_STYLES: Final = {
    RAW.name: (RAW.title, "0.45", "--", "s"),
    DAEMON.name: (DAEMON.title, "tab:blue", "-", "o"),
    FASTCS.name: (FASTCS.title, "tab:orange", "-", "^"),
    FRAPPY.name: (FRAPPY.title, "tab:green", "-", "v"),
    RAW_TOGETHER.name: (RAW_TOGETHER.title, "0.45", ":", "x"),
    DAEMON_TOGETHER.name: (DAEMON_TOGETHER.title, "tab:blue", ":", "x"),
}


def save_plot(results: Results, path: Path) -> None:
    """Draw and write a PNG file."""
    import matplotlib as mpl  # noqa: PLC0415 - only who saves needs it

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, panels = plt.subplots(1, 3, figsize=(15, 4.8), layout="constrained")
    _panel(panels[0], results, "polls_per_s", paced=False)
    panels[0].axhline(POLLS_PER_S, color="tab:red", linewidth=1, linestyle=":")
    panels[0].annotate(f"promised: {POLLS_PER_S:g}", (results.plan.device_counts[0], POLLS_PER_S), color="tab:red",
                       xytext=(0, 4), textcoords="offset points", fontsize=9)  # fmt: skip
    panels[0].set(title="Without pause", ylabel="polls per second")
    _panel(panels[1], results, "p50_us", paced=True)
    panels[1].set(title=f"At {1 / PACE_S:g} Hz per device: median", ylabel="p50 of one poll in us")
    _panel(panels[2], results, "p99_us", paced=True)
    panels[2].set(title=f"At {1 / PACE_S:g} Hz per device: slowest polls", ylabel="p99 of one poll in us")
    limits = [limit for panel in panels[1:] for limit in panel.get_ylim()]
    for panel in panels[1:]:
        panel.set_ylim(min(limits), max(limits))
    handles, labels = panels[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=(len(labels) + 1) // 2, frameon=False)
    figure.suptitle(
        f"{results.machine['cores']} cores, load average {results.load['before'][0]} before;"
        " bars from the least to the most of the rounds",
        fontsize=10,
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(axes: Any, results: Results, name: str, *, paced: bool) -> None:
    for contender, (title, colour, line, marker) in _STYLES.items():
        found = [c for d in results.plan.device_counts if (c := results.cell(contender, d, paced=paced)) is not None]
        if not found:
            continue
        spreads = [getattr(cell, name) for cell in found]
        below = [s.median - s.least for s in spreads]
        above = [s.most - s.median for s in spreads]
        axes.errorbar([c.devices for c in found], [s.median for s in spreads], yerr=[below, above], label=title,
                      color=colour, linestyle=line, marker=marker, markersize=5, capsize=2, elinewidth=0.8)  # fmt: skip
    from matplotlib.ticker import LogLocator, StrMethodFormatter  # noqa: PLC0415

    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(results.plan.device_counts, [str(d) for d in results.plan.device_counts])
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.minorticks_off()
    axes.set_xlabel("devices")
    axes.grid(visible=True, alpha=0.3)
