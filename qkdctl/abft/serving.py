"""Answers for those who are behind, at most one per node and repetition, so that nobody can make this node busy."""

from qkdctl.abft.chain import FIRST_EPOCH, Chain
from qkdctl.abft.effects import Effect, Recall, Send
from qkdctl.abft.messages import Decided, Message, Wanted


class Serving:
    """Answers to messages of past epochs.

    Args:
        pause_s: the same node gets the same answer again after this time.
    """

    def __init__(self, pause_s: float) -> None:
        self._pause_s = pause_s
        self._answered: dict[tuple[str, bool], tuple[object, float]] = {}

    def answer(self, sender: str, message: Message, chain: Chain, now: float) -> list[Effect]:
        """What to send to a node that is in an epoch before that of the chain."""
        if message.epoch < FIRST_EPOCH:
            return []
        is_wanted = isinstance(message, Wanted)
        subject = message if is_wanted else message.epoch
        known, at = self._answered.get((sender, is_wanted), (None, now))
        if known == subject and now < at + self._pause_s:
            return []
        self._answered[sender, is_wanted] = subject, now
        if isinstance(message, Wanted):
            return [Recall(sender, message.epoch, message.digests)]
        if message.epoch == chain.epoch - 1:
            return [Send(sender, Decided(message.epoch, chain.previous))]
        return [Recall(sender, message.epoch)]
