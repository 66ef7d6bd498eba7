"""The closing document: what the network decided, what became of liars, and darkness by the instruments' own record."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from hil_sim.demo.liars import Manner
from hil_sim.demo.story import Lie, Story, paths
from hil_sim.demo.untouched import Yield

Json = dict[str, Any]
SCHEMA_VERSION = 3


def network_outcome(story: Story, lying: Mapping[str, Manner]) -> Json:
    """Everything that was seen of the network.

    Args:
        story: of at least one epoch.
        lying: how nodes lie that still lie at the end.
    """
    scene = story.scene
    assert scene is not None, "a story begins with a scene"
    agreement = scene.agreements[scene.observer]
    return {
        "network": {name: agreement[name] for name in ("network", "faults", "slack", "members")},
        "epochs": story.epochs,
        "first_epoch": min(scene.evidence),
        "decisions": {
            "rounds": dict(sorted(Counter(story.rounds.values()).items())),
            "latency_s": story.latency(),
            "forks": story.forks,
        },
        "nodes": {node["node"]: _node(node, lying) for node in scene.weights["nodes"]},
        "liars": [_liar(story, lie) for lie in story.lies],
        "links": {entry["link"]: _link(story, entry["link"]) for entry in scene.evidence[scene.epoch]["links"]},
        "key": _key(story.harvest),
        "moves": dict(Counter(move.what for move in story.moves())),
        "key_bits_per_epoch": {"honest": story.key_rate(lying=False), "with_liars": story.key_rate(lying=True)},
        "routes": paths(scene),
        "verdicts": story.verdicts(),
    }


def _key(harvest: Yield) -> Json:
    """Key since each link first ran, by the simulators' record, beside that of untouched twins on the same fibres."""
    gain = None if harvest.gain is None else round(harvest.gain, 4)
    return {"made_bits": harvest.made_bits, "held_bits": harvest.held_bits, "gain": gain}


def _node(node: Json, lying: Mapping[str, Manner]) -> Json:
    names = ("score_ppm", "trust_ppm", "vote_weight", "excluded", "distrusted", "fidelity_permille")
    return {name: node[name] for name in names} | {"lies": lying.get(node["node"])}


def _liar(story: Story, lie: Lie) -> Json:
    now = paths(story.scene)
    return {
        "node": lie.node,
        "manner": lie.manner,
        "epoch": lie.epoch,
        "epochs_until_score_below_half": story.epochs_until(lie, "score_ppm"),
        "epochs_until_trust_below_half": story.epochs_until(lie, "trust_ppm"),
        "relays_before": relays(lie.routes, lie.node),
        "relays_now": relays(now, lie.node),
    }


def relays(routes: Mapping[str, Sequence[Sequence[str]]], node: str) -> list[str]:
    """Demands that a node relays for, sorted."""
    return sorted(demand for demand, ways in routes.items() if any(node in way[1:-1] for way in ways))


def _link(story: Story, link: str) -> Json:
    rows = [row for _, row in story.rows(link)]
    measured = [row["qber_z_ppm"] / 1e6 for row in rows if row["valid"] and row["sifted_bits"]]
    scene = story.scene
    assert scene is not None, "a story begins with a scene"
    entries = [e for evidence in scene.evidence.values() for e in evidence["links"] if e["link"] == link]
    return {
        "alice": entries[-1]["alice"],
        "bob": entries[-1]["bob"],
        "mode": rows[-1]["mode"] if rows else None,
        "secret_key_bits": sum(row["secret_key_bits"] for row in rows),
        "qber": round(fmean(measured), 6) if measured else None,
        "mean_photon_number": rows[-1]["mean_photon_number_e6"] / 1e6 if rows else None,
        "realigns": sum(row["realigns"] for row in rows),
        "moves": [{"epoch": move.epoch, "text": move.text()} for move in story.moves(link)],
        "key": _key(story.key[link]) if link in story.key else None,
        "disputed_epochs": sum(entry["dispute"] is not None for entry in entries),
    }


def darkness(trace: Path, stopped_at: float) -> Json:
    """When each laser was dark after the stop, by the record of the simulated instruments.

    Args:
        trace: JSON lines of the simulation.
        stopped_at: monotonic time at which the daemons were told to stop.

    Returns:
        Per link: seconds until no light was launched, and the brightest pulses ever launched.
    """
    launched: dict[str, list[tuple[float, float]]] = {}
    for line in trace.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["quantity"] == "mean_photon_number":
            launched.setdefault(entry["instrument"], []).append((entry["monotonic_s"], entry["value"]))
    return {
        link: {
            "dark": not changes[-1][1] > 0.0,
            "dark_after_s": round(max(0.0, changes[-1][0] - stopped_at), 3),
            "brightest_mean_photon_number": round(max(value for _, value in changes), 6),
        }
        for link, changes in launched.items()
    }
