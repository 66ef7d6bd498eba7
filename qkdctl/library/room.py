"""Which policy a full library forgets: a pure function."""

from collections.abc import Collection, Mapping
from typing import Final

from qkdctl.library.card import Card
from qkdctl.library.combinations import parts_of
from qkdctl.library.lifecycle import Stage

KEPT: Final = 32
"""Files and combinations that a library holds."""

_FORGOTTEN_FIRST: Final[tuple[Stage, ...]] = ("rejected", "rolled-back", "retired", "vetted")


def least_useful(cards: Mapping[str, Card], spared: Collection[str]) -> str | None:
    """SHA-256 of the oldest one of the least use; None when all are in use.

    Args:
        cards: all of them, by SHA-256.
        spared: never forgotten; what a combination consists of is not, either.
    """
    needed = {part for card in cards.values() for part in parts_of(card)}
    free = [card for sha256, card in cards.items() if sha256 not in spared and sha256 not in needed]
    for stage in _FORGOTTEN_FIRST:
        if found := [card for card in free if card.life.stage == stage]:
            return min(found, key=lambda card: card.life.events[-1].wall_ms).manifest.sha256
    return None
