"""What happens in a simulation, one line per event, readable."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from qkdctl.abft.effects import Commit, Persist, Received, Send
from qkdctl.abft.messages import Slot

_DIGEST = re.compile(r"\b([0-9a-f]{6})[0-9a-f]{58}\b")
_LONG = 160


def line(now: float, node: str, what: object) -> str:
    """One line; digests are cut to six digits.

    Args:
        now: virtual time in seconds.
        node: where it happens.
        what: an event, an effect, or text.
    """
    return f"{now:9.3f}  {node}  {_cut(_told(what))}"


def _told(what: object) -> str:
    if isinstance(what, Received):
        return f"<- {what.sender}  {_plain(what.message)}"
    if isinstance(what, Send):
        return f"-> {what.to}  {_plain(what.message)}"
    if isinstance(what, Persist):
        return f"stores {', '.join(sorted(what.writes))}"
    if isinstance(what, Commit):
        value = what.entry.value
        authors = ", ".join(name for name, _ in value.reports)
        return f"decides epoch {value.epoch}: {value.digest} from reports of {authors}"
    return what if isinstance(what, str) else _plain(what)


def _plain(thing: Any) -> str:
    if isinstance(thing, Slot):
        return f"{thing.value} in round {thing.round}"
    if not is_dataclass(thing):
        return _cut(str(thing))
    told = {entry.name: getattr(thing, entry.name) for entry in fields(thing)}
    name = told.pop("kind", type(thing).__name__.lower())
    told.pop("context", None)
    return " ".join([name, *(f"{key}={_value(value)}" for key, value in told.items())])


def _value(value: object) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(value)
    if isinstance(value, Mapping):
        return _cut(str(dict(value)))
    return _cut(str(value))


def _cut(text: str) -> str:
    short = _DIGEST.sub(r"\1", text)
    return short if len(short) <= _LONG else f"{short[:_LONG]}..."
