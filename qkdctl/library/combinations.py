"""What combinations of policies consist of; a combination may be part of another one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from qkdctl.library.card import Card
from qkdctl.library.lifecycle import LifecycleError
from qkdctl.policy.canary import Canary

DEEPEST: Final = 4
"""Combinations in one another; each asks one policy more in every epoch."""


def parts_of(card: Card) -> set[str]:
    """Identities of both policies of a combination; of a file, none."""
    return {part for canary in card.canary for part in (canary.base, canary.policy)}


def check_nesting(canary: Canary, cards: Mapping[str, Card]) -> None:
    """Refuse what would ask policies again and again in every epoch.

    Raises:
        LifecycleError: the policy on trial is a combination itself, or its base is one of too many.
    """
    tried = cards.get(canary.policy)
    if tried is not None and tried.canary:
        raise LifecycleError(f"{tried.manifest.name} is a combination; try one of its policies")
    depth, base = 1, cards.get(canary.base)
    while base is not None and base.canary:
        depth, base = depth + 1, cards.get(base.canary[0].base)
    if depth > DEEPEST:
        raise LifecycleError(f"{DEEPEST} combinations are in one another already; activate one policy first")


def parts_first(cards: Iterable[Card]) -> list[Card]:
    """The same cards, each combination after those that it consists of."""
    order: list[Card] = []
    left = list(cards)
    while left:
        waiting = {card.manifest.sha256 for card in left}
        ready = [card for card in left if waiting.isdisjoint(parts_of(card))]
        if not ready:
            break
        order += ready
        left = [card for card in left if card not in ready]
    return [*order, *left]


def files_of(identity: str, cards: Mapping[str, Card]) -> Iterator[Card]:
    """The card of a file, or those of all files in a combination; without a card, none."""
    card = cards.get(identity)
    if card is None:
        return
    if not card.canary:
        yield card
    for part in parts_of(card):
        yield from files_of(part, cards)
