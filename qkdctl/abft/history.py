"""What was decided lately and where, to notice who remembers it otherwise: a fork shows in words of the past, too."""

from qkdctl.abft.chain import Chain
from qkdctl.abft.messages import Decided, InContext, Message

_MOST = 64


class History:
    """The epochs that were left last.

    Args:
        chain: the end of the ledger; of the epoch before it only the decision is known.
    """

    def __init__(self, chain: Chain) -> None:
        self._left: dict[int, tuple[str, str]] = {chain.epoch - 1: ("", chain.previous)}

    def leave(self, chain: Chain, decision: str) -> None:
        """An epoch was decided."""
        self._left[chain.epoch] = chain.context, decision
        self._left.pop(chain.epoch - _MOST, None)

    def contradiction(self, message: Message) -> str:
        """In what a message of the past contradicts what is known here, "" when in nothing."""
        context, decision = self._left.get(message.epoch, ("", ""))
        if isinstance(message, Decided) and decision and message.value != decision:
            return f"epoch {message.epoch}: decided {decision[:12]} here, {message.value[:12]} there"
        if isinstance(message, InContext) and context and message.context != context:
            return f"epoch {message.epoch}: another history, or other weights"
        return ""
