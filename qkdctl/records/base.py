"""What every agreed record has in common."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from qkdctl.records.encoding import canonical_bytes, digest

Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Ppm = Annotated[int, Field(ge=0, le=1_000_000)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
NameOrNone = Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,62})?$")]
"""A name, or the empty text where there is none."""
PolicyId = Annotated[str, Field(pattern=r"^([0-9a-f]{64}|[a-z0-9][a-z0-9-]{0,62})$")]
"""SHA-256 of a policy file, or the name of a baseline."""


class Record(BaseModel):
    """A frozen value of integers and strings that nodes exchange, agree on and hash."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def to_plain(self) -> dict[str, Any]:
        """Nested dictionaries and lists, ready for JSON."""
        return self.model_dump(mode="json")

    def canonical(self) -> bytes:
        """Canonical bytes; equal on every node for equal records."""
        return canonical_bytes(self.to_plain())

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, hexadecimal."""
        return digest(self.to_plain())

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Parse and validate JSON.

        Raises:
            pydantic.ValidationError: for anything that is not exactly this record.
        """
        return cls.model_validate_json(data)
