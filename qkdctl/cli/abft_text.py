"""The state of the agreement for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from qkdctl.cli.abft_standstill import standstill_text
from qkdctl.cli.output import Painter, number
from qkdctl.cli.tables import Cell, table, wrapped

Json = Mapping[str, Any]
_WIDE = 110
_DIGEST_SHOWN = 12
_DAILY = ("duplicates", "awaited")
_SEVERITIES = {"warning": "yellow", "critical": "red"}


def agreement_text(agreement: Json, paint: Painter) -> str:
    """Who decides, how far they are and what that waits for, then one line for each peer, then what is wrong."""
    blocks = [_head(agreement, paint)]
    if agreement["standstill"] is not None:
        blocks.append(standstill_text(agreement, paint))
    if agreement["peers"]:
        blocks.append(_peers(agreement["peers"], paint))
        blocks.append(_paths(agreement["paths"], paint))
    blocks += [_condition(condition, paint) for condition in agreement["conditions"]]
    return "\n\n".join(blocks)


def level_style(level: str) -> str:
    """Green for one-time tags, yellow where an assumption is needed, red without a key."""
    if level.startswith("its"):
        return "green"
    return "red" if level == "none" else "yellow"


def _head(agreement: Json, paint: Painter) -> str:
    stage = "under way" if agreement["under_way"] else "begins with the next tick"
    quorums = f"strong from {agreement['strong_from']}, weak from {agreement['weak_from']}"
    lines = [
        f"network   {paint(agreement['network'], 'bold')}, description {agreement['description'][:_DIGEST_SHOWN]}",
        f"members   {', '.join(agreement['members'])}",
        f"f         {agreement['faults']}, slack {agreement['slack']}",
        f"weight    {agreement['total_weight']}, {quorums}, electorate {agreement['electorate'][:_DIGEST_SHOWN]}",
        f"epoch     {agreement['epoch']}, {stage}, round {agreement['round']}, leader {agreement['leader']}",
        f"decided   {_last(agreement['last'])}",
    ]
    return "\n".join(_fitted(line, paint) for line in lines)


def _last(last: Json | None) -> str:
    if last is None:
        return "nothing since the start of the daemon"
    absent = f" (without {', '.join(last['absent'])})" if last["absent"] else ""
    return (
        f"epoch {last['epoch']} {number(last['age_s'])} s ago in round {last['round']}, {len(last['reports'])} reports"
        f"{absent}, decision {last['digest'][:_DIGEST_SHOWN]}"
    )


def _peers(peers: Sequence[Json], paint: Painter) -> str:
    narrow = paint.width is not None and paint.width < _WIDE
    if narrow:
        return table(
            ("PEER", "LEVEL", "PADS", "HEARD", "KEY USED", "REFUSED"), [_narrow(peer) for peer in peers], paint
        )
    header = ("PEER", "LEVEL", "PADS", "HEARD", "VIA", "KEY OUT", "KEY IN", "TAGS", "AGAIN", "ACCEPTED", "REFUSED")
    return table(header, [_wide(peer) for peer in peers], paint)


def _narrow(peer: Json) -> tuple[Cell | str, ...]:
    used = peer["key_bits"]["sent"] + peer["key_bits"]["received"]
    return (peer["peer"], _level(peer), _pads(peer), _heard(peer), bits(used), _refused(peer["refused"]))


def _wide(peer: Json) -> tuple[Cell | str, ...]:
    sent, accepted = peer["sent"], peer["accepted"]
    hmac = f" + {sent['hmac']} HMAC" if sent["hmac"] else ""
    accepted_hmac = f" ({accepted['hmac']} HMAC)" if accepted["hmac"] else ""
    connected = [path["via"] for path in peer["paths"] if path["connected"]]
    return (
        peer["peer"],
        _level(peer),
        _pads(peer),
        _heard(peer),
        ", ".join(connected) if connected else ("none", "red"),
        bits(peer["key_bits"]["sent"]),
        bits(peer["key_bits"]["received"]),
        f"{sent['one_time']}{hmac}",
        str(sent["repeated"]),
        f"{accepted['all']}{accepted_hmac}",
        _refused(peer["refused"]),
    )


def _level(peer: Json) -> Cell:
    level = peer["level"] if peer["in_step"] else f"{peer['level']}, not in step"
    return level, level_style(peer["level"]) if peer["in_step"] else "yellow"


def _pads(peer: Json) -> Cell:
    return str(peer["pads"]), "" if peer["pads"] else "red"


def _heard(peer: Json) -> Cell:
    silent = peer["silent_s"]
    return ("never", "red") if silent is None else (f"{silent:.1f} s ago", "")


def _refused(refused: Mapping[str, int]) -> Cell:
    """Duplicates come with every second broker, and a packet whose key is awaited is taken later."""
    odd = [f"{count} {name.replace('_', ' ')}" for name, count in refused.items() if count and name not in _DAILY]
    daily = [f"{refused[name]} {name}" for name in _DAILY if refused[name]]
    return ", ".join([*odd, *daily]) or "none", "red" if refused["forged"] or refused["replayed"] else ""


def _paths(paths: Sequence[Json], paint: Painter) -> str:
    rows = [
        (
            path["via"],
            ("connected", "green") if path["connected"] else ("not connected", "red"),
            str(path["sessions"]),
            "-" if path["round_trip_s"] is None else f"{1000 * path['round_trip_s']:.1f} ms",
            str(path["unknown"]),
        )
        for path in paths
    ]
    return table(("PATH", "STATE", "SESSIONS", "ROUND TRIP", "OF STRANGERS"), rows, paint)


def _condition(condition: Json, paint: Painter) -> str:
    text = f"{condition['code']} ({condition['subject']}): {condition['text']}"
    return paint(_fitted(text, paint), _SEVERITIES[condition["severity"]])


def _fitted(text: str, paint: Painter) -> str:
    if paint.width is None or len(text) <= paint.width:
        return text
    return "\n          ".join(wrapped(text, paint.width - 10))


def bits(count: int) -> str:
    """An amount of key."""
    for limit, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.3g} {prefix}bit"
    return f"{count} bit"
