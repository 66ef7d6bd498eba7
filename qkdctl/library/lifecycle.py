"""The life of a policy file at one node: a pure state machine.

`staged -> vetted -> shadow -> canary -> active -> retired`, or `rejected`, or `rolled-back`. Vetting and shadow are
this node's own; what is active, on some links or all, and what was rolled back, the network decides.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias, get_args

from pydantic import Field

from qkdctl.records.base import Count, Record

Stage: TypeAlias = Literal["staged", "vetted", "shadow", "canary", "active", "retired", "rejected", "rolled-back"]
Step: TypeAlias = Literal["stage", "pass", "fail", "watch", "leave", "try", "activate", "replace", "roll-back"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
STEPS: Final[tuple[Step, ...]] = get_args(Step)

PASSED: Final[frozenset[Stage]] = frozenset({"vetted", "shadow", "canary", "active", "retired", "rolled-back"})
"""Stages of files that passed vetting, so that they are at hand and an act may name them."""

TRANSITIONS: Final[Mapping[tuple[Stage, Step], Stage]] = {
    ("rejected", "stage"): "staged",
    ("staged", "stage"): "staged",
    ("staged", "pass"): "vetted",
    ("staged", "fail"): "rejected",
    **{(stage, "fail"): "rejected" for stage in PASSED},
    **{(stage, "watch"): "shadow" for stage in PASSED - {"shadow", "canary", "active"}},
    **{(stage, "try"): "canary" for stage in PASSED - {"canary", "active"}},
    ("shadow", "leave"): "vetted",
    ("shadow", "roll-back"): "rolled-back",
    ("canary", "leave"): "vetted",
    ("canary", "roll-back"): "rolled-back",
    **{(stage, "activate"): "active" for stage in PASSED - {"active"}},
    ("active", "replace"): "retired",
    ("active", "roll-back"): "rolled-back",
}
"""Every step that is possible.

`stage` of a staged file means that its vetting did not come to an end; `fail` of a file that had passed, that it is
damaged, gone, or not for this build.
"""

_REMEMBERED: Final = 50


class LifecycleError(Exception):
    """A step that the stage of the file does not allow."""


class Event(Record):
    """One step in the life of a file.

    Attributes:
        wall_ms: when.
        step: what happened.
        stage: reached by it.
        epoch: last decided one; 0 before the first.
        why: for people: who wanted it, the rule that was broken.
    """

    wall_ms: Count
    step: Step
    stage: Stage
    epoch: Count
    why: str


class Life(Record):
    """What a file has been through.

    Attributes:
        events: oldest first, the last 50.
    """

    events: tuple[Event, ...] = Field(min_length=1, max_length=_REMEMBERED)

    @classmethod
    def begun(cls, wall_ms: int, epoch: int, why: str) -> "Life":
        """Of a file that was just staged."""
        return cls(events=(Event(wall_ms=wall_ms, step="stage", stage="staged", epoch=epoch, why=why),))

    @property
    def stage(self) -> Stage:
        """Where the file stands."""
        return self.events[-1].stage

    @property
    def code(self) -> str:
        """Code of the check that the file failed; "" unless it is rejected."""
        return self.events[-1].why.partition(":")[0] if self.stage == "rejected" else ""

    def can(self, step: Step) -> bool:
        """Whether a step is possible."""
        return (self.stage, step) in TRANSITIONS

    def after(self, step: Step, wall_ms: int, epoch: int, why: str) -> "Life":
        """The life with one more step.

        Raises:
            LifecycleError: the stage does not allow it.
        """
        if not self.can(step):
            raise LifecycleError(f"a policy that is {self.stage} cannot {step}")
        event = Event(wall_ms=wall_ms, step=step, stage=TRANSITIONS[self.stage, step], epoch=epoch, why=why)
        return Life(events=(*self.events[1 - _REMEMBERED :], event))
