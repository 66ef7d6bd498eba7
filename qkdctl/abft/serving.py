"""Answers for those who lack something, so many per node and time that nobody can make this node busy."""

from collections.abc import Iterable

from qkdctl.abft.chain import FIRST_EPOCH, Chain
from qkdctl.abft.effects import Effect, Recall, Send
from qkdctl.abft.instance import Instance
from qkdctl.abft.messages import Content, Decided, Message, Wanted

_TEXTS_PER_MEMBER = 2


class Serving:
    """Gives what others ask for; what is refused is asked for again.

    Args:
        pause_s: in this time the same node gets the same answer once, and texts for as many digests as two for each
            member, or those of one message more.
    """

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._answered: dict[tuple[str, bool], tuple[object, float]] = {}
        self._spent: dict[str, tuple[float, int]] = {}

    def of_present(self, sender: str, wanted: Wanted, instance: Instance, now: float) -> Iterable[Effect]:
        """What to send to a node that lacks texts of the epoch under way."""
        if not self._grants(sender, wanted, instance.chain, now):
            return []
        texts = (instance.text(found) for found in wanted.digests)
        return [Send(sender, Content(wanted.epoch, text)) for text in texts if text is not None]

    def of_past(self, sender: str, message: Message, chain: Chain, now: float) -> Iterable[Effect]:
        """What to send to a node that is in an epoch before that of the chain."""
        if message.epoch < FIRST_EPOCH or not self._grants(sender, message, chain, now):
            return []
        if isinstance(message, Wanted):
            return [Recall(sender, message.epoch, message.digests)]
        if message.epoch == chain.epoch - 1:
            return [Send(sender, Decided(message.epoch, chain.previous))]
        return [Recall(sender, message.epoch)]

    def _grants(self, sender: str, message: Message, chain: Chain, now: float) -> bool:
        is_wanted = isinstance(message, Wanted)
        subject = message if is_wanted else message.epoch
        known, at = self._answered.get((sender, is_wanted), (None, now))
        if known == subject and now < at + self._pause_s:
            return False
        began, spent = self._spent.get(sender, (now, 0))
        if now >= began + self._pause_s:
            began, spent = now, 0
        if spent >= _TEXTS_PER_MEMBER * len(chain.electorate.members):
            return False
        self._answered[sender, is_wanted] = subject, now
        self._spent[sender] = began, spent + (len(message.digests) if isinstance(message, Wanted) else 1)
        return True
