"""What a node says about itself: birth, death, availability, and what is asked of it: rebirth."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from qkdctl.records.base import Count

BD_SEQ_MODULO = 256
Stream = Annotated[str, Field(min_length=1, max_length=64)]


class Announcement(BaseModel):
    """A JSON payload; members that a later version adds are passed over."""

    model_config = ConfigDict(frozen=True, strict=True)

    def encode(self) -> bytes:
        """Payload; members without a value are left out."""
        return encode(self.model_dump(exclude_none=True))

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """From a payload.

        Raises:
            ValueError: it is no such announcement.
        """
        return cls.model_validate_json(payload)


class SessionId(Announcement):
    """One session of a node with its broker; as it stands, the payload of a death.

    Attributes:
        stream: identity of the numbering of durable messages.
        bd_seq: number of the session, 0 to 255 and round again: it tells the will of an old session from a new one's.
    """

    stream: Stream
    bd_seq: Annotated[int, Field(ge=0, lt=BD_SEQ_MODULO)]


class Replayed(Announcement):
    """Part of a birth that answers a request: what still exists between two numbers was sent before.

    Attributes:
        after, through: messages above the one and up to the other.
    """

    after: Count
    through: Count


class Birth(Announcement):
    """The node is there.

    Attributes:
        sequence: number of the birth itself, from the numbering of durable messages: an older birth has a lower one.
        acknowledged: durable messages up to this number were sent before.
        wall_ms: when, milliseconds since 1970-01-01 UTC.
        facts: what the node wants to say about itself.
    """

    session: SessionId
    sequence: Count
    acknowledged: Count
    wall_ms: Count
    facts: dict[str, Any]
    replayed: Replayed | None = None


class Availability(Announcement):
    """Whether the node is there, for those who come later than its birth.

    Attributes:
        acknowledged: durable messages up to this number were sent before.
        heartbeat_ms: period in which this is renewed.
    """

    session: SessionId
    online: bool
    acknowledged: Count
    wall_ms: Count
    heartbeat_ms: Count


class RebirthRequest(Announcement):
    """Somebody wants a birth, and the durable messages after a number.

    Attributes:
        stream: the numbering that `after` belongs to; None when the asker knows none.
        after: the asker has everything up to this number; None asks for the birth only.
    """

    stream: Stream | None = None
    after: Count | None = None

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """From a payload; an empty one asks for the birth only.

        Raises:
            ValueError: it is no such request.
        """
        return super().decode(payload) if payload else cls()


def encode(plain: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and without white space.

    Raises:
        ValueError, TypeError: it has no JSON form (NaN and infinities have none).
    """
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
