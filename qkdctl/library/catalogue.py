"""Finding files among the cards of a library: pure functions."""

from collections.abc import Mapping

from qkdctl.library.card import Card
from qkdctl.library.combinations import files_of
from qkdctl.library.manifest import Manifest
from qkdctl.records.saturation import saturated

_LEAST_DIGITS = 6


def meant_by(text: str, cards: Mapping[str, Card]) -> str:
    """SHA-256 of the file that a text means: its digest, 6 digits of it or more, or its name (the highest version).

    Raises:
        KeyError: it means none, or several.
    """
    if text in cards:
        return text
    named = [card.manifest for card in cards.values() if card.manifest.name == text]
    if named:
        return max(named, key=lambda manifest: manifest.version).sha256
    begun = [sha256 for sha256 in cards if len(text) >= _LEAST_DIGITS and sha256.startswith(text)]
    if len(begun) != 1:
        raise KeyError(text)
    return begun[0]


def manifest_in_force(identity: str, cards: Mapping[str, Card]) -> Manifest | None:
    """Of the files that are in force, which are two in a trial, the one of the highest version.

    Args:
        identity: of the policy in force.
        cards: all of them, by SHA-256.
    """
    files = (card.manifest for card in files_of(identity, cards))
    return max(files, key=lambda manifest: manifest.version, default=None)


def next_version(cards: Mapping[str, Card]) -> int:
    """Above that of all files."""
    return saturated(1 + max((card.manifest.version for card in cards.values()), default=0))
