"""The network between the replicas: it delays, loses, repeats and reorders, but never alters."""

import random
from collections.abc import Sequence

from hil_sim.agreement.weather import HEALED, STRAGGLING, Spell, slot_of
from qkdctl.abft.messages import Message, Vote

_SABOTAGED = {"vote", "proof", "suggest", "proposal", "round-change"}


class Network:
    """Decides what becomes of each message.

    Args:
        spells: in the order of time; afterwards the network is healed.
        source: of all chance.
    """

    def __init__(self, spells: Sequence[Spell], source: random.Random) -> None:
        self._spells = [*spells, HEALED]
        self._source = source
        self._fate: dict[tuple[object, ...], bool] = {}

    def delays_s(self, sender: str, to: str, message: Message, now: float) -> list[float]:
        """When a message arrives, once for each time that it does, in seconds from now."""
        while now >= self._spells[0].until_s:
            del self._spells[0]
            self._fate.clear()
        spell = self._spells[0]
        chance = self._source.random
        if (sender, to) in spell.cut or chance() < spell.loss or self._is_sabotaged(spell, sender, to, message):
            return []
        times = 2 if chance() < spell.duplication else 1
        return [self._delay_s(spell, sender, to) for _ in range(times)]

    def _delay_s(self, spell: Spell, sender: str, to: str) -> float:
        delay_s = self._source.uniform(*spell.delay_s)
        if self._source.random() < spell.straggling:
            delay_s *= STRAGGLING
        return delay_s + spell.clogged.get((sender, to), 0.0)

    def _is_sabotaged(self, spell: Spell, sender: str, to: str, message: Message) -> bool:
        if not spell.sabotage or message.kind not in _SABOTAGED:
            return False
        if spell.sabotage_from > (message.phase if isinstance(message, Vote) else 1):
            return False
        fate = (to, sender if message.kind == "round-change" else "", *slot_of(message))
        if fate not in self._fate:
            self._fate[fate] = self._source.random() < spell.sabotage
        return self._fate[fate]
