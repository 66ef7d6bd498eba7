"""Kinds of misbehaviour by name, and where in a `Conduct` each takes effect."""

from dataclasses import dataclass
from typing import Final, Literal

from hil_sim.adversary.relay import RelayConduct
from hil_sim.adversary.strengths import MOST_EXCESS

Kind = Literal[
    "random-states",
    "intercept-resend",
    "one-basis",
    "photon-number-splitting",
    "blinding",
    "fabrication",
    "z-measurement",
    "understate-errors",
    "overstate-errors",
    "understate-detected",
    "overstate-detected",
    "hide-decoys",
    "slander",
    "replay",
    "freeze",
    "withhold-report",
    "withhold-keys",
    "corrupt-keys",
    "spy",
]
Part = Literal["states", "announcements", "reports", "relaying"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a kind of misbehaviour sets.

    Attributes:
        part: states and reports belong to the links that a node ends, announcements to those that it measures midway,
            relaying to the node itself.
        field: of the part's strengths; for relaying the name of the flag.
        part_time: whether the strength is the share of epochs on duty in which it happens, all of it then, rather
            than a degree.
        highest: greatest strength.
    """

    part: Part
    field: str
    part_time: bool = False
    highest: float = 1.0


EFFECTS: Final[dict[Kind, Effect]] = {
    "random-states": Effect("states", "random_states"),
    "intercept-resend": Effect("states", "intercept_resend"),
    "one-basis": Effect("states", "one_basis"),
    "photon-number-splitting": Effect("states", "photon_number_splitting"),
    "blinding": Effect("states", "blinding"),
    "fabrication": Effect("announcements", "fabrication"),
    "z-measurement": Effect("announcements", "z_measurement"),
    "understate-errors": Effect("reports", "understate_errors"),
    "overstate-errors": Effect("reports", "overstate_errors"),
    "understate-detected": Effect("reports", "understate_detected"),
    "overstate-detected": Effect("reports", "overstate_detected", highest=MOST_EXCESS),
    "hide-decoys": Effect("reports", "hide_decoys"),
    "slander": Effect("reports", "overstate_errors"),
    "replay": Effect("reports", "replay_delay", part_time=True),
    "freeze": Effect("reports", "freeze", part_time=True),
    "withhold-report": Effect("reports", "withhold", part_time=True),
    "withhold-keys": Effect("relaying", RelayConduct.WITHHOLD.name or "", part_time=True),
    "corrupt-keys": Effect("relaying", RelayConduct.CORRUPT.name or "", part_time=True),
    "spy": Effect("relaying", RelayConduct.SPY.name or "", part_time=True),
}
"""Slander differs from overstated errors in whom it strikes: never a link to a member of the own coalition."""
