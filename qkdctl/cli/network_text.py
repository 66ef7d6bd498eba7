"""Networks for people."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdctl.cli.output import Painter, number
from qkdctl.cli.status_text import duration
from qkdctl.cli.tables import table

if TYPE_CHECKING:
    from qkdctl.config.problems import Problem


def network_text(network: Mapping[str, Any], paint: Painter) -> str:
    """The whole network."""
    parts = [_head(network), _members(network["members"], paint), _links(network["links"], paint)]
    if network["demands"]:
        parts.append(_demands(network["demands"], paint))
    return "\n\n".join(parts)


def levels_table(levels: Mapping[str, Mapping[str, str]], paint: Painter) -> str:
    """How much security the channels of each node have."""
    rows = []
    for node, peers in sorted(levels.items()):
        by_level: dict[str, list[str]] = {}
        for peer, level in sorted(peers.items()):
            by_level.setdefault(level, []).append(peer)
        rows += [(node, level, ", ".join(members)) for level, members in sorted(by_level.items())]
    return table(("node", "level", "to"), rows, paint)


def keys_line(keys: Sequence[Mapping[str, Any]]) -> str:
    """How many pairs were compared, and which key ends first."""
    pairs = {tuple(sorted((file["node"], file["peer"]))): file["same"] for file in keys}
    compared = [same for same in pairs.values() if same is not None]
    least = min(keys, key=lambda file: float(file["lasts_s"]))
    files = f"{_counted(len(keys), 'key file')} of {_counted(len(pairs), 'pair')}"
    ends = (
        f"{sum(compared)} of {len(compared)} hold the same at both ends" if compared else "no pair has both ends here"
    )
    last = duration(least["lasts_s"])
    return f"{files}; {ends}; that of {least['node']} for {least['peer']} ends first, after {last} of decisions"


def verdict(paths: Sequence[Path], problems: "Sequence[Problem]", network: Mapping[str, Any] | None) -> str:
    """The last line of a check."""
    path = ", ".join(map(str, paths))
    errors = sum(problem.severity == "error" for problem in problems)
    counts = f"{_counted(errors, 'error')}, {_counted(len(problems) - errors, 'warning')}"
    if network is None:
        return f"{path}: {counts}"
    outcome = "not valid" if errors else "valid"
    kappa = "" if network["connectivity"] is None else f", connectivity {network['connectivity']}"
    size = f"{_counted(len(network['members']), 'member')}, f = {network['faults']}, slack {network['slack']}{kappa}"
    return f"{path}: {outcome}; network {network['name']}, {size}; {counts}"


def _head(network: Mapping[str, Any]) -> str:
    acts, kappa = network["acts"], network["connectivity"]
    wanted = network["connectivity_wanted"]
    rests = "" if kappa is None or kappa >= wanted else f", below the {wanted} for which relayed key is safe"
    return "\n".join(
        [
            f"network    {network['name']}",
            f"digest     {network['digest']}",
            f"epoch      {number(network['epoch_s'], 's')}",
            f"policy     {network['policy']}, to begin with",
            f"f          {network['faults']} of {len(network['members'])}, slack {network['slack']}",
            f"quorums    strong from {network['strong_quorum']}, weak from {network['weak_quorum']}",
            f"kappa      {number(kappa)}{rests}",
            f"acts       {acts['k']} of {acts['n']} must approve, within {acts['lifetime_epochs']} epochs",
        ]
    )


def _members(members: Sequence[Mapping[str, Any]], paint: Painter) -> str:
    rows = [
        (
            member["node"],
            str(member["weight"]),
            member["sae"],
            member["label"] or "-",
            ", ".join(member["links"]) or "-",
        )
        for member in members
    ]
    return table(("member", "weight", "SAE", "label", "links"), rows, paint)


def _links(links: Sequence[Mapping[str, Any]], paint: Painter) -> str:
    rows = []
    for link in links:
        ceiling = link["key_ceiling_e9"]
        shown = "-" if ceiling is None else f"{ceiling / 1e9:.3g}"
        rate = number(float(link["pulse_rate_hz"]), "Hz")
        rows.append((link["link"], link["alice"], link["bob"], rate, number(link["fibre_length_km"], "km"), shown))
    return table(("link", "Alice", "Bob", "pulse rate", "fibre", "key per pulse at most"), rows, paint)


def _demands(demands: Sequence[Mapping[str, Any]], paint: Painter) -> str:
    rows = []
    for demand in demands:
        shares = f"{demand['threshold']} of {demand['paths_needed']}"
        paths = "; ".join(" - ".join(path) for path in demand["paths"])
        style = "" if demand["paths_available"] >= demand["paths_needed"] else "yellow"
        available = (str(demand["paths_available"]), style)
        rows.append((demand["demand"], number(demand["bits"], "bit"), shares, available, paths or "-"))
    return table(("demand", "per epoch", "shares", "paths", "disjoint paths"), rows, paint)


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'s' if count != 1 else ''}"
