"""Why a packet was not accepted, by cause."""


class Refused(Exception):  # noqa: N818 - most of these are the network's daily business, no errors
    """A packet that is not handed on.

    Attributes:
        peer: who is said to have sent it; not proven, unless the cause says otherwise.
    """

    def __init__(self, peer: str, reason: str) -> None:
        super().__init__(f"packet from {peer}: {reason}")
        self.peer = peer


class Malformed(Refused):
    """Bytes that are no sealed packet, or positions that no honest peer can have come to."""


class Forged(Refused):
    """The tag is wrong: made up, changed on the way, or made with another key."""


class Downgraded(Refused):
    """A packet under a computational tag, where none is accepted."""


class Replayed(Refused):
    """An old packet, or a second text under a position that was accepted before."""


class Duplicate(Refused):
    """Byte for byte what was accepted before; networks and repetitions do that.

    Attributes:
        payload: what was accepted before. The peer may have repeated it because it still waits for an answer.
    """

    def __init__(self, peer: str, reason: str, payload: bytes) -> None:
        super().__init__(peer, reason)
        self.payload = payload


class KeyAwaited(Refused):
    """The key is not here yet. The packet is kept, and `refill` gives it back once it can be read."""


class KeyMissing(Refused):
    """The key is not here, and will not be asked for: it was asked for in vain, or too much is being asked for."""


class Greeting(Refused):
    """The tag is right, but the sender does not know this process yet, or says nothing. `seal({})` has the answer."""


class OverBudget(Refused):
    """More packets than the peer may send between two calls of `renew_budget`."""
