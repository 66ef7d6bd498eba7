"""What a description amounts to, ready for JSON: weights, slack, connectivity, and how far demands can be served."""

from typing import Any

from qkdctl.abft.act_book import threshold_of
from qkdctl.network.description import NetworkDescription
from qkdctl.network.routes import prospect
from qkdctl.records.route import RouteDemand
from qkdctl.routing.disjoint import disjoint_paths


def summary(description: NetworkDescription) -> dict[str, Any]:
    """The network for `qkdctl network show --json`.

    `connectivity` is kappa, None for a node alone; keys that relays pass on are safe from f of them from
    `connectivity_wanted` on.
    """
    electorate, file = description.electorate, description.file
    threshold = threshold_of(description.book)
    return {
        "name": description.name,
        "digest": description.digest,
        "epoch_s": file.network.epoch_s,
        "policy": file.network.policy,
        "faults": electorate.faults,
        "slack": electorate.slack,
        "strong_quorum": electorate.strong_from,
        "weak_quorum": electorate.weak_from,
        "connectivity": description.connectivity,
        "connectivity_wanted": 2 * electorate.faults + 1,
        "acts": {"k": threshold.k, "n": threshold.n, "lifetime_epochs": file.acts.lifetime_epochs},
        "timing": file.timing.model_dump(),
        "members": [_member(description, node) for node in description.members],
        "links": [_link(description, name) for name in sorted(file.links)],
        "demands": [_demand(description, demand) for demand in description.demands],
    }


def _member(description: NetworkDescription, node: str) -> dict[str, Any]:
    links = [name for name, link in sorted(description.file.links.items()) if node in (link.alice, link.bob)]
    weight = description.electorate.weights[node]
    return {"node": node, **description.file.members[node].model_dump(), "weight": weight, "links": links}


def _link(description: NetworkDescription, name: str) -> dict[str, Any]:
    figures = description.file.links[name]
    facts = description.table.of(name)
    return {
        "link": name,
        "alice": figures.alice,
        "bob": figures.bob,
        "protocols": list(figures.protocols),
        "pulse_rate_hz": facts.pulse_rate_hz,
        "fibre_length_km": figures.fibre_length_km,
        "key_ceiling_e9": facts.protocols[0].key_ceiling_e9 if figures.least_loss_db else None,
        "click_ceiling_hz": facts.click_ceiling_hz or None,
    }


def _demand(description: NetworkDescription, demand: RouteDemand) -> dict[str, Any]:
    found = prospect(description.topology, demand)
    paths = disjoint_paths(description.topology, demand.source, demand.target, found.needed)
    return {
        **demand.to_plain(),
        "paths_needed": found.needed,
        "paths_available": found.available,
        "threshold": found.least,
        "paths": [list(path.nodes) for path in paths],
    }
