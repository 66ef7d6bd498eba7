"""What may go wrong between MQTT clients and their broker, and when it does."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from paho.mqtt.client import topic_matches_sub

Direction: TypeAlias = Literal["up", "down"]
"""From the client to the broker, or back."""


class MqttFaultKind(StrEnum):
    """Kinds of faults; `MqttFault` says what they do."""

    DROP = "drop"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    PARTITION = "partition"
    STALL = "stall"
    CUT = "cut"


_BY_SHARE = (MqttFaultKind.DROP, MqttFaultKind.DUPLICATE, MqttFaultKind.REORDER)
_BY_DELAY = (MqttFaultKind.DELAY, MqttFaultKind.REORDER)
_BY_CONNECTION = (MqttFaultKind.STALL, MqttFaultKind.CUT)


@dataclass(frozen=True, slots=True)
class MqttFault:
    """One thing that goes wrong.

    Attributes:
        kind: `drop` loses messages; `delay` holds back everything, in order; `duplicate` passes messages twice;
            `reorder` lets others overtake them; `partition` loses all messages, whatever their quality of service;
            `stall` lets nothing pass and closes nothing; `cut` breaks connections, and new ones too while it lasts.
        share: of the messages that `drop`, `duplicate` and `reorder` strike, 0 to 1.
        delay_s, jitter_s: `delay` waits between `delay_s` and their sum; `reorder` up to their sum.
        every_qos: `drop` also strikes messages that are acknowledged; their sender is told that all is well.
        clients: patterns of client ids with `*`; none for all.
        topics: filters of topics with `+` and `#`; none for all. `stall` and `cut` know no topics.
        directions: which way messages go; one between two clients goes up and then down.
        seconds: how long; None until it is cleared, and for `cut` only this moment.

    Raises:
        ValueError: a value out of its range, or one that the kind has no use for.
    """

    kind: MqttFaultKind
    share: float = 1.0
    delay_s: float = 0.0
    jitter_s: float = 0.0
    every_qos: bool = False
    clients: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    directions: tuple[Direction, ...] = ("up", "down")
    seconds: float | None = None

    def __post_init__(self) -> None:
        problem = self._range_problem() or self._use_problem()
        if problem:
            raise ValueError(f"fault '{self.kind}': {problem}")

    def _range_problem(self) -> str:
        if not 0.0 <= self.share <= 1.0:
            return f"a share lies between 0 and 1, got {self.share}"
        if self.delay_s < 0.0 or self.jitter_s < 0.0:
            return f"delays are not negative, got {self.delay_s} s and {self.jitter_s} s"
        if self.seconds is not None and self.seconds <= 0.0:
            return f"seconds must be positive, got {self.seconds}"
        return "" if self.directions else "it needs a direction"

    def _use_problem(self) -> str:
        if self.share != 1.0 and self.kind not in _BY_SHARE:
            return "it strikes everything; a share is for drop, duplicate and reorder"
        if (self.delay_s + self.jitter_s > 0.0) != (self.kind in _BY_DELAY):
            return "delay and reorder need a delay or jitter, others know none"
        if self.every_qos and self.kind is not MqttFaultKind.DROP:
            return "every quality of service is a choice of drop only"
        if self.topics and self.kind in _BY_CONNECTION:
            return "it strikes connections, not topics"
        return ""

    def strikes_client(self, client: str) -> bool:
        """Whether a client is meant."""
        return not self.clients or any(fnmatchcase(client, pattern) for pattern in self.clients)

    def strikes(self, client: str, direction: Direction, topic: str | None) -> bool:
        """Whether a packet is meant; `topic` is None for one that is no message."""
        if direction not in self.directions or not self.strikes_client(client):
            return False
        return not self.topics or (
            topic is not None and any(topic_matches_sub(wanted, topic) for wanted in self.topics)
        )


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one packet.

    Attributes:
        copies: 0 when it is lost.
        delay_s: how long it waits.
        overtaken: whether others may pass it while it waits.
    """

    copies: int = 1
    delay_s: float = 0.0
    overtaken: bool = False


class Dice:
    """Chance of one direction of one connection.

    Every message takes the same number of draws whatever faults there are, and other packets draw from a stream of
    their own: the n-th message of a connection has the same luck in every run with the same seed.
    """

    def __init__(self, seed: int, client: str, direction: Direction, connection: int) -> None:
        name = f"{seed} {direction} {connection} {client}"
        self._messages = random.Random(name)
        self._others = random.Random(f"other {name}")

    def message(self, faults: Iterable[MqttFault], client: str, direction: Direction, topic: str, qos: int) -> Fate:
        """What becomes of a message. Those above quality of service 0 are promised to come once and in order."""
        luck = [self._messages.random() for _ in range(5)]
        struck = [fault for fault in faults if fault.strikes(client, direction, topic)]
        if any(fault.kind is MqttFaultKind.PARTITION for fault in struck):
            return Fate(copies=0)
        if _happens([f for f in struck if f.kind is MqttFaultKind.DROP and (qos == 0 or f.every_qos)], luck[0]):
            return Fate(copies=0)
        delay_s = _delay_s(struck, luck[1])
        if qos:
            return Fate(delay_s=delay_s)
        copies = 1 + _happens([fault for fault in struck if fault.kind is MqttFaultKind.DUPLICATE], luck[2])
        reordering = [fault for fault in struck if fault.kind is MqttFaultKind.REORDER]
        if not _happens(reordering, luck[3]):
            return Fate(copies, delay_s)
        longest_s = max(fault.delay_s + fault.jitter_s for fault in reordering)
        return Fate(copies, delay_s + longest_s * luck[4], overtaken=True)

    def other(self, faults: Iterable[MqttFault], client: str, direction: Direction) -> Fate:
        """What becomes of a packet that is no message: it may be late."""
        luck = self._others.random()
        return Fate(delay_s=_delay_s([fault for fault in faults if fault.strikes(client, direction, None)], luck))


def _happens(faults: Iterable[MqttFault], luck: float) -> bool:
    """Whether at least one of independent faults strikes."""
    spared = 1.0
    for fault in faults:
        spared *= 1.0 - fault.share
    return luck < 1.0 - spared


def _delay_s(faults: Iterable[MqttFault], luck: float) -> float:
    return sum(fault.delay_s + fault.jitter_s * luck for fault in faults if fault.kind is MqttFaultKind.DELAY)
