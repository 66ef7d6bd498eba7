"""A conversation that also speaks unasked."""

from abc import abstractmethod
from collections.abc import Sequence

from hil_sim.endpoints.base import Conversation, Reply


class StreamingConversation(Conversation):
    """A conversation that sends bytes on its own at a steady pace, such as the count stream of a detector."""

    @abstractmethod
    def period_s(self) -> float:
        """Seconds until the next `tick`; asked anew each time, so that a command may change the pace."""

    @abstractmethod
    def tick(self) -> Sequence[Reply]:
        """Return what the instrument says now without having been asked."""
