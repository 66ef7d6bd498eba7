"""What is measured: honest networks in bad weather, networks with f liars, and one liar that reforms."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tests.campaigns.trust.cases import FAULTS, MISBEHAVIOUR, TOPOLOGIES, liars, neighbours, network
from tests.campaigns.trust.simulated import Simulated

_HALF = 500_000
CAUGHT_WITHIN: Final = 20
HONEST_NODE_EPOCHS: Final = 1000


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """One honest network.

    Attributes:
        node_epochs: nodes times epochs.
        blamed: of those with any verdict, float tests included.
        least_ppm: least score or trust of any node.
    """

    topology: str
    node_epochs: int
    blamed: int
    least_ppm: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """f liars in one topology doing one thing on all their links, over several stories.

    Attributes:
        caught: epochs until trust was below half, for each liar that could be caught; 0 for never within 20.
        uncatchable: liars with fewer than two honest neighbours.
        framed: honest nodes most of whose neighbours lied; the least trust that any of them fell to is `framed_ppm`.
        honest_node_epochs: of the other honest nodes; `wrongly` of them had a verdict that lowers scores.
        honest_ppm: least score of any honest node.
    """

    topology: str
    kind: str
    caught: tuple[int, ...]
    uncatchable: int
    framed: int
    framed_ppm: int
    honest_node_epochs: int
    wrongly: int
    honest_ppm: int


def false_alarms() -> list[FalseAlarms]:
    """Every topology without adversaries, for a thousand node-epochs and more, float tests and all."""
    found = []
    for topology in TOPOLOGIES:
        story = Simulated(network(topology, 1), FAULTS[topology], 1, float_tests=True)
        nodes = len(story.network.node_names)
        blamed, least = 0, 1_000_000
        epochs = -(-HONEST_NODE_EPOCHS // nodes)
        for _ in range(epochs):
            state = story.step()
            blamed += len({verdict.node for verdict in state.verdicts})
            least = min(least, *story.scores().values(), *story.trust().values())
        found.append(FalseAlarms(topology, nodes * epochs, blamed, least))
    return found


def against_liars(seeds: Iterable[int]) -> list[Outcome]:
    """All topologies and kinds."""
    seeds = list(seeds)
    return [_outcome(topology, kind, seeds) for topology in TOPOLOGIES for kind in MISBEHAVIOUR]


def _outcome(topology: str, kind: str, seeds: Iterable[int]) -> Outcome:
    caught: list[int] = []
    uncatchable = framed = node_epochs = wrongly = 0
    framed_ppm = honest_ppm = 1_000_000
    for seed in seeds:
        bad = liars(topology, seed)
        entry = {"nodes": bad, "kinds": [kind], "strength": 0.9, "replay_delay_epochs": 3}
        story = Simulated(network(topology, seed, [entry]), FAULTS[topology], seed)
        across = neighbours(story.network)
        between = [name for name in story.honest if 2 * len(across[name] & set(bad)) > len(across[name])]
        first: dict[str, int] = {}
        for epoch in range(1, CAUGHT_WITHIN + 1):
            story.step()
            trust, scores = story.trust(), story.scores()
            for name in bad:
                if trust[name] < _HALF:
                    first.setdefault(name, epoch)
            honest = [name for name in story.honest if name not in between]
            node_epochs += len(honest)
            wrongly += sum(name in story.blamed() for name in honest)
            honest_ppm = min(honest_ppm, *(scores[name] for name in story.honest))
            framed_ppm = min([framed_ppm, *(trust[name] for name in between)])
        framed += len(between)
        for name in bad:
            if kind != "withhold-report" and len(across[name] - set(bad)) < 2:
                uncatchable += 1
            else:
                caught.append(first.get(name, 0))
    return Outcome(topology, kind, tuple(caught), uncatchable, framed, framed_ppm, node_epochs, wrongly, honest_ppm)


@dataclass(frozen=True, slots=True)
class LoneStory:
    """One liar that forges for twenty epochs and then never again: its numbers and those of its neighbours."""

    liar: str
    score_ppm: tuple[int, ...]
    weight: tuple[int, ...]
    honest_score_ppm: tuple[int, ...]
    disputes: tuple[int, ...]


def lone_story(epochs: int = 700) -> LoneStory:
    """In the network of Vienna."""
    topology = "secoqc-vienna"
    [liar] = liars(topology, 5)
    entry = {"nodes": [liar], "kinds": ["slander"], "start_epoch": 10, "end_epoch": 30}
    story = Simulated(network(topology, 5, [entry]), FAULTS[topology], 5)
    scores, weights, honest, disputes = [], [], [], []
    for _ in range(epochs):
        state = story.step()
        scores.append(story.scores()[liar])
        weights.append(story.electorate.weights[liar])
        honest.append(min(story.scores()[name] for name in story.honest))
        disputes.append(len(state.disputes))
    return LoneStory(liar, tuple(scores), tuple(weights), tuple(honest), tuple(disputes))
