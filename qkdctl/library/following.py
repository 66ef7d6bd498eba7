"""How the cards of a node follow what the network has decided: a pure function."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from qkdctl.library.card import Card
from qkdctl.library.lifecycle import Step


@dataclass(frozen=True, slots=True)
class Situation:
    """What the network has decided about policies.

    Attributes:
        epoch: last decided one; 0 before the first.
        policy: identity of the one in force.
        previous: what the network falls back to.
        rolled_back: what it fell back from.
        proposed: what open acts would have the network activate.
    """

    epoch: int
    policy: str
    previous: str = ""
    rolled_back: Collection[str] = ()
    proposed: Collection[str] = ()

    @property
    def needed(self) -> frozenset[str]:
        """Identities that a node has to keep at hand."""
        return frozenset({self.policy, self.previous, *self.proposed})


def due(card: Card, cards: Mapping[str, Card], situation: Situation) -> Step | None:
    """The step that a card has to take; None when it stands where it should.

    Args:
        card: of a file or a combination.
        cards: all of them, by SHA-256.
        situation: that is to be followed.
    """
    sha256 = card.manifest.sha256
    if sha256 == situation.policy:
        return "activate" if card.life.can("activate") else None
    if sha256 == tried_by(situation.policy, cards):
        return "try" if card.life.can("try") else None
    if card.life.stage == "active":
        return "roll-back" if sha256 in situation.rolled_back else "replace"
    if card.life.stage == "canary":
        return "roll-back" if _last_trial(sha256, cards) in situation.rolled_back else "leave"
    return None


def _last_trial(sha256: str, cards: Mapping[str, Card]) -> str:
    """The combination in which a policy was tried last; "" when it is none of these cards."""
    trials = {
        event.epoch: identity
        for identity in cards
        if tried_by(identity, cards) == sha256
        for event in cards[identity].life.events
        if event.step == "activate"
    }
    return trials[max(trials)] if trials else ""


def tried_by(identity: str, cards: Mapping[str, Card]) -> str:
    """The policy that a combination tries on some links; "" when it is none of these cards."""
    card = cards.get(identity)
    return card.canary[0].policy if card is not None and card.canary else ""
