"""One entry of the ledger for people, a decision in words."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qkdctl.cli.ledger_text import moment
from qkdctl.cli.output import Painter
from qkdctl.cli.tables import Cell, table, wrapped

if TYPE_CHECKING:
    from qkdctl.store.chain import Entry

Json = Mapping[str, Any]
_DIGEST_SHOWN = 12


def entry_text(entry: "Entry") -> str:
    """Any entry, as it is."""
    head = f"entry {entry.sequence}, {entry.kind}, {moment(entry.wall_ms)}\nhash {entry.hash}"
    return f"{head}\n\n{json.dumps(entry.payload, indent=2, ensure_ascii=False)}"


def decision_text(decision: Json, paint: Painter) -> str:
    """Everything that was decided in one epoch."""
    blocks = [
        _head(decision, paint),
        _reports(decision, paint),
        _plan(decision["plan"], paint),
        _routes(decision["routes"], paint),
        _electorate(decision, paint),
        _verdicts(decision["verdicts"], paint),
    ]
    return "\n\n".join(block for block in blocks if block)


def _head(decision: Json, paint: Painter) -> str:
    electorate, plan = decision["electorate"], decision["plan"]
    stepped_in = "" if plan["policy"] == decision["policy"] else f"; {plan['policy'][:_DIGEST_SHOWN]} stepped in"
    failed = ", which gave nothing" if decision["policy_failed"] else ""
    members, faults = len(electorate["members"]), electorate["faults"]
    least = f"{electorate['strong_from']} of {electorate['total_weight']}"
    epoch = paint(f"epoch {decision['epoch']}", "bold")
    lines = [
        f"{epoch}, entry {decision['sequence']}, {moment(decision['wall_ms'])}",
        f"decision  {decision['digest']}",
        f"after     {decision['previous']}",
        f"state     {decision['state']}",
        f"acts      {decision['book']}",
        f"policy    {decision['policy']}{failed}{stepped_in}",
        f"decided   by {members} members, f = {faults}, with weight {least} at least; who proposed it is not known",
    ]
    return "\n".join(_fitted(line, paint) for line in lines)


def _fitted(line: str, paint: Painter) -> str:
    """A line with a title, wrapped beside it."""
    if paint.width is None or len(line) <= paint.width:
        return line
    return "\n          ".join(wrapped(line, paint.width - 10))


def _reports(decision: Json, paint: Painter) -> str:
    rows: list[Sequence[Cell | str]] = [
        (
            report["node"],
            _weight(decision["electorate"], report["node"]),
            report["digest"][:_DIGEST_SHOWN],
            "kept" if report["kept"] else ("not kept", "dim"),
        )
        for report in decision["reports"]
    ]
    rows += [(node, _weight(decision["electorate"], node), "-", ("none", "yellow")) for node in decision["absent"]]
    return table(("REPORT OF", "WEIGHT", "DIGEST", ""), rows, paint)


def _plan(plan: Json, paint: Painter) -> str:
    rows = [
        (
            link["link"],
            link["action"],
            f"{link['mean_photon_number_e6'] / 1e6:.4g}",
            link["protocol"],
            "yes" if link["realign"] else "no",
            "; ".join(f"{entry['code']}: {entry['text']}" for entry in link["interventions"]) or "-",
        )
        for link in plan["links"]
    ]
    return table(("LINK", "ACTION", "PHOTONS", "PROTOCOL", "REALIGN", "SHIELD"), rows, paint) if rows else "no links"


def _routes(routes: Sequence[Json], paint: Painter) -> str:
    rows = [
        (
            route["demand"],
            f"{route['threshold']} of {len(route['paths'])}",
            str(route["since"]),
            _distrusted(route),
            "; ".join(" - ".join(path["nodes"]) for path in route["paths"]) or "no route",
        )
        for route in routes
    ]
    return table(("DEMAND", "SHARES", "SINCE", "DISTRUSTED", "PATHS"), rows, paint) if rows else ""


def _distrusted(route: Json) -> Cell:
    """Relays that could not be avoided, and nodes that may have lost keys of this demand."""
    suspects = [f"{entry['node']} suspected" for entry in route["suspects"]]
    return ", ".join([*route["distrusted"], *suspects]) or "-", "yellow" if route["distrusted"] or suspects else ""


def _electorate(decision: Json, paint: Painter) -> str:
    now, later = decision["electorate"], decision["electorate_after_next"]
    epoch = decision["epoch"]
    rows = []
    for member in later["members"]:
        before = _weight(now, member["node"])
        style = "" if before == str(member["weight"]) else "yellow"
        rows.append((member["node"], f"{member['score_ppm'] / 1e6:.4f}", before, (str(member["weight"]), style)))
    gone = [member["node"] for member in now["members"] if _weight(later, member["node"]) == "-"]
    rows += [(node, "-", _weight(now, node), ("leaves", "yellow")) for node in gone]
    faults = "" if now["faults"] == later["faults"] else f"\nf = {later['faults']} from epoch {epoch + 2} on"
    return table(("MEMBER", "SCORE", f"WEIGHT IN {epoch}", f"IN {epoch + 2}"), rows, paint) + faults


def _verdicts(verdicts: Sequence[Json] | None, paint: Painter) -> str:
    if verdicts is None:
        text = "The ledger has only the digest of the state; --verdicts computes why weights moved."
        return "\n".join(wrapped(text, paint.width)) if paint.width is not None else text
    if not verdicts:
        return "nothing was blamed on anybody"
    return table(("BLAMED", "WHY"), [(verdict["node"], verdict["text"]) for verdict in verdicts], paint)


def _weight(electorate: Json, node: str) -> str:
    return next((str(member["weight"]) for member in electorate["members"] if member["node"] == node), "-")
