"""One line of an instrument's command table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hil_sim.scpi.values import Kind


@dataclass(frozen=True, slots=True)
class Command:
    """A header and what it does.

    Handlers get the numeric suffixes of the header in order, then the parameter. With both `get` and `set` the header
    is a setting, with `get` alone a query, with `set` alone a command.

    Attributes:
        header: pattern, as in `hil_sim.scpi.mnemonic`, or a common command such as `*RST`.
        kind: of the parameter and of the reply; none for a command without parameter and a reply made of text.
        get: answers the query.
        set: obeys the command.
        ask: kind of the parameter that the query needs (`CONN:PORT? 3`); none for a query without one.
    """

    header: str
    kind: Kind | None = None
    get: Callable[..., Any] | None = None
    set: Callable[..., None] | None = None
    ask: Kind | None = None

    def __post_init__(self) -> None:
        assert self.get is not None or self.set is not None, f"command '{self.header}' does nothing"
