"""What combinations of policies consist of; a combination may be part of another one."""

from collections.abc import Iterable, Iterator, Mapping

from qkdctl.library.card import Card


def parts_of(card: Card) -> set[str]:
    """Identities of both policies of a combination; of a file, none."""
    return {part for canary in card.canary for part in (canary.base, canary.policy)}


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
