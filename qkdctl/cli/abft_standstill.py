"""For people: what a decision waits for that does not come."""

from collections.abc import Mapping
from typing import Any

from qkdctl.cli.output import Painter
from qkdctl.cli.tables import Cell, table, wrapped

Json = Mapping[str, Any]
_SHOWN = 12


def standstill_text(agreement: Json, paint: Painter) -> str:
    """One sentence, this node's own reason, and one line for each member."""
    stands = agreement["standstill"]
    since = "since the start of the daemon" if stands["since_s"] is None else f"for {stands['since_s']:.0f} s"
    said = [f"nothing decided {since}: {_lacks(agreement, stands)}"]
    if stands["reason"]:
        said.append(f"at this node: {stands['reason']}")
    lines = [paint(line, "red") for text in said for line in (wrapped(text, paint.width) if paint.width else [text])]
    rows = [_row(member) for member in stands["members"]]
    header = ("MEMBER", "WEIGHT", "HEARD", "REPORT", "ROUND", "VOTES", "POLICY", "WHY")
    return "\n".join([*lines, table(header, rows, paint)])


def _lacks(agreement: Json, stands: Json) -> str:
    """The first thing that is missing."""
    if not stands["begun"]:
        enough = f"a weight of {agreement['strong_from']}, with this node"
        return f"no epoch has begun, because too few members have answered its greeting; {enough}, is needed"
    if stands["decided"]:
        return "the decision is known, and this node has not written it down yet"
    if stands["reports"] < stands["reports_needed"]:
        return f"{stands['reports']} reports count, and {stands['reports_needed']} are needed"
    if not stands["proposed"]:
        return f"{agreement['leader']}, who leads round {agreement['round']}, has proposed nothing"
    return f"vote {stands['phase']} has a weight of {stands['weight']}, and {agreement['strong_from']} is needed"


def _row(member: Json) -> tuple[Cell | str, ...]:
    silent = member["silent_s"]
    return (
        member["node"],
        str(member["weight"]),
        "-" if silent is None else f"{silent:.1f} s ago",
        ("counts" if member["certified"] else "here") if member["report"] else ("missing", "yellow"),
        str(member["round"]),
        " ".join(map(str, member["votes"])) or ("none", "yellow"),
        "-" if member["policy"] is None else member["policy"][:_SHOWN],
        (member["why"], "yellow"),
    )
