"""How much of what one peer says is handled per epoch: far more than honest peers say, too little to slow a node."""

import hashlib
from collections import Counter

import structlog

log = structlog.get_logger(__name__)
MOST_PER_PACKET = 512
"""Messages; 26 were seen among 31 honest nodes."""
MOST_NEW = 4096
"""Messages of new packets per peer and epoch; 197 were seen among 10 honest nodes while one of them caught up. They
grow with the number of reports, so 31 nodes say some 600, and all they may say has room in 64 packets."""
MOST_AGAIN = 1024
"""Messages of repeated packets per peer and epoch; 90 were seen where 4 of 10 packets were lost and each went by three
ways. It is a budget of its own: whoever repeats what a peer said takes nothing from what is new."""
MOST_REPETITIONS = 32
"""Of one packet per epoch; 22 were seen there. A peer that waits for an answer repeats what it said, by every path; in
the next epoch it says it in a new packet."""
_BYTES_PER_MESSAGE = 256


class Budget:
    """What is left for each peer until the next epoch."""

    def __init__(self) -> None:
        self._spent: Counter[tuple[str, bool]] = Counter()
        self._repetitions: Counter[tuple[str, bytes]] = Counter()

    def renew(self) -> None:
        """An epoch begins."""
        self._spent.clear()
        self._repetitions.clear()

    def allows(self, peer: str, payload: bytes, *, again: bool) -> bool:
        """Whether to read a packet at all; it is asked once for each.

        Args:
            peer: who sent it, beyond doubt.
            payload: of the packet.
            again: the packet was accepted before, byte for byte.
        """
        if self._spent[peer, again] >= (MOST_AGAIN if again else MOST_NEW):
            return False
        if again:
            packet = peer, hashlib.sha256(payload).digest()
            self._repetitions[packet] += 1
            return self._repetitions[packet] <= MOST_REPETITIONS
        return True

    def take(self, peer: str, payload: bytes, messages: int, *, again: bool) -> bool:
        """Account for a packet that was read; False when it says too much at once to be handled.

        Args:
            peer: who sent it.
            payload: of the packet.
            messages: in the packet; when there are none, its length counts, because reading it took as long.
            again: the packet was accepted before.
        """
        self._spent[peer, again] += messages or 1 + len(payload) // _BYTES_PER_MESSAGE
        if not again and self._spent[peer, again] >= MOST_NEW:
            log.warning("a peer says too much; it is not heard until the next epoch", peer=peer)
        return messages <= MOST_PER_PACKET
