"""What happens to a replica, and what it wants done: the agreement itself touches neither clock, disk nor network."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from qkdctl.abft.messages import Message
from qkdctl.abft.value import Entry


@dataclass(frozen=True, slots=True)
class Tick:
    """It is time for the next epoch.

    While one is still under way no further one begins, but what was proposed is judged anew: what the application
    lacked for it, such as a policy, may be at hand by now.
    """


@dataclass(frozen=True, slots=True)
class OwnReport:
    """What this node measured, asked for by `Collect`."""

    epoch: int
    content: str


@dataclass(frozen=True, slots=True)
class Received:
    """A message whose sender is beyond doubt."""

    sender: str
    message: Message


@dataclass(frozen=True, slots=True)
class Wake:
    """The time `Replica.wake_at` has come."""


@dataclass(frozen=True, slots=True)
class SitOut:
    """Peers know more of this node than its store does: it may have voted what it does not remember."""


Event: TypeAlias = Tick | OwnReport | Received | Wake | SitOut


@dataclass(frozen=True, slots=True)
class Persist:
    """Must be durable before anything that follows it is done; key -> text, None deletes."""

    writes: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Commit:
    """Append a decision to the ledger, durably, before anything that follows it is done."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Send:
    """Say something to another replica. The same message to the same replica again is a repetition."""

    to: str
    message: Message


@dataclass(frozen=True, slots=True)
class Collect:
    """Measure and hand over an `OwnReport`.

    Attributes:
        late: members whose report of the epoch before was late here.
        contradicting: members that said two different things for one slot, or have two certified reports.
    """

    epoch: int
    late: tuple[str, ...]
    contradicting: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """Send `Decided` of an old epoch from the ledger; with digests, those texts of it as `Content` instead."""

    to: str
    epoch: int
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alarm:
    """Somebody should know."""

    code: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Halt:
    """Stop for good and say why: more than f members lie, or the store is not what it was."""

    code: str
    text: str


Effect: TypeAlias = Persist | Commit | Send | Collect | Recall | Alarm | Halt
