"""What a replica must know again after a crash: stored before it is said, or it could say something else next time."""

import json
from collections.abc import Mapping
from typing import Any

from qkdctl.abft.effects import Persist
from qkdctl.abft.instance import Instance

_EPOCH = "epoch"
_REJOINS = "rejoins"
_TEXT = "text/"


class Memory:
    """Keeps the store at what the instance under way needs.

    Args:
        stored: what is in the store, key -> text.
    """

    def __init__(self, stored: Mapping[str, str]) -> None:
        self._stored = dict(stored)
        self._version: object = None

    @property
    def rejoins(self) -> bool:
        """Something may have been said that is not in the store."""
        return _REJOINS in self._stored

    def note_rejoining(self, *, rejoins: bool) -> Persist | None:
        """What must be written to remember it through further crashes, or that it is over."""
        if rejoins == self.rejoins:
            return None
        if rejoins:
            self._stored[_REJOINS] = ""
        else:
            del self._stored[_REJOINS]
        return Persist({_REJOINS: self._stored.get(_REJOINS)})

    def read(self) -> tuple[dict[str, Any] | None, dict[str, str]]:
        """The state of the epoch that was under way, None without one, and its texts by digest."""
        texts = {key.removeprefix(_TEXT): text for key, text in self._stored.items() if key.startswith(_TEXT)}
        epoch = self._stored.get(_EPOCH)
        return (None if epoch is None else json.loads(epoch)), texts

    def update(self, instance: Instance) -> Persist | None:
        """What must be written now; None when nothing has changed."""
        if instance.version == self._version:
            return None
        self._version = instance.version
        wanted = {_TEXT + digest: text for digest, text in instance.texts_to_keep().items()}
        wanted |= {key: text for key, text in self._stored.items() if key == _REJOINS}
        wanted[_EPOCH] = json.dumps(instance.to_plain(), sort_keys=True, separators=(",", ":"))
        writes: dict[str, str | None] = dict.fromkeys(self._stored.keys() - wanted.keys())
        writes |= {key: text for key, text in wanted.items() if self._stored.get(key) != text}
        self._stored = wanted
        return Persist(writes) if writes else None
