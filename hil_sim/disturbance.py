"""Things that may go wrong at a simulated instrument, by name."""

from collections.abc import Callable
from dataclasses import dataclass

from hil_sim.endpoints.faults import FaultPlan


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that goes wrong.

    Attributes:
        kind: a line fault, a cable fault, or what the instrument's own `disturbances` name.
        seconds: how long a stall or an unplugged cable lasts (none: until told otherwise), how late a reply is, how far
            apart the pieces of a split reply are, how long merged replies wait for each other.
        replies: how many replies it strikes.
        size: bytes in each piece of a split reply.
    """

    kind: str
    seconds: float | None = None
    replies: int | None = None
    size: int | None = None


def _late(plan: FaultPlan, fault: Disturbance) -> None:
    if fault.seconds is None:
        raise ValueError("fault 'late' needs seconds: how late the reply is")
    plan.late(fault.seconds, fault.replies or 1)


LINE_FAULTS: dict[str, Callable[[FaultPlan, Disturbance], None]] = {
    "stall": lambda plan, fault: plan.stall(fault.seconds),
    "drop": lambda plan, fault: plan.drop(fault.replies or 1),
    "garbage": lambda plan, fault: plan.garbage(fault.replies or 1),
    "split": lambda plan, fault: plan.split(fault.replies or 1, fault.size or 1, fault.seconds or 0.002),
    "late": _late,
    "merge": lambda plan, fault: plan.merge(fault.replies or 2, fault.seconds or 0.05),
    "clear": lambda plan, _: plan.clear(),
}
CABLE_FAULTS = ("unplug", "replug", "power-cycle")
EVERYWHERE = ("stall", "clear")
"""Line faults that strike the side ports of an instrument as well."""
