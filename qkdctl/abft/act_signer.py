"""One node as a signer: its shares of other nodes' keys, and at most one answer under each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from qkdctl.abft.act_messages import NUMBERS_MAX, KeyShare, PartialTag, SharesWanted, Tell
from qkdctl.abft.effects import Alarm, Persist
from qkdctl.records.act import ActBook, ActState
from qkdctl.records.encoding import canonical_bytes
from qkdctl.secretsharing.statements import Statement
from qkdctl.secretsharing.threshold import partial_tag

PURPOSE = "qkdctl-act"
STOCK = 4
"""Keys that are dealt ahead of the acts they are for."""

Effects = list[Persist | Tell | Alarm]
_FLOOR, _SHARE, _ANSWER = "act-floor", "act-share", "act-answer"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was answered under one key: digest of the act, and the partial tag."""

    act: str
    tag: str


class Signer:
    """Answers open acts that its operator approves.

    An answer is stored in the same write that destroys the share it was made with, before it is sent. So whatever
    happens in between, a second act with the same number finds no key, and a repetition is byte-identical. Below the
    floor, under which every act is closed, no share is taken any more.

    Args:
        me: the node.
        network: its network.
        stored: what it persisted.
    """

    def __init__(self, me: str, network: str, stored: Mapping[str, str]) -> None:
        self._me = me
        self._network = network
        self._floor = int(stored.get(_FLOOR, "0"))
        self._shares: dict[tuple[str, int], KeyShare] = {}
        self._answers: dict[tuple[str, int], _Answer] = {}
        self._missing: frozenset[tuple[str, int]] = frozenset()
        for key, text in stored.items():
            kind, *rest = key.split("/")
            if kind == _SHARE:
                plain = json.loads(text)
                self._shares[rest[0], int(rest[1])] = KeyShare(int(rest[1]), plain["committee"], plain["share"])
            elif kind == _ANSWER:
                self._answers[rest[0], int(rest[1])] = _Answer(**json.loads(text))

    def follow(self, book: ActBook) -> Effects:
        """Destroy shares that no act will ask for, forget answers that nobody needs, ask for what is missing."""
        open_numbers = {state.number for state in book.open}
        floor = max(self._floor, min(open_numbers, default=book.next_number))
        wanted = wanted_numbers(book)
        shares = [at for at, share in self._shares.items() if at[1] not in wanted or share.committee != book.committee]
        answers = [at for at in self._answers if at[1] < floor]
        writes: dict[str, str | None] = {} if floor == self._floor else {_FLOOR: str(floor)}
        writes |= {_key(_SHARE, at): None for at in shares} | {_key(_ANSWER, at): None for at in answers}
        self._floor = floor
        for at in shares:
            del self._shares[at]
        for at in answers:
            del self._answers[at]
        return [*([Persist(writes)] if writes else []), *self._requests(book)]

    def take_share(self, verifier: str, message: KeyShare, book: ActBook) -> Effects:
        """Keep a share, in place of one that was not used yet. Its dealer may send what it likes: only it will mind."""
        at = verifier, message.number
        useful = message.committee == book.committee and message.number in wanted_numbers(book)
        if not useful or verifier not in book.members or message.number < self._floor or at in self._answers:
            return []
        if self._shares.get(at) == message:
            return []
        self._shares[at] = message
        text = canonical_bytes({"committee": message.committee, "share": message.share}).decode("ascii")
        return [Persist({_key(_SHARE, at): text})]

    def answer(self, state: ActState, book: ActBook) -> Effects:
        """Partial tags for all verifiers that have not accepted an act yet and whose keys are there."""
        answers = (self._answer(state, verifier) for verifier in book.members if verifier not in state.accepted)
        return [effect for effects in answers for effect in effects]

    def _answer(self, state: ActState, verifier: str) -> Effects:
        at, act = (verifier, state.number), state.act.digest()
        effects: Effects = []
        if at not in self._answers:
            if at not in self._shares:
                return []
            share = bytes.fromhex(self._shares.pop(at).share)
            tag = partial_tag(share, statement_of(state, self._network, verifier)).hex()
            self._answers[at] = _Answer(act, tag)
            text = canonical_bytes({"act": act, "tag": tag}).decode("ascii")
            effects.append(Persist({_key(_SHARE, at): None, _key(_ANSWER, at): text}))
        answer = self._answers[at]
        if answer.act != act:
            return [Alarm("act-number-reused", verifier, f"another act was answered under number {state.number}")]
        return [*effects, Tell(verifier, PartialTag(state.number, answer.tag))]

    def _requests(self, book: ActBook) -> Effects:
        """Ask for what was missing a decision ago already; the rest is on its way."""
        if self._me not in book.members:
            return []
        needed = {(verifier, number) for verifier in book.members for number in wanted_numbers(book)}
        missing = frozenset(needed - self._shares.keys() - self._answers.keys())
        overdue = sorted(missing & self._missing)
        self._missing = missing
        numbers = {verifier: tuple(n for node, n in overdue if node == verifier) for verifier, _ in overdue}
        return [Tell(verifier, SharesWanted(wanted[:NUMBERS_MAX])) for verifier, wanted in numbers.items()]


def statement_of(state: ActState, network: str, verifier: str) -> Statement:
    """What signers stand by towards one verifier when they stand by an act."""
    return Statement(PURPOSE, network, state.number, verifier, state.act.canonical().decode("ascii"))


def wanted_numbers(book: ActBook) -> frozenset[int]:
    """Acts for which keys are needed: the open ones that verifiers may still check, and the next few."""
    ahead = range(book.next_number, book.next_number + STOCK)
    return frozenset((*(state.number for state in book.open), *ahead))


def _key(kind: str, at: tuple[str, int]) -> str:
    return f"{kind}/{at[0]}/{at[1]}"
