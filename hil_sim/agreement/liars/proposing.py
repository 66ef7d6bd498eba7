"""Liars that lead."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hil_sim.agreement.liars.behaviour import Behaviour, Sent
from qkdctl.abft.messages import Message, Proposal, Vote, digest_of


class Equivocator(Behaviour):
    """Proposes different valid values to different nodes and votes for each in front of those that have it."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._pairs: dict[tuple[int, int], tuple[str, str]] = {}

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """One value or the other."""
        if isinstance(message, Proposal):
            at = message.epoch, message.round
            if at not in self._pairs:
                omitted = self.source.randint(0, self.cabal.chain.electorate.faults if self.cabal.chain else 0)
                other = self.cabal.compose(omitted=omitted, avoids=message.value) or message.value
                self._pairs[at] = message.value, other
            return (replace(message, value=self._pairs[at][self.side(to, *at)]),)
        pair = self._pairs.get((message.epoch, message.round)) if isinstance(message, Vote) else None
        if isinstance(message, Vote) and pair is not None:
            return (replace(message, value=digest_of(pair[self.side(to, message.epoch, message.round)])),)
        return (message,)


class Usurper(Behaviour):
    """Proposes in every round, leader or not, whatever is known, also values of the past."""

    def idle(self) -> Iterable[Sent]:
        """A proposal for the present round."""
        chain = self.cabal.chain
        if chain is None:
            return
        known = self.cabal.of(chain.epoch)
        text = self.cabal.compose(omitted=self.source.randint(0, chain.electorate.faults))
        texts = [value for _, value in sorted(known.values.items()) if value]
        turn = known.round + self.source.randint(0, 1)
        for to in self.victims:
            chosen = self.source.choice([*texts, text]) if texts else text
            if chosen is not None:
                yield to, Proposal(chain.epoch, chain.context, turn, chosen)


class Omitter(Behaviour):
    """Leaves out as many reports as it may."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._chosen: dict[tuple[int, int], str] = {}

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """Its own value, of N - f reports."""
        if not isinstance(message, Proposal) or self.cabal.chain is None:
            return (message,)
        del to
        at = message.epoch, message.round
        if at not in self._chosen:
            text = self.cabal.compose(omitted=self.cabal.chain.electorate.faults)
            self._chosen = {at: message.value if text is None else text}
        return (replace(message, value=self._chosen[at]),)


class Fabricator(Behaviour):
    """Proposes what nobody may vote for."""

    def say(self, to: str, message: Message) -> Iterable[Message]:
        """A value with one thing wrong."""
        del to
        return (replace(message, value=self._spoilt(message.value)),) if isinstance(message, Proposal) else (message,)

    def _spoilt(self, text: str) -> str:
        try:
            plain = json.loads(text)
            return self._with_one_thing_wrong(plain, text)
        except (ValueError, KeyError, TypeError, IndexError):
            return text  # another liar spoilt it already

    def _with_one_thing_wrong(self, plain: dict[str, Any], text: str) -> str:
        kind = self.source.randrange(9)
        if kind == 0:
            plain["outcome"]["sum"] += 1
        elif kind == 1:
            plain["reports"] = plain["reports"][: len(plain["reports"]) // 2]
        elif kind == 2:
            plain["reports"][0][1] = self.cabal.no_digest()
        elif kind == 3:
            plain["electorate"]["members"] = [[self.me, 1_000_000]]
            plain["electorate"]["faults"] = 0
        elif kind == 4:
            plain["previous"] = self.cabal.no_digest()
        elif kind == 5:
            plain["reports"].append(plain["reports"][0])
        elif kind == 6:
            return text + " "
        elif kind == 7:
            return self.source.choice(("", "{}", "[" * 5000, '{"epoch":1e999}', "null", text.replace(":", ":1e999", 1)))
        else:
            plain["epoch"] = self.source.choice((0, plain["epoch"] + 1, 10**400))
        return json.dumps(plain, sort_keys=True, separators=(",", ":"))
