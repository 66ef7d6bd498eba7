"""Keys that relays pass on: what a node records of each, and what it says of one that failed.

A path of nodes n0 ... nm has one hop key per link, K1 ... Km, one-time. Relay i announces `Ki xor Ki+1` to all nodes of
the path; source and destination then both have K1, which crossed no wire. See docs/guides/key-router.md.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qkdctl.records.base import Count, Name, Record

MOST_NODES = 40
"""Of a relay path, both ends included: the backbone from Beijing to Shanghai has 32."""
MOST_VIEWS = 16
"""Failed keys of which one report speaks."""
MOST_VIEWED_NODES = 160
"""Nodes of all their paths together: such a report has 24 KiB of views at the most."""

KeyId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9/-]{0,126}$")]
"""Of a key that is made over one path: equal at all nodes of the path, and never used for another key."""
NodePath = Annotated[tuple[Name, ...], Field(min_length=2, max_length=MOST_NODES)]
"""Nodes from source to destination, each once."""
KeyHex = Annotated[str, Field(pattern=r"^([0-9a-f]{32}|[0-9a-f]{64})?$")]
"""128 or 256 bits in hexadecimal, empty for none."""
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
RelayOutcome = Literal["equal", "unequal", "lost"]
"""What the two ends announced: equal hashes, unequal hashes, or that a hop key or an announcement is missing."""


class RelayRecord(Record):
    """One key over one path, as a node of the path records it.

    Attributes:
        sequence: rises by one per record of this node.
        key: which key.
        demand: what it was made for.
        path: the nodes.
        position: of this node on the path: 0 is the source, the last one the destination, all others relay.
        announced: what this node announced; empty at the ends and for a key that was lost here.
        outcome: what the ends announced.
    """

    sequence: Count
    key: KeyId
    demand: Name
    path: NodePath
    position: Annotated[int, Field(ge=0, lt=MOST_NODES)]
    announced: KeyHex
    outcome: RelayOutcome

    @model_validator(mode="after")
    def _stands_on_the_path(self) -> Self:
        _check_place(self.path, self.position)
        if self.announced and self.position in (0, len(self.path) - 1):
            raise ValueError("only relays announce")
        return self


class RelayView(Record):
    """What one node of a path says of a key whose hashes were unequal: the key is lost, so nothing in it is secret.

    Attributes:
        key: which key.
        path: the nodes.
        position: of the node that says it.
        before: hop key with the node before; empty for the source.
        after: hop key with the node after; empty for the destination.
        announced: what this node heard each relay announce, in the order of the path, its own announcement included;
            empty where it heard nothing.
    """

    key: KeyId
    path: NodePath
    position: Annotated[int, Field(ge=0, lt=MOST_NODES)]
    before: KeyHex
    after: KeyHex
    announced: Annotated[tuple[KeyHex, ...], Field(max_length=MOST_NODES - 2)]

    @model_validator(mode="after")
    def _opens_what_the_position_has(self) -> Self:
        _check_place(self.path, self.position)
        last = len(self.path) - 1
        if bool(self.before) == (self.position == 0) or bool(self.after) == (self.position == last):
            raise ValueError(f"node {self.position} of 0 to {last} opens the keys of its hops and no others")
        if len(self.announced) != last - 1:
            raise ValueError(f"a path of {last - 1} relays has as many announcements, not {len(self.announced)}")
        if self.relays and not self.own:
            raise ValueError("a relay knows what it announced")
        if len({len(text) for text in (self.before, self.after, *self.announced) if text}) > 1:
            raise ValueError("keys and announcements must be of one length")
        return self

    @property
    def node(self) -> str:
        """The node that the view is of, if it is true."""
        return self.path[self.position]

    @property
    def relays(self) -> bool:
        """Whether the node stands between the ends."""
        return 0 < self.position < len(self.path) - 1

    @property
    def own(self) -> str:
        """What a relay announced, by its own account; empty for an end."""
        return self.announced[self.position - 1] if self.relays else ""

    @property
    def opened_xor(self) -> str:
        """What a relay should have announced, by the keys it opened."""
        return xor_hex(self.before, self.after)


def path_of(key: str) -> tuple[str, int, int] | None:
    """Demand, share and since of a key; None for one that is not named like that."""
    parts = key.split("/")
    if len(parts) != 4 or not all(_NUMBER.fullmatch(part) for part in parts[1:]):
        return None
    return parts[0], int(parts[1]), int(parts[2])


def number_of(key: str) -> int:
    """Number of a key among those of its route."""
    return int(key.rpartition("/")[2])


def xor_hex(one: str, two: str) -> str:
    """Exclusive or of two texts of hexadecimal digits of one length."""
    return format(int(one, 16) ^ int(two, 16), f"0{len(one)}x")


def _check_place(path: tuple[str, ...], position: int) -> None:
    if len(set(path)) < len(path):
        raise ValueError(f"a path leads through every node once, not {', '.join(path)}")
    if position >= len(path):
        raise ValueError(f"position {position} is beyond a path of {len(path)} nodes")
