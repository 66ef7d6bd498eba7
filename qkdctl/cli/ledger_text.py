"""Ledger entries in words."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from qkdctl.cli.output import Painter
from qkdctl.cli.tables import table

if TYPE_CHECKING:
    from qkdctl.store.chain import Entry

_WIDE = 110
_HASH_SHOWN = 12


def entries_table(entries: "Iterable[Entry]", paint: Painter) -> str:
    """One row per entry; without hashes where the page is narrow, `--json` has them in full."""
    rows = [
        (str(entry.sequence), moment(entry.wall_ms), entry.kind, summary(entry.kind, entry.payload))
        for entry in entries
    ]
    if paint.width is not None and paint.width < _WIDE:
        return table(
            ("ENTRY", "TIME", "KIND", "WHAT"), [(n, when[:19], kind, what) for n, when, kind, what in rows], paint
        )
    hashes = [entry.hash[:_HASH_SHOWN] for entry in entries]
    full = [(n, when, kind, shown, what) for (n, when, kind, what), shown in zip(rows, hashes, strict=True)]
    return table(("ENTRY", "TIME", "KIND", "HASH", "WHAT"), full, paint)


def summary(kind: str, payload: Mapping[str, Any]) -> str:
    """What an entry says, on one line: a decision by what it plans, everything else by its members."""
    plan = _plan(payload) if kind == "decision" else None
    return _decision(plan) if plan is not None else ", ".join(_members(payload))


def moment(wall_ms: int) -> str:
    """A time of the wall clock."""
    when = datetime.fromtimestamp(wall_ms / 1000, UTC)
    return f"{when.isoformat(sep=' ', timespec='milliseconds').removesuffix('+00:00')}Z"


def _plan(payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The plan of a decision, None when the entry has another shape, as that of another version may have."""
    found: Any = payload
    for name in ("value", "outcome", "plan"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) and {"epoch", "links"} <= found.keys() else None


def _decision(plan: Mapping[str, Any]) -> str:
    links = [
        f"{link['link']} {link['action']} {link['mean_photon_number_e6'] / 1e6:.4g}"
        + "".join(f" (shield: {entry['code']})" for entry in link["interventions"])
        for link in plan["links"]
    ]
    return f"epoch {plan['epoch']}: {', '.join(links) or 'no links'}"


def _members(payload: Mapping[str, Any], before: str = "") -> list[str]:
    """Name and value of each member, names within members with dots; set-points by device and attribute."""
    shown = []
    for name, value in payload.items():
        if isinstance(value, Mapping):
            shown += _members(value, "" if name == "set_points" else f"{before}{name}.")
        elif isinstance(value, Sequence) and not isinstance(value, str):
            shown.append(f"{before}{name} {'; '.join(map(str, value)) or 'none'}")
        else:
            shown.append(f"{before}{name} {value}")
    return shown
