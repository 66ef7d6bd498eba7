"""Byzantine nodes of the demo: their instruments lie, while their daemons are the same as all others.

A liar's daemon believes its own engines and its own key router, so what it reports is false and well formed, which is
all that other nodes could see of a daemon that lies itself. A silent node has a daemon that nobody hears.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from hil_sim.instruments.key_router import KeyRouterInstrument
from hil_sim.instruments.qkd_engine import QkdEngine
from hil_sim.instruments.qkd_engine_conduct import EngineConduct
from hil_sim.key_relay.conduct import RouterConduct
from hil_sim.node_tables import Ends
from hil_sim.simulation import Simulation

Manner = Literal["forge", "slander", "corrupt", "silent"]
MANNERS: tuple[Manner, ...] = get_args(Manner)
WHAT: Mapping[Manner, str] = {
    "forge": "its engines tell fewer errors and more key than there were",
    "slander": "its engines tell errors and little key on the link to one neighbour",
    "corrupt": "its key router spoils keys that it passes on",
    "silent": "it says nothing to other nodes",
}
FIRST_EPOCH = 5
"""In which liars begin, so that one sees the network before; counted from when all links run."""

_HONEST_ENGINE, _HONEST_ROUTER = EngineConduct(), RouterConduct()
#: In every second record only, as one would to look like a passing fault.
FORGED = EngineConduct(errors_percent=40, key_percent=130, every=2)
_SLANDER = EngineConduct(errors_percent=600, key_percent=10)
_CORRUPT = RouterConduct(corrupt_ppm=300_000)


@dataclass(frozen=True, slots=True)
class Liar:
    """One Byzantine node.

    Attributes:
        manner: how it lies.
        first_epoch: in which it begins.
    """

    node: str
    manner: Manner
    first_epoch: int = FIRST_EPOCH

    @classmethod
    def parse(cls, text: str, nodes: Iterable[str]) -> "Liar":
        """Read `NODE:MANNER` or `NODE:MANNER@EPOCH`.

        Raises:
            ValueError: anything else, a node that is not there, or a silent one that shall begin later.
        """
        node, _, rest = text.partition(":")
        manner, at, epoch = rest.partition("@")
        known = sorted(nodes)
        if node not in known:
            raise ValueError(f"there is no node {node!r} to lie; nodes are {', '.join(known)}")
        found = next((each for each in MANNERS if each == manner), None)
        if found is None or (at and not epoch.isdecimal()):
            raise ValueError(f"{text!r}: expected NODE:MANNER or NODE:MANNER@EPOCH with one of {', '.join(MANNERS)}")
        if found == "silent" and at:
            raise ValueError(f"{text!r}: a silent node is silent from the beginning; leave @{epoch} away")
        return cls(node, found, int(epoch) if at else FIRST_EPOCH)


class Troupe:
    """All liars, and who of them lies now.

    Args:
        simulation: running; liars are among its instruments.
        ends: nodes at the ends of each link.

    Attributes:
        lying: how each node lies that lies now.
    """

    def __init__(self, simulation: Simulation, ends: Ends) -> None:
        self.lying: dict[str, Manner] = {}
        self._instruments = simulation.bench.instruments
        self._sections = simulation.scenario.instruments
        self._ends = ends

    def lie(self, node: str, manner: Manner) -> None:
        """Let a node lie from now on."""
        self.lying[node] = manner
        self._set_conduct()

    def be_honest(self, node: str) -> None:
        """Let a node tell the truth from now on; a silent one stays silent."""
        if self.lying.get(node) != "silent":
            self.lying.pop(node, None)
            self._set_conduct()

    def victim(self) -> str:
        """Whom slanderers speak ill of: the honest node with most of them around it; "" without any."""
        slanderers = {node for node, manner in self.lying.items() if manner == "slander"}
        around = Counter(
            other for pair in self._ends.values() for node, other in (pair, pair[::-1]) if node in slanderers
        )
        honest = {node: count for node, count in around.items() if node not in self.lying}
        return min(honest, key=lambda node: (-honest[node], node), default="")

    def _set_conduct(self) -> None:
        victim = self.victim()
        for name, instrument in self._instruments.items():
            if isinstance(instrument, QkdEngine):
                pair = self._ends[self._sections[name].link or ""]
                node, other = pair if instrument.end == "alice" else pair[::-1]
                instrument.conduct = self._engine_conduct(node, other, victim)
            elif isinstance(instrument, KeyRouterInstrument):
                corrupt = self.lying.get(instrument.router.node) == "corrupt"
                instrument.router.conduct = _CORRUPT if corrupt else _HONEST_ROUTER

    def _engine_conduct(self, node: str, other: str, victim: str) -> EngineConduct:
        manner = self.lying.get(node)
        if manner == "forge":
            return FORGED
        return _SLANDER if manner == "slander" and other == victim else _HONEST_ENGINE
