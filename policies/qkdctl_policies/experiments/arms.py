"""Ways to control a network that are compared with each other."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

_LATER: Final = {"pieces": 1}
"""Fields that came when there were rows; an arm that is as all were before keeps its rows."""
Settings = Literal["hold", "field", "tuned", "periodic", "rules", "learned"]
Routing = Literal["hops", "daemon"]


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to control a network.

    Attributes:
        about: one line for people.
        settings: who sets power and alignment. `hold`: nobody. `field`: operators re-align above a threshold
            (`hil_sim.network.run.field_control`). `tuned`: the same at a limit that fits the hardware, and every ten
            minutes. `periodic`: every link is re-aligned by the clock. `rules`: the rule of the daemon. `learned`: the
            policy of the suite.
        routing: `hops`: the path of fewest hops. `daemon`: that of the daemon, by hops, reported key and errors, where
            demands make room for each other.
        heeds_losses: whether a demand that loses keys goes out of the way of the relays that may have lost them.
        agreed: whether all nodes decide together by `NodeApplication.decide`, so that trust follows from evidence.
            Otherwise one controller believes what it is told, and trusts everybody fully.
        colluding, failing: k-of-n of all demands, see `RouteDemand`.
        pieces: as so many demands of equally much key each demand is given to the network.
        every_epochs: between two re-alignments of a link; of `periodic` settings only.
    """

    about: str
    settings: Settings
    routing: Routing
    heeds_losses: bool = False
    agreed: bool = False
    colluding: int = 0
    failing: int = 0
    pieces: int = 1
    every_epochs: int = 0

    def to_plain(self) -> dict[str, Any]:
        """All that it is but for its description, for the configuration hash."""
        return {name: value for name, value in asdict(self).items() if name != "about" and _LATER.get(name) != value}


def _agreed(about: str, settings: Settings) -> Arm:
    return Arm(about, settings, "daemon", heeds_losses=True, agreed=True)


def _periodic(epochs: int) -> Arm:
    return Arm(
        f"static power, re-aligned every {epochs} epochs, shortest path", "periodic", "hops", every_epochs=epochs
    )


BOUND: Final = "bound"
BASELINE: Final = "baseline"
PERIODS: Final = (6, 14, 30, 60, 100)
"""Epochs between the re-alignments of periodic arms."""
ARMS: Final[Mapping[str, Arm]] = {
    BASELINE: Arm("static power, shortest path, believes reports", "hold", "hops"),
    "field": Arm("re-aligned above a threshold, shortest path, believes reports", "field", "hops"),
    "field-failover": Arm("the same, after losses another of 50 shortest paths", "field", "hops", heeds_losses=True),
    "tuned-failover": Arm(
        "re-aligned above twice the error that the hardware promises and every ten minutes, after losses another of 50 "
        "shortest paths, believes reports",
        "tuned",
        "hops",
        heeds_losses=True,
    ),
    **{f"every-{epochs}": _periodic(epochs) for epochs in PERIODS},
    "dra": Arm("learned policy, routes of the daemon, believes reports", "learned", "daemon"),
    "dra-failover": Arm("the same, after losses another path", "learned", "daemon", heeds_losses=True),
    "abft": _agreed("static power, agreed trust and routes", "hold"),
    "abft-rules": _agreed("rule of the daemon, agreed trust and routes", "rules"),
    "both": _agreed("learned policy, agreed trust and routes", "learned"),
    "both-k-of-n": replace(
        _agreed("the same, each key over 3 disjoint paths of which 2 are needed, or over 2; else none", "learned"),
        colluding=1,
        failing=1,
    ),
    "both-in-halves": replace(_agreed("as both, each demand given as two of half the key", "learned"), pieces=2),
}
"""Arms by name, but for the bound, which controls nothing."""
