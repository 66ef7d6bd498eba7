"""What is said is on the disk before: a crash right after it must change nothing."""

import json
from collections.abc import Iterator
from typing import Any

from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.host import Host
from hil_sim.agreement.scenario import Scenario
from hil_sim.agreement.violation import ViolationError
from qkdctl.abft.effects import Persist
from qkdctl.abft.messages import (
    Decided,
    Echo,
    InContext,
    Message,
    Proof,
    Proposal,
    Report,
    RoundChange,
    Slot,
    Suggest,
    Vote,
    digest_of,
)


class Durability(Checker):
    """Reads the disk as a restarted replica would, for each message that binds its sender."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(scenario)
        self._read: dict[str, dict[str, Any]] = {}
        self._last: Message | None = None

    def stored(self, host: Host, effect: Persist) -> None:
        """Something new will be on the disk."""
        del effect
        self._read.pop(host.name, None)

    def crashed(self, host: Host) -> None:
        """It may come up with another disk."""
        self._read.pop(host.name, None)

    def said(self, host: Host, to: str, message: Message) -> None:
        """It follows from what is stored."""
        del to
        if message is self._last:
            return
        self._last = message
        if isinstance(message, Decided):
            entry = host.disk.entry(message.epoch)
            if entry is None or entry.value.digest != message.value:
                raise ViolationError("a decision is in the ledger before others hear of it", host.name, str(message))
        elif isinstance(message, InContext) and not self._is_stored(host, message):
            raise ViolationError("nothing is said before it is stored", host.name, str(message))

    def _is_stored(self, host: Host, message: InContext) -> bool:
        if host.name not in self._read:
            self._read[host.name] = json.loads(host.disk.stored.get("epoch", "{}"))
        plain = self._read[host.name]
        if not plain or plain["chain"]["epoch"] != message.epoch:
            return False
        if isinstance(message, Vote | Proposal | Proof | Suggest) and plain["round"] != message.round:
            return False
        return all(found == expected for found, expected in _compared(plain, message))


def _compared(plain: dict[str, Any], message: InContext) -> Iterator[tuple[object, object]]:
    """What is stored, and what must be."""
    if isinstance(message, Report):
        yield plain["own"], digest_of(message.content)
    elif isinstance(message, Echo):
        yield plain["echoes"], [[author, list(found)] for author, found in message.seen]
    elif isinstance(message, RoundChange):
        yield plain["wish"], message.round
    elif isinstance(message, Vote):
        yield plain["ballots"]["highest"].get(str(message.phase)), [message.round, message.value]
    elif isinstance(message, Proposal):
        yield plain["proposal"], digest_of(message.value)
    elif isinstance(message, Proof | Suggest):
        kept = plain["ballots"]["for_voters" if isinstance(message, Proof) else "for_leader"]
        yield kept, [_plain(slot) for slot in (message.highest, message.other, message.last)]


def _plain(slot: Slot | None) -> list[object]:
    return [] if slot is None else [slot.round, slot.value]
