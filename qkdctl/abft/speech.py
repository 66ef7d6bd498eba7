"""When a replica says what: news at once, and everything again from time to time, since any message may be lost."""

from qkdctl.abft.effects import Send
from qkdctl.abft.instance import Instance, Statement
from qkdctl.abft.messages import Decided, Here, Wanted
from qkdctl.abft.timing import Timing

_ASKED_AT_ONCE = 64


class Speech:
    """What was said in the present epoch, and when to say it again.

    Args:
        me: the replica, which does not speak to itself.
        timing: pauses between repetitions.

    Attributes:
        repeat_at: monotonic time of the next repetition.
    """

    def __init__(self, me: str, timing: Timing) -> None:
        self.repeat_at = float("inf")
        self._me = me
        self._timing = timing
        self._pause_s = timing.repeat_s
        self._said: set[Statement] = set()
        self._asked: set[tuple[str, str]] = set()
        self._version: object = None

    def begin(self, now: float) -> None:
        """A new epoch: nothing has been said in it."""
        self._said = set()
        self._asked = set()
        self._version = None
        self._pause_s = self._timing.repeat_s
        self.repeat_at = now + self._pause_s

    def hurry(self, now: float) -> None:
        """Something has moved: what others miss, they miss now."""
        self._pause_s = self._timing.repeat_s
        self.repeat_at = min(self.repeat_at, now + self._pause_s)

    def sends(self, instance: Instance, is_committed: bool, now: float) -> list[Send]:
        """What is to be sent now, in order.

        Args:
            instance: the epoch under way.
            is_committed: its decision is in the ledger, so that others can be told and served.
            now: monotonic time.
        """
        if now >= self.repeat_at:
            self._said, self._asked, self._version = set(), set(), None
            self._pause_s = min(2 * self._pause_s, self._timing.repeat_most_s)
            self.repeat_at = now + self._pause_s
        version = (instance.version, is_committed)
        news: list[Statement] = []
        if version != self._version:
            self._version = version
            statements = self._statements(instance, is_committed)
            news = [statement for statement in statements if statement not in self._said]
            self._said = set(statements)
        return [*self._addressed(news, instance), *self._requests(instance)]

    def _addressed(self, news: list[Statement], instance: Instance) -> list[Send]:
        everybody = instance.chain.electorate.names
        return [
            Send(to, message)
            for target, message in news
            for to in (everybody if target is None else (target,))
            if to != self._me
        ]

    def _statements(self, instance: Instance, is_committed: bool) -> list[Statement]:
        here: Statement = (None, Here(instance.chain.epoch, instance.chain.context))
        statements = instance.statements() or [here]
        if is_committed:
            statements.append((None, Decided(instance.chain.epoch, instance.decided)))
        return statements

    def _requests(self, instance: Instance) -> list[Send]:
        """Ask for what is lacking, each who should have it, once per repetition."""
        wanted = instance.wanted()
        if not wanted:
            return []
        asked: dict[str, list[str]] = {}
        for found, holders in sorted(wanted.items()):
            for holder in sorted(holders - {self._me}):
                if (holder, found) not in self._asked:
                    asked.setdefault(holder, []).append(found)
        self._asked |= {(holder, found) for holder, digests in asked.items() for found in digests}
        epoch = instance.chain.epoch
        return [Send(to, Wanted(epoch, tuple(digests[:_ASKED_AT_ONCE]))) for to, digests in asked.items()]
