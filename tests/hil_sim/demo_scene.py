"""A network as the demo sees it, in the shapes of the daemon's interface, without a daemon."""

from types import SimpleNamespace
from typing import Any

from hil_sim.demo.story import Story
from hil_sim.demo.untouched import Yield
from hil_sim.demo.watching import Scene

NODES = ("concepcion", "distrito", "norte", "quevedo", "quijano", "quijote", "quintin", "quinto")
LINKS = (
    ("concepcion", "distrito"),
    ("concepcion", "quinto"),
    ("distrito", "norte"),
    ("distrito", "quintin"),
    ("norte", "concepcion"),
    ("quevedo", "norte"),
    ("quevedo", "quijano"),
    ("quijano", "quinto"),
    ("quijote", "quevedo"),
    ("quintin", "quijano"),
    ("quintin", "quijote"),
    ("quinto", "quijote"),
)


def row(key: int = 34_000, *, qber_ppm: int = 12_300) -> dict[str, Any]:
    """The agreed row of a link."""
    return {
        "mode": "running",
        "valid": 1,
        "mean_photon_number_e6": 480_000,
        "qber_z_ppm": qber_ppm,
        "qber_x_ppm": qber_ppm,
        "sifted_bits": 100_000,
        "test_bits": 10_000,
        "secret_key_bits": key,
        "realigns": 0,
    }


def evidence(epoch: int, liar: str = "", *, key: int = 34_000) -> dict[str, Any]:
    """What was claimed and concluded; a liar is in dispute on all of its links."""
    verdict = {
        "node": liar,
        "error_permille": 1000,
        "cause": "disputed-edges",
        "subject": "",
        "number": 3,
        "text": "it is in dispute with 3 nodes, which is more than f liars can bring about",
    }
    links = [
        {
            "link": f"{alice}-{bob}",
            "alice": alice,
            "bob": bob,
            "row": row(key),
            "dispute": {"one": alice, "other": bob, "agreed_epochs_left": 100} if liar in (alice, bob) else None,
        }
        for alice, bob in LINKS
    ]
    reports = [{"node": node, "wall_ms": 1_000 * epoch} for node in NODES]
    return {
        "epoch": epoch,
        "ended_ms": 1_000 * epoch + 250,
        "reports": reports,
        "absent": [],
        "links": links,
        "verdicts": [verdict] if liar else [],
    }


def scene(epoch: int, scores: dict[int, dict[str, int]], **found: dict[int, dict[str, Any]]) -> Scene:
    """The network after an epoch.

    Args:
        epoch: the last one.
        scores: those that differ from the full score, in ppm, by epoch.
        found: `evidence` by epoch, where it is not that of an honest network.
    """
    every = found.get("evidence", {})
    numbers = {
        (e, node): {
            "score_ppm": (ppm := scores.get(e, {}).get(node, 1_000_000)),
            "trust_ppm": ppm,
            "vote_weight": ppm // 1000,
        }
        for e in range(1, epoch + 1)
        for node in NODES
    }
    weights = {
        "nodes": [
            {
                "node": node,
                **numbers[epoch, node],
                "next_vote_weight": numbers[epoch, node]["vote_weight"],
                "excluded": numbers[epoch, node]["score_ppm"] < 500_000,
                "distrusted": numbers[epoch, node]["trust_ppm"] < 500_000,
                "fidelity_permille": 1000,
            }
            for node in NODES
        ]
    }
    return Scene(
        "concepcion",
        weights,
        numbers,
        {e: every.get(e, evidence(e)) for e in range(1, epoch + 1)},
        tuple(route(name, way) for name, way in ROUTES.items()),
        {node: agreement(epoch) for node in NODES},
    )


ROUTES = {
    "archive": ("quintin", "distrito", "norte"),
    "bank": ("quijote", "quevedo", "quijano"),
    "clinic": ("quevedo", "quijote", "quinto"),
    "exchange": ("distrito", "norte", "quevedo"),
}


def route(demand: str, *ways: tuple[str, ...]) -> dict[str, Any]:
    """A demand with its paths."""
    paths = [{"share": number, "nodes": list(way)} for number, way in enumerate(ways, 1)]
    return {"demand": demand, "since": 1, "threshold": 1, "distrusted": [], "suspects": [], "paths": paths}


def agreement(epoch: int, digest: str = "d") -> dict[str, Any]:
    """How the agreement stands at a node."""
    return {
        "network": "madrid",
        "faults": 2,
        "slack": 1,
        "members": list(NODES),
        "last": {"epoch": epoch, "digest": digest, "round": 0},
        "peers": [{"level": "its"}] * 3 + [{"level": "its-relayed(3)"}] * 4,
    }


def key(bits: int) -> dict[str, Yield]:
    """Key of every link, a quarter more than by holding."""
    return {f"{alice}-{bob}": Yield(bits, bits * 4 // 5) for alice, bob in LINKS}


def casting(**lying: str) -> Any:
    """Who lies."""
    return SimpleNamespace(lying=lying, nodes=NODES, manner="forge")


def forged() -> Story:
    """Ten epochs; quijote lies from the fourth on and falls below half in the eighth."""
    story = Story("fast-links (trained)")
    story.add(scene(4, {}), key(1_000_000))
    story.began("quijote", "forge")
    falling = {5: 800_000, 6: 640_000, 7: 512_000, 8: 409_600, 9: 327_680, 10: 262_144}
    liars = {e: evidence(e, "quijote", key=17_000) for e in falling}
    story.add(scene(10, {e: {"quijote": ppm} for e, ppm in falling.items()}, evidence=liars), key(3_000_000))
    return story
