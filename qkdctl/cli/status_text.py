"""The status document as text for people."""

from collections.abc import Callable
from typing import Any

from qkdctl.cli.agreement_line import agreement_line
from qkdctl.cli.output import Painter, number, percent, rate
from qkdctl.cli.tables import Cell, table

Json = dict[str, Any]
_WIDE = 110
_VALUES_SHOWN = 3

STATE_STYLES = {
    "running": "green",
    "online": "green",
    "hold": "cyan",
    "safe": "yellow",
    "manual-safe": "yellow",
    "starting": "yellow",
    "connecting": "yellow",
    "degraded": "yellow",
    "observe-only": "cyan",
    "stopping": "yellow",
    "fault": "red",
    "offline": "red",
    "warning": "yellow",
    "critical": "red",
}


def status_text(status: Json, paint: Painter) -> str:
    """A headline, one table of links, one of instruments, and what is wrong."""
    blocks = [_headline(status, paint), links_table(status["links"], paint), devices_table(status["devices"], paint)]
    if status["alarms"]:
        blocks.append(alarms_table(status["alarms"], paint))
    blocks += [paint(f"complaint: {text}", "red") for text in status["complaints"]]
    return "\n\n".join(blocks)


def links_table(links: list[Json], paint: Painter) -> str:
    """One line per link; with fewer columns where the page is narrow."""
    if _is_narrow(paint):
        header: tuple[str, ...] = ("LINK", "MODE", "PHOTONS", "MEASURED", "QBER Z/X", "KEY RATE", "ACTION")
        return table(header, [_narrow_link_row(link) for link in links], paint)
    header = ("LINK", "MODE", "MEAN PHOTONS", "MEASURED", "QBER Z", "QBER X", "KEY RATE", "LOSS", "ACTION")
    return table(header, [_link_row(link) for link in links], paint)


def devices_table(devices: list[Json], paint: Painter) -> str:
    """One line per instrument; without kinds and drivers, and with fewer values, where the page is narrow."""
    if paint.width is None or not _is_narrow(paint):
        rows = [_device_row(device, _any_number) for device in devices]
        return table(("DEVICE", "KIND", "DRIVER", "STATE", "VALUES"), rows, paint)
    before = sum(max([len(key), *(len(device[key]) for device in devices)]) + 2 for key in ("name", "state"))
    room = paint.width - max(before, len("DEVICE  STATE  "))
    narrow = [_device_row(device, lambda text: len(text) <= room) for device in devices]
    return table(("DEVICE", "STATE", "VALUES"), [(name, *rest) for name, _, _, *rest in narrow], paint)


def _is_narrow(paint: Painter) -> bool:
    return paint.width is not None and paint.width < _WIDE


def alarms_table(alarms: list[Json], paint: Painter) -> str:
    """One line per alarm."""
    rows = [
        (
            alarm["id"],
            (alarm["severity"], STATE_STYLES[alarm["severity"]]),
            _alarm_state(alarm),
            alarm["code"],
            alarm["subject"],
            alarm["text"],
        )
        for alarm in alarms
    ]
    return table(("ALARM", "SEVERITY", "STATE", "CODE", "ABOUT", "TEXT"), rows, paint)


def alarm_hints(alarms: list[Json]) -> str:
    """What can be done, one line per code, in the order of the alarms; "" when nothing is known."""
    hints = {alarm["code"]: alarm["hint"] for alarm in alarms if alarm["hint"]}
    return "\n".join(f"{code}: {hint}" for code, hint in hints.items())


def _headline(status: Json, paint: Painter) -> str:
    policy = status["policy"]
    decides = f"{policy['kind']} {policy['name']}" + (" (ejected, the baseline decides)" if policy["ejected"] else "")
    state = paint(status["state"], STATE_STYLES[status["state"]])
    node = f"{paint(status['node'], 'bold')} {state}, epoch {status['epoch']}, up {duration(status['uptime_s'])}"
    ledger = f"ledger {status['ledger']['sequence']} {status['ledger']['head']}"
    lines = [f"{node}, version {status['version']}", f"policy {decides}"]
    if status["agreement"]["members"] > 1:
        lines.append(agreement_line(status["agreement"], paint))
    return "\n".join([*lines, ledger])


def _action(link: Json) -> str:
    action = str(link["action"] or "-")
    if link["interventions"]:
        action += f" (shield: {', '.join(entry['code'] for entry in link['interventions'])})"
    return action


def _link_name(link: Json) -> str:
    """With the end that stands here, where the other one does not."""
    return str(link["name"]) if len(link["ends"]) > 1 else f"{link['name']} ({link['ends'][0]})"


def _narrow_link_row(link: Json) -> tuple[Cell | str, ...]:
    return (
        _link_name(link),
        (link["mode"], STATE_STYLES[link["mode"]]),
        number(link["mean_photon_number"]),
        number(link["measured_mean_photon_number"]),
        f"{percent(link['qber_z']).removesuffix(' %')}/{percent(link['qber_x'])}",
        rate(link["secret_key_rate_bps"]),
        _action(link),
    )


def _link_row(link: Json) -> tuple[Cell | str, ...]:
    return (
        _link_name(link),
        (link["mode"], STATE_STYLES[link["mode"]]),
        number(link["mean_photon_number"]),
        number(link["measured_mean_photon_number"]),
        percent(link["qber_z"]),
        percent(link["qber_x"]),
        rate(link["secret_key_rate_bps"]),
        number(link["loss_db"], "dB"),
        _action(link),
    )


def _device_row(device: Json, fits: Callable[[str], bool]) -> tuple[Cell | str, ...]:
    state = (device["state"], STATE_STYLES[device["state"]])
    if device["state"] != "online" and device["last_error"]:
        return (device["name"], device["kind"], device["driver"], state, (device["last_error"], "red"))
    known = [(name, value) for name, value in device["values"].items() if value["value"] is not None]
    shown = [
        f"{name} {number(value['value'])}" + (" (stale)" if value["stale"] else "")
        for name, value in known[:_VALUES_SHOWN]
    ]
    while len(shown) > 1 and not fits(", ".join(shown)):
        shown.pop()
    return (device["name"], device["kind"], device["driver"], state, ", ".join(shown))


def _any_number(_: str) -> bool:
    return True


def _alarm_state(alarm: Json) -> str:
    if alarm["cleared_ms"] is not None:
        return "over"
    return "seen" if alarm["acknowledged_ms"] is not None else "raised"


def duration(seconds: float) -> str:
    """A time span in its two largest units."""
    minutes, s = divmod(int(seconds), 60)
    hours, m = divmod(minutes, 60)
    days, h = divmod(hours, 24)
    if days:
        return f"{days} d {h} h"
    if hours:
        return f"{h} h {m} min"
    return f"{m} min {s} s" if minutes else f"{s} s"
