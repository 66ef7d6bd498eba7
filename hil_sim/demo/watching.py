"""What the demo sees of the network: everything comes from the HTTP interfaces of the daemons."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from hil_sim.demo.daemons import Daemons

Json = dict[str, Any]
_CAUGHT_UP_EPOCHS = 10
_KEPT_EPOCHS = 1000
_NUMBERS = ("score_ppm", "trust_ppm", "vote_weight")


@dataclass(frozen=True, slots=True)
class Scene:
    """The network at one time, as one node knows it, and how far the others are.

    Attributes:
        observer: the node.
        weights: its document of weights.
        numbers: score, trust and vote weight by epoch and node.
        evidence: claims and conclusions, by epoch, newest last.
        routes: of demands, as last decided.
        agreements: how agreement stands at each node.
    """

    observer: str
    weights: Json
    numbers: Mapping[tuple[int, str], Json]
    evidence: Mapping[int, Json]
    routes: tuple[Json, ...]
    agreements: Mapping[str, Json]

    @property
    def epoch(self) -> int:
        """That was decided last, at the observer."""
        return max(self.evidence)


class Watcher:
    """Looks at the network again and again.

    Args:
        daemons: of the network.
        first_epoch: from which on it is of interest.
    """

    def __init__(self, daemons: Daemons, first_epoch: int) -> None:
        self.first_epoch = first_epoch
        self._daemons = daemons
        self._evidence: dict[int, Json] = {}
        self._numbers: dict[tuple[int, str], Json] = {}

    async def look(self, unwanted: Collection[str]) -> Scene | None:
        """One look; None before the first epoch of interest is over.

        Args:
            unwanted: nodes that shall not be asked what they know, because they lie; they are all the same if no other
                node is left.

        Raises:
            ClientError: a daemon does not answer.
        """
        nodes = self._daemons.together
        observer = next((node for node in nodes if node not in unwanted), nodes[0])
        answers = await asyncio.gather(*(asyncio.to_thread(self._daemons.clients[node].agreement) for node in nodes))
        agreements = dict(zip(nodes, answers, strict=True))
        last = agreements[observer]["last"]
        if last is None or last["epoch"] < self.first_epoch:
            return None
        return await asyncio.to_thread(self._scene, observer, agreements, int(last["epoch"]))

    def _scene(self, observer: str, agreements: Mapping[str, Json], last: int) -> Scene:
        client = self._daemons.clients[observer]
        known = max(self._evidence, default=self.first_epoch - 1)
        for epoch in range(max(known + 1, last - _CAUGHT_UP_EPOCHS), last + 1):
            self._evidence[epoch] = client.evidence(epoch)
        weights = client.weights(min(last - known + 1, _KEPT_EPOCHS))
        self._remember(weights["history"])
        return Scene(
            observer, weights, dict(self._numbers), dict(self._evidence), tuple(client.routes()["demands"]), agreements
        )

    def _remember(self, history: Json) -> None:
        for series in history["nodes"]:
            for i, epoch in enumerate(history["epochs"]):
                self._numbers[epoch, series["node"]] = {name: series[name][i] for name in _NUMBERS}
        forgotten = max(self._evidence) - _KEPT_EPOCHS
        self._evidence = {epoch: each for epoch, each in self._evidence.items() if epoch > forgotten}
        self._numbers = {place: each for place, each in self._numbers.items() if place[0] > forgotten}
