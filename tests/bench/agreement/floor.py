"""The least that agreement among liars does: the normal case of PBFT, counted, with nothing around it.

Castro and Liskov, "Practical Byzantine fault tolerance" (OSDI 1999), figure 1: the leader orders what all have sent,
two all-to-all phases count 2f + 1 equal answers. No weights, no tags, no storage, no view changes, no repetition, no
defence against a leader that omits reports: a real system needs all of these, so this is a floor, not a rival.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Request:
    """What the sender measured."""

    epoch: int
    text: str


@dataclass(frozen=True, slots=True)
class PrePrepare:
    """What the leader wants decided."""

    epoch: int
    value: str


@dataclass(frozen=True, slots=True)
class Prepare:
    """The sender has the value."""

    epoch: int
    digest: str


@dataclass(frozen=True, slots=True)
class Commit:
    """A quorum has the value, as the sender knows."""

    epoch: int
    digest: str


FloorMessage: TypeAlias = Request | PrePrepare | Prepare | Commit
KINDS: tuple[type[FloorMessage], ...] = (Request, PrePrepare, Prepare, Commit)


def digest_of(text: str) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class _Epoch:
    digests: dict[str, str] = field(default_factory=dict)
    value: str = ""
    found: str = ""
    prepares: dict[str, set[str]] = field(default_factory=dict)
    commits: dict[str, set[str]] = field(default_factory=dict)
    prepared: bool = False
    committed: bool = False


class Floor:
    """One replica.

    Args:
        me: its name.
        names: of all replicas, sorted.
        faults: f.

    Attributes:
        epoch: the present one, 0 before the first.
        decided: digest of what was decided in it, "" before.
    """

    def __init__(self, me: str, names: Sequence[str], faults: int) -> None:
        self.epoch = 0
        self.decided = ""
        self._me = me
        self._names = tuple(names)
        self._quorum = 2 * faults + 1
        self._epochs: dict[int, _Epoch] = {}

    def begin(self, text: str) -> list[FloorMessage]:
        """The next epoch, with the own report; returns what all others must hear."""
        self.epoch, self.decided = self.epoch + 1, ""
        self._epochs = {epoch: kept for epoch, kept in self._epochs.items() if epoch >= self.epoch}
        own = Request(self.epoch, text)
        return [own, *self.take(self._me, own), *self._go_on(self._of(self.epoch))]

    def take(self, sender: str, message: FloorMessage) -> list[FloorMessage]:
        """Take a message in; returns what all others must hear now."""
        if message.epoch < self.epoch:
            return []
        state = self._of(message.epoch)
        if isinstance(message, Request):
            state.digests.setdefault(sender, digest_of(message.text))
        elif isinstance(message, PrePrepare):
            if sender == self._leader(message.epoch) and not state.value:
                state.value, state.found = message.value, digest_of(message.value)
                state.prepares.setdefault(state.found, set()).add(sender)
        elif isinstance(message, Prepare):
            state.prepares.setdefault(message.digest, set()).add(sender)
        else:
            state.commits.setdefault(message.digest, set()).add(sender)
        return self._go_on(state) if message.epoch == self.epoch else []

    def _go_on(self, state: _Epoch) -> list[FloorMessage]:
        said: list[FloorMessage] = []
        if self._leader(self.epoch) == self._me and not state.value and len(state.digests) == len(self._names):
            state.value = json.dumps([self.epoch, sorted(state.digests.items())], separators=(",", ":"))
            state.found = digest_of(state.value)
            said.append(PrePrepare(self.epoch, state.value))
        if not state.prepared and state.value and self._is_right(state):
            state.prepared = True
            state.prepares.setdefault(state.found, set()).add(self._me)
            said.append(Prepare(self.epoch, state.found))
        if state.prepared and not state.committed and len(state.prepares[state.found]) >= self._quorum:
            state.committed = True
            state.commits.setdefault(state.found, set()).add(self._me)
            said.append(Commit(self.epoch, state.found))
        if state.committed and not self.decided and len(state.commits[state.found]) >= self._quorum:
            self.decided = state.found
        return said

    def _is_right(self, state: _Epoch) -> bool:
        """The reports in the value are those that arrived here."""
        if len(state.digests) < len(self._names):
            return False
        epoch, listed = json.loads(state.value)
        return bool(epoch == self.epoch and {author: found for author, found in listed} == state.digests)  # noqa: C416

    def _of(self, epoch: int) -> _Epoch:
        return self._epochs.setdefault(epoch, _Epoch())

    def _leader(self, epoch: int) -> str:
        return self._names[epoch % len(self._names)]
