"""Weights of nodes for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from qkdctl.cli.output import Painter
from qkdctl.cli.tables import Cell, table

Json = Mapping[str, Any]
_WIDE = 100
_MOST_BARS = 60
_FULL_PPM = 1_000_000
_FULL_WEIGHT = 1000


def weights_text(weights: Json, paint: Painter) -> str:
    """One line for each node, then why weights moved, then how they moved before."""
    blocks = [_head(weights), _nodes(weights["nodes"], paint)]
    reasons = [(reason["node"], reason["text"]) for node in weights["nodes"] for reason in node["why"]]
    blocks.append(table(("BLAMED", "WHY"), reasons, paint) if reasons else "nothing was blamed on anybody")
    if weights["history"]["epochs"]:
        blocks.append(_history(weights["history"], paint))
    return "\n\n".join(blocks)


def _head(weights: Json) -> str:
    total, strong = weights["total_weight"], weights["strong_from"]
    votes = f"all votes weigh {total}, strong from {strong}, f = {weights['faults']}"
    return f"after epoch {weights['epoch']}; in epoch {weights['deciding_epoch']} {votes}"


def _nodes(nodes: Sequence[Json], paint: Painter) -> str:
    if paint.width is not None and paint.width < _WIDE:
        rows = [_narrow(node) for node in nodes]
        return table(("NODE", "VOTE", "SCORE", "TRUST", "DATA", "STANDING"), rows, paint)
    header = ("NODE", "VOTE", "NEXT", "SCORE", "CHANGE", "TRUST", "CHANGE", "FIDELITY", "DATA", "STANDING")
    return table(header, [_wide(node) for node in nodes], paint)


def _narrow(node: Json) -> tuple[Cell | str, ...]:
    return (
        node["node"],
        _vote(node["vote_weight"]),
        _share(node["score_ppm"]),
        _share(node["trust_ppm"]),
        f"{node['data_weight_e6'] / 1e6:.3f}",
        _standing(node),
    )


def _wide(node: Json) -> tuple[Cell | str, ...]:
    change = node["change"]
    return (
        node["node"],
        _vote(node["vote_weight"]),
        _vote(node["next_vote_weight"]),
        _share(node["score_ppm"]),
        _moved(change and change["score_ppm"]),
        _share(node["trust_ppm"]),
        _moved(change and change["trust_ppm"]),
        f"{node['fidelity_permille'] / 10:.1f} %",
        f"{node['data_weight_e6'] / 1e6:.3f}",
        _standing(node),
    )


def _vote(weight: int | None) -> str:
    return "-" if weight is None else str(weight)


def _share(ppm: int) -> str:
    return f"{ppm / _FULL_PPM:.4f}"


def _moved(ppm: int | None) -> Cell:
    if ppm is None:
        return "-", ""
    return f"{ppm / _FULL_PPM:+.4f}" if ppm else "0", "red" if ppm < 0 else ""


def _standing(node: Json) -> Cell:
    if not node["member"]:
        return "no member", "dim"
    if node["excluded"]:
        return f"excluded, {node['score_probation_epochs']} epochs of probation left", "red"
    if node["distrusted"]:
        return f"distrusted, {node['trust_probation_epochs']} epochs of probation left", "yellow"
    return "good", "green"


def _history(history: Json, paint: Painter) -> str:
    """Bars from nothing to full, so that nodes can be compared; the newest epochs where the page is narrow."""
    names = [node["node"] for node in history["nodes"]]
    room = _MOST_BARS if paint.width is None else max(5, (paint.width - max(map(len, names), default=0) - 8) // 3)
    shown = min(room, _MOST_BARS, len(history["epochs"]))
    first, last = history["epochs"][-shown], history["epochs"][-1]
    rows = [
        (
            node["node"],
            (bars(node["vote_weight"][-shown:], _FULL_WEIGHT), "cyan"),
            (bars(node["score_ppm"][-shown:], _FULL_PPM), "green"),
            (bars(node["trust_ppm"][-shown:], _FULL_PPM), "yellow"),
        )
        for node in history["nodes"]
    ]
    return f"epochs {first} to {last}\n{table(('NODE', 'VOTE', 'SCORE', 'TRUST'), rows, paint)}"


def bars(values: Sequence[int | None], full: int) -> str:
    """A bar for each value between 0 and full, a gap where there is none."""
    marks = "▁▂▃▄▅▆▇█"
    top = len(marks) - 1
    return "".join(" " if value is None else marks[min(top, top * value // full)] for value in values)
