"""Where the key of a pool comes from."""

from hil_sim.kme.pool import KeyFeed
from hil_sim.world.session import KeySession
from qkdctl.clock import Clock

_PAGE = 1000


def session_feed(session: KeySession) -> KeyFeed:
    """What a simulated link credits for its blocks.

    The session keeps a limited number of records; key in those that were dropped before anybody looked is lost.
    """
    total_bits = sequence = 0

    def credited_bits() -> int:
        nonlocal total_bits, sequence
        while page := session.records("alice", sequence, _PAGE):
            total_bits += sum(record.secret_key_bits for record in page)
            sequence = page[-1].sequence
        return total_bits

    return credited_bits


def steady_feed(clock: Clock, bits_per_s: float, *, start_bits: int = 0) -> KeyFeed:
    """A link that makes key at a constant rate, with some in store at the start."""
    started_s = clock.monotonic()
    return lambda: start_bits + int((clock.monotonic() - started_s) * bits_per_s)
