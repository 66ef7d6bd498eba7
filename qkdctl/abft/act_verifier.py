"""One node as a verifier: it deals the keys, and checks every partial tag alone, because it knows what each must be."""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from qkdctl.abft.act_book import threshold_of
from qkdctl.abft.act_messages import Confide, KeyShare, PartialTag, SharesWanted
from qkdctl.abft.act_signer import statement_of, wanted_numbers
from qkdctl.abft.effects import Alarm, Persist
from qkdctl.records.act import ActBook, ActState, Finding
from qkdctl.records.encoding import canonical_bytes
from qkdctl.secretsharing.shares import RandomBytes
from qkdctl.secretsharing.threshold import VerifierKey

SENT_MOST = 8
"""Times that one share is sent to one signer between two starts: each costs both of them key."""

Effects = list[Persist | Confide | Alarm]
_KEY, _CHECK = "act-key", "act-check"


@dataclass(slots=True)
class _Key:
    """A key, and the committee it was dealt to."""

    committee: int
    secret: bytes
    tape: bytes


@dataclass(slots=True)
class _Check:
    """What was heard of one act.

    Attributes:
        act: digest of the act.
        needed: k.
        expected: signer -> the partial tag it must send.
        heard: signer -> the first that it sent.
    """

    act: str
    needed: int
    expected: dict[str, str]
    heard: dict[str, str] = field(default_factory=dict)

    @property
    def wrong(self) -> tuple[str, ...]:
        return tuple(sorted(node for node in self.heard if not self._is_right(node)))

    @property
    def accepted(self) -> bool:
        return len(self.heard) - len(self.wrong) >= self.needed

    def _is_right(self, node: str) -> bool:
        return hmac.compare_digest(self.heard[node], self.expected[node])


class Verifier:
    """Deals keys ahead of acts and reports which acts k signers stand by.

    A signer has one answer for each act: what counts is the first. A key is destroyed once its act is accepted or
    closed, and with the committee that it was dealt to.

    Args:
        me: the node.
        network: its network.
        stored: what it persisted.
        random: source of keys.
    """

    def __init__(self, me: str, network: str, stored: Mapping[str, str], random: RandomBytes) -> None:
        self._me = me
        self._network = network
        self._random = random
        self._keys: dict[int, _Key] = {}
        self._checks: dict[int, _Check] = {}
        self._sent: dict[tuple[int, str], int] = {}
        for key, text in stored.items():
            kind, _, number = key.partition("/")
            if kind == _KEY:
                plain = json.loads(text)
                secret, tape = bytes.fromhex(plain["secret"]), bytes.fromhex(plain["tape"])
                self._keys[int(number)] = _Key(plain["committee"], secret, tape)
            elif kind == _CHECK:
                self._checks[int(number)] = _Check(**json.loads(text))

    def follow(self, book: ActBook) -> Effects:
        """Destroy keys that are used up, begin to check what was opened, and deal what is lacking."""
        if self._me not in book.members:
            return self._destroy(set(self._keys), set(self._checks))
        open_acts = book.by_number
        stale = {n for n, key in self._keys.items() if key.committee != book.committee or n not in wanted_numbers(book)}
        effects = self._destroy(stale, self._checks.keys() - open_acts.keys())
        for number in sorted(wanted_numbers(book) - self._keys.keys() - self._checks.keys()):
            effects += self._deal(number, book)
        for number in sorted(open_acts):
            effects += self._begin(open_acts[number], book)
        return effects

    def serve(self, signer: str, message: SharesWanted, book: ActBook) -> Effects:
        """Send shares again that got lost."""
        if signer not in book.members:
            return []
        numbers = [number for number in message.numbers if number in self._keys]
        return [share for number in numbers for share in self._shares(number, (signer,), book)]

    def take_tag(self, signer: str, message: PartialTag) -> Effects:
        """Check a partial tag; the first of each signer counts."""
        check = self._checks.get(message.number)
        if check is None or signer not in check.expected or signer in check.heard:
            return []
        check.heard[signer] = message.tag
        writes: dict[str, str | None] = {f"{_CHECK}/{message.number}": _check_text(check)}
        if check.accepted and message.number in self._keys:
            del self._keys[message.number]
            writes[f"{_KEY}/{message.number}"] = None
        effects: Effects = [Persist(writes)]
        if signer in check.wrong:
            said = (
                f"partial tag of act {message.number} is wrong: the store of this node or of {signer} was lost or "
                "replaced since keys were dealt, or one of the two lies"
            )
            effects.append(Alarm("partial-tag-wrong", signer, said))
        return effects

    def findings(self) -> tuple[Finding, ...]:
        """What to report, by number."""
        found = [(number, check.accepted, check.wrong) for number, check in sorted(self._checks.items())]
        return tuple(Finding(number=n, accepted=int(good), wrong=wrong) for n, good, wrong in found if good or wrong)

    def _begin(self, state: ActState, book: ActBook) -> Effects:
        number, act = state.number, state.act.digest()
        if number in self._checks:
            if self._checks[number].act == act:
                return []
            return [Alarm("act-number-reused", self._me, f"another act is checked under number {number}")]
        key = self._key(number, book)
        expected = key.expected(statement_of(state, self._network, self._me))
        tags = {node: tag.hex() for node, tag in zip(book.members, expected, strict=True)}
        self._checks[number] = check = _Check(act, key.threshold.k, tags)
        return [Persist({f"{_CHECK}/{number}": _check_text(check)})]

    def _deal(self, number: int, book: ActBook) -> Effects:
        key = VerifierKey.draw(threshold_of(book), self._random)
        self._keys[number] = _Key(book.committee, key.secret, key.tape)
        text = canonical_bytes({"committee": book.committee, "secret": key.secret.hex(), "tape": key.tape.hex()})
        return [Persist({f"{_KEY}/{number}": text.decode("ascii")}), *self._shares(number, book.members, book)]

    def _shares(self, number: int, signers: Sequence[str], book: ActBook) -> list[Confide]:
        due = [node for node in signers if self._sent.get((number, node), 0) < SENT_MOST]
        if not due:
            return []
        shares = dict(zip(book.members, self._key(number, book).shares(), strict=True))
        for node in due:
            self._sent[number, node] = self._sent.get((number, node), 0) + 1
        return [Confide(node, KeyShare(number, book.committee, shares[node].data.hex())) for node in due]

    def _key(self, number: int, book: ActBook) -> VerifierKey:
        key = self._keys[number]
        return VerifierKey(threshold_of(book), key.secret, key.tape)

    def _destroy(self, keys: set[int], checks: set[int]) -> Effects:
        if not keys and not checks:
            return []
        for number in keys:
            del self._keys[number]
        for number in checks:
            del self._checks[number]
        self._sent = {at: sent for at, sent in self._sent.items() if at[0] in self._keys}
        return [Persist({f"{_KEY}/{n}": None for n in keys} | {f"{_CHECK}/{n}": None for n in checks})]


def _check_text(check: _Check) -> str:
    return canonical_bytes(asdict(check)).decode("ascii")
