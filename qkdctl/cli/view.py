"""The live view: a status document and the links' histories as one screen."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qkdctl.cli.agreement_line import agreement_words
from qkdctl.cli.fitting import Fitted
from qkdctl.cli.output import number, percent, rate
from qkdctl.cli.status_text import STATE_STYLES, duration

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

Json = dict[str, Any]
History = Mapping[str, Sequence[Json]]
_BARS = "▁▂▃▄▅▆▇█"
_SPARK_EPOCHS = 20
_ACTIONS_SHOWN = 8
_VALUES_SHOWN = 4
_WIDE = 110
_GAP = "  "


def render(
    status: Json, history: History, *, silent_s: float | None = None, height: int | None = None
) -> "RenderableType":
    """One screen: what is wrong, links with their trends, the last actions, instruments.

    Args:
        status: the status document.
        history: epochs per link, oldest first, as the API gives them.
        silent_s: how long the daemon has been out of reach, None while it is connected.
        height: lines there are, None without a limit.
    """
    from rich.console import Group  # noqa: PLC0415 - keeps other verbs fast

    head: list[RenderableType] = [_headline(status, silent_s)]
    if status["agreement"]["members"] > 1:
        head.append(_agreement(status["agreement"]))
    head += [_alarm(alarm) for alarm in status["alarms"]]
    head += [_line(f"complaint: {text}", "red") for text in status["complaints"]]
    head += ["", _links(status["links"]), "", _trends(status["links"], history)]
    actions = _done(history)
    if height is not None:
        return Fitted(Group(*head), height, actions, status["devices"], _actions, _devices)
    return Group(*head, "", _actions(actions[:_ACTIONS_SHOWN]), "", _devices(status["devices"]))


def sparkline(values: Sequence[float | None]) -> str:
    """A line of bars between the smallest and the largest value; a gap where there is none."""
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    low, span = min(known), max(known) - min(known)
    top = len(_BARS) - 1
    return "".join(
        " " if value is None else _BARS[round(top * (value - low) / span) if span else 0] for value in values
    )


def _headline(status: Json, silent_s: float | None) -> "Text":
    policy = status["policy"]
    text = _line("" if silent_s is None else f"no connection, stale since {silent_s:.0f} s  ", "bold red")
    text.append(status["node"], "bold")
    text.append(f"  {status['state']}", STATE_STYLES[status["state"]])
    text.append(
        f"  epoch {status['epoch']}  up {duration(status['uptime_s'])}  policy {policy['kind']} {policy['name']}"
    )
    if policy["ejected"]:
        text.append("  ejected, the baseline decides", "yellow")
    return text


def _agreement(summary: Json) -> "Text":
    """One line, of which a narrow page shows the beginning; what is wrong comes first."""
    text = _line("".join(f"{code}  " for code in summary["conditions"]), "red")
    text.append(agreement_words(summary), "")
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _links(links: Sequence[Json]) -> "Table":
    table = _table("link", "mode", "photons", "measured", "QBER z/x", "key rate", "action")
    for link in links:
        table.add_row(
            link["name"],
            _line(link["mode"], STATE_STYLES[link["mode"]]),
            f"{number(link['mean_photon_number'], digits=3)}/{number(link['cap'], digits=3)}",
            number(link["measured_mean_photon_number"], digits=3),
            f"{percent(link['qber_z']).removesuffix(' %')}/{percent(link['qber_x'])}",
            rate(link["secret_key_rate_bps"]),
            link["action"] or "-",
        )
    return table


def _trends(links: Sequence[Json], history: History) -> "Table":
    table = _table("link", "loss", "sifted", "QBER z, by epoch", "key, by epoch")
    for link in links:
        epochs = list(history.get(link["name"], ()))[-_SPARK_EPOCHS:]
        table.add_row(
            link["name"],
            number(link["loss_db"], "dB"),
            rate(link["sifted_rate_bps"]),
            _line(sparkline([epoch["qber_z_ppm"] for epoch in epochs]), "yellow"),
            _line(sparkline([epoch["secret_key_bits"] for epoch in epochs]), "green"),
        )
    return table


def _devices(devices: Sequence[Json], width: int | None = None) -> "Table":
    """One line each on a page of that width; as many as they take without one."""
    columns = ["name", "kind", "state"] if width is None or width >= _WIDE else ["name", "state"]
    table = _table(*("device" if column == "name" else column for column in columns))
    table.add_column("values")
    before = sum(max([len(column), *(len(device[column]) for device in devices)]) + len(_GAP) for column in columns)
    for device in devices:
        values = _values(device)
        if width is not None:
            values.truncate(width - before, overflow="ellipsis")
        *cells, state = (device[column] for column in columns)
        table.add_row(*cells, _line(state, STATE_STYLES[state]), values)
    return table


def _values(device: Json) -> "Text":
    text = _line("")
    if device["last_error"] and device["state"] != "online":
        text.append(device["last_error"], "red").append("  ")
    known = [(name, value) for name, value in device["values"].items() if value["value"] is not None]
    for name, value in known[:_VALUES_SHOWN]:
        style = "dim strike" if value["stale"] else ""
        text.append(f"{name} {number(value['value'])}", style).append("  ")
    return text


def _done(history: History) -> list[tuple[str, Json]]:
    """Links and epochs in which something was done, newest first."""
    done = [(link, epoch) for link, epochs in history.items() for epoch in epochs if _is_action(epoch)]
    return sorted(done, key=lambda item: (item[1]["epoch"], item[0]), reverse=True)


def _actions(done: Sequence[tuple[str, Json]]) -> "Table":
    table = _table("epoch", "link", "action", "mean photons", "shield")
    for link, epoch in done:
        reasons = "; ".join(entry["text"] for entry in epoch["interventions"])
        mean = f"{epoch['mean_photon_number_e6'] / 1e6:.3f}"
        table.add_row(str(epoch["epoch"]), link, epoch["action"], mean, _line(reasons, "yellow"))
    return table


def _is_action(epoch: Json) -> bool:
    return epoch["action"] != "hold" or bool(epoch["interventions"])


def _alarm(alarm: Json) -> "Text":
    text = _line(f"{alarm['severity']} alarm {alarm['id']} {alarm['code']}: ", STATE_STYLES[alarm["severity"]])
    text.append(" ".join(alarm["text"].split()))
    if alarm["cleared_ms"] is not None:
        text.append(" (over, not acknowledged)", "dim")
    return text


def _table(*columns: str) -> "Table":
    from rich.table import Table  # noqa: PLC0415

    table = Table(expand=False, box=None, header_style="bold", pad_edge=False, padding=(0, len(_GAP), 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=column != "shield")
    return table


def _line(text: str, style: str = "") -> "Text":
    from rich.text import Text  # noqa: PLC0415

    return Text(text, style)
