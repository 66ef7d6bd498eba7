"""The demo without a terminal: one line per step and epoch, and a summary at the end."""

from typing import Any

import typer

from hil_sim.demo.casting import Casting
from hil_sim.demo.story import Story
from hil_sim.demo.untouched import Yield

Json = dict[str, Any]


class Lines:
    """Writes to standard error."""

    def __init__(self) -> None:
        self._said = ""
        self._shown = 0

    def say(self, text: str) -> None:
        """Something is being waited for; the same twice is said once."""
        if text != self._said:
            self._said = text
            typer.echo(f"starting: {text} ...", err=True)

    def show(self, story: Story, casting: Casting) -> None:
        """Show an epoch that is new."""
        scene = story.scene
        if scene is None or scene.epoch == self._shown:
            return
        self._shown = scene.epoch
        lying = ", ".join(f"{node} {manner}" for node, manner in sorted(casting.lying.items()))
        why = "; ".join(f"{v['node']}: {v['text']}" for v in scene.evidence[scene.epoch]["verdicts"])
        parts = [f"epoch {scene.epoch}: decided after {story.latency_s(scene.epoch):.2f} s", key_text(story.harvest)]
        parts += [move.text() for move in story.moves() if move.epoch == scene.epoch]
        parts += [f"lying: {lying}"] if lying else []
        typer.echo("; ".join(parts + ([why] if why else [])), err=True)


def closing_text(document: Json) -> str:
    """The closing document for people."""
    lines = [_network_line(document)] if "nodes" in document else [f"ended {document['interrupted']}"]
    lines += [_key_line(document)] if "key" in document else []
    lines += [_liar_line(liar) for liar in document.get("liars", [])]
    return "\n".join([*lines, _darkness_line(document["stop"])])


def key_text(harvest: Yield) -> str:
    """Key so far, and what holding makes of the same fibres."""
    gain = "" if harvest.gain is None else f", {100 * harvest.gain:+.0f} %"
    return f"key {bits(harvest.made_bits)}, held links {bits(harvest.held_bits)}{gain}"


def bits(count: float) -> str:
    """A number of bits for people."""
    for unit, size in (("Gbit", 1_000_000_000), ("Mbit", 1_000_000), ("kbit", 1_000)):
        if count >= size:
            return f"{count / size:.{2 if unit == 'Gbit' else 1}f} {unit}"
    return f"{count:.0f} bit"


def _network_line(document: Json) -> str:
    key = sum(link["secret_key_bits"] for link in document["links"].values())
    decisions = document["decisions"]
    return (
        f"{len(document['nodes'])} nodes decided {document['epochs']} epochs, each within "
        f"{decisions['latency_s']['longest']:.2f} s, {'FORKED' if decisions['forks'] else 'without a fork'}; "
        f"{bits(key)} of key on {len(document['links'])} links"
    )


def _key_line(document: Json) -> str:
    """What the policy was worth, and what it did."""
    policy, key, moves = document["policy"], document["key"], document["moves"]
    who = policy["name"] or policy["kind"]
    origin = f" ({policy['origin']})" if policy["origin"] else ""
    done = ", ".join(f"{count} {what}" for what, count in sorted(moves.items())) or "nothing"
    return f"{who}{origin}: {key_text(Yield(key['made_bits'], key['held_bits']))}; links it made {done}"


def _liar_line(liar: Json) -> str:
    score, trust = (liar[f"epochs_until_{name}_below_half"] for name in ("score", "trust"))
    vote = "kept its vote" if score is None else f"lost its vote's weight after {score} epochs"
    believed = "still trusted" if trust is None else f"distrusted after {trust}"
    moved = [demand for demand in liar["relays_before"] if demand not in liar["relays_now"]]
    routes = f"; routes that left it: {', '.join(moved)}" if moved else ""
    return f"{liar['node']} ({liar['manner']}): {vote}, {believed}{routes}"


def _darkness_line(stop: Json) -> str:
    """What the instruments recorded."""
    lit = [name for name, link in stop["links"].items() if not link["dark"]]
    if lit:
        return f"NOT DARK: {', '.join(lit)}"
    brightest = max((link["brightest_mean_photon_number"] for link in stop["links"].values()), default=0.0)
    if brightest == 0.0:
        return "no light was ever let out"
    after_s = max(link["dark_after_s"] for link in stop["links"].values())
    return f"every source dark after {after_s:.3f} s; brightest pulses ever sent: {brightest:.3f} photons"
