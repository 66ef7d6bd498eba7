"""What a channel counts."""

from dataclasses import dataclass


@dataclass(slots=True)
class Figures:
    """Counts for one peer since the start of the process.

    Attributes:
        pad_tags, hmac_tags: packets sealed, by kind of tag.
        retransmissions: packets given out again as they were; they cost no key.
        unsealed: packets not sealed: no key, or no budget left.
        sent_bits: key used up by sealing, in bits: pads, and keys of chapters.
        wasted_bits: key drawn and thrown away, because the peer had restarted and could no longer read it.
        received_bits: key used up by packets that were accepted.
        accepted, accepted_hmac: packets handed on; the second are among the first.
        greetings: packets with a right tag and nothing to hand on.
        duplicates, replayed, forged, malformed, downgraded, over_budget: packets refused, by cause (see `errors`).
        awaited, missing: packets whose key was not there: kept, or given up.
    """

    pad_tags: int = 0
    hmac_tags: int = 0
    retransmissions: int = 0
    unsealed: int = 0
    sent_bits: int = 0
    wasted_bits: int = 0
    received_bits: int = 0
    accepted: int = 0
    accepted_hmac: int = 0
    greetings: int = 0
    duplicates: int = 0
    replayed: int = 0
    forged: int = 0
    malformed: int = 0
    downgraded: int = 0
    over_budget: int = 0
    awaited: int = 0
    missing: int = 0
