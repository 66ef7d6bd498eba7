"""What a device says of itself, and what came of going safe."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from qkdctl.devices.attributes import Value


@dataclass(frozen=True, slots=True)
class Identity:
    """What the instrument says it is.

    Attributes:
        text: the raw identity reply.
        serial_number: as found in it, "" when it has none.
    """

    text: str
    serial_number: str = ""


@dataclass(frozen=True, slots=True)
class SafeReport:
    """Outcome of going safe.

    Attributes:
        read_back: attribute -> value read after the action.
        failures: attribute -> why it was not reached; empty when all was shown.
    """

    read_back: Mapping[str, Value] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
