"""Acts for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from qkdctl.cli.output import Painter
from qkdctl.cli.tables import Cell, table

Json = Mapping[str, Any]
_SHOWN = 12
_OUTCOMES = {"effective": "green", "void": "yellow", "lapsed": "yellow", "withdrawn": "yellow"}


def acts_text(acts: Json, paint: Painter) -> str:
    """What is agreed, then open acts, then closed ones."""
    members = f"{len(acts['members'])} members, f = {acts['faults']}, policy {acts['policy'][:_SHOWN]}"
    blocks = [f"{members}; {acts['needed']} nodes must approve an act"]
    blocks += [f"{_what(act)}: wanted here, without a number yet" for act in acts["filed_here"]]
    blocks.append(_open(acts, paint) if acts["open"] else "no open acts")
    blocks += [
        f"act {act['number']}: the policy is not at hand at this node; stage it first: qkdctl policy stage FILE"
        for act in acts["open"]
        if not act["at_hand"]
    ]
    if acts["closed"]:
        blocks.append(_closed(acts["closed"], paint))
    return "\n\n".join(blocks)


def _open(acts: Json, paint: Painter) -> str:
    rows = [
        (
            str(act["number"]),
            _what(act["act"]),
            act["filer"],
            _here(act),
            f"{act['lapses_after'] - acts['epoch']} epochs",
            f"{act['accepted_weight']} of {acts['strong_from']}",
            _accepted(act),
        )
        for act in acts["open"]
    ]
    return table(("ACT", "WHAT", "BY", "HERE", "LAPSES IN", "WEIGHT", "ACCEPTED BY"), rows, paint)


def _here(act: Json) -> Cell:
    if act["withdrawn"]:
        return "withdrawn", "yellow"
    if act["withdrawn_here"]:
        return "withdrawing", "yellow"
    return ("approved", "green") if act["approved_here"] else ("-", "yellow")


def _closed(closed: Sequence[Json], paint: Painter) -> str:
    rows = [
        (
            str(act["number"]),
            _what(act["act"]),
            act["filer"],
            (act["outcome"], _OUTCOMES[act["outcome"]]),
            _accepted(act),
        )
        for act in closed
    ]
    return table(("ACT", "WHAT", "BY", "OUTCOME", "ACCEPTED BY"), rows, paint)


def _what(act: Json) -> str:
    return " ".join([act["kind"], *(str(value)[:_SHOWN] for name, value in act.items() if name != "kind")])


def _accepted(act: Json) -> Cell:
    disputes = [f"{entry['verifier']} found the tag of {entry['signer']} wrong" for entry in act["disputes"]]
    return "; ".join([", ".join(act["accepted"]) or "nobody", *disputes]), "yellow" if disputes else ""
