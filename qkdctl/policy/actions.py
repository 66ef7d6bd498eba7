"""What a policy can do with a link, and which of it is legal now."""

from dataclasses import dataclass
from typing import Final

from qkdctl.policy.intensities import moved
from qkdctl.policy.limits import highest_allowed_e6
from qkdctl.records.facts import LinkFacts
from qkdctl.records.network import LinkState

PROTOCOLS: Final = ("bb84", "mdi", "tf", "bbm92")
SMALL_STEPS: Final = 1
LARGE_STEPS: Final = 4


@dataclass(frozen=True)
class Action:
    """One entry of the action table.

    Attributes:
        index: column of the policy's output.
        name: stable name, also used in plans.
        steps: table steps of the mean photon number, negative is down.
        realign: whether the polarisation (or phase) is re-aligned, at the cost of dead time.
        protocol: protocol to switch to, empty for none.
        meaning: one line for the documentation.
    """

    index: int
    name: str
    steps: int = 0
    realign: bool = False
    protocol: str = ""
    meaning: str = ""


ACTIONS: Final[tuple[Action, ...]] = (
    Action(0, "hold", meaning="change nothing"),
    Action(1, "up-small", steps=SMALL_STEPS, meaning="mean photon number up one step of the table"),
    Action(2, "up-large", steps=LARGE_STEPS, meaning="mean photon number up four steps"),
    Action(3, "down-small", steps=-SMALL_STEPS, meaning="mean photon number down one step"),
    Action(4, "down-large", steps=-LARGE_STEPS, meaning="mean photon number down four steps"),
    Action(5, "realign", realign=True, meaning="search the best polarisation (or phase) again; costs dead time"),
    *(
        Action(6 + place, f"switch-{protocol}", protocol=protocol, meaning=f"run {protocol} from the next epoch on")
        for place, protocol in enumerate(PROTOCOLS)
    ),
)
HOLD: Final = ACTIONS[0]
BY_NAME: Final = {action.name: action for action in ACTIONS}


def legal(link: LinkState, facts: LinkFacts) -> tuple[bool, ...]:
    """Mask over the action table for one link; hold is always legal.

    Forbidden is everything on a link that does not run or whose row is invalid, what the hardware cannot do, the
    present protocol and, until the dwell time is over, every other one, steps beyond the cap and steps that change
    nothing.
    """
    if link.mode != "running" or not link.valid:
        return tuple(action is HOLD for action in ACTIONS)
    return tuple(_is_legal(action, link, facts) for action in ACTIONS)


def _is_legal(action: Action, link: LinkState, facts: LinkFacts) -> bool:
    if action.realign:
        return bool(facts.can_realign)
    if action.protocol:
        known = facts.protocol(action.protocol) is not None
        rested = link.epochs_since_protocol_change >= facts.dwell_epochs
        return known and rested and action.protocol != link.protocol
    if action.steps:
        return _step_is_legal(action, link, facts)
    return True


def _step_is_legal(action: Action, link: LinkState, facts: LinkFacts) -> bool:
    target = moved(link.mean_photon_number_e6, action.steps)
    if target == link.mean_photon_number_e6:
        return False
    protocol = facts.protocol(link.protocol)
    return action.steps < 0 or (protocol is not None and target <= highest_allowed_e6(facts, protocol))
