"""Types of configuration values, each with the words in which an error says what was expected."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from qkdctl.records.base import Name as RecordName

_CREDENTIAL = re.compile(r"[A-Za-z0-9._-]+")
CREDENTIAL_PREFIX = "credential:"


class Section(BaseModel):
    """A table of the configuration: frozen, no unknown keys, no conversions between types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Expected:
    """Annotation: what an error says was expected."""

    text: str


@dataclass(frozen=True, slots=True)
class Derived:
    """Annotation: the default follows from other values, in these words."""

    text: str


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is kept: a file, or a credential that the service manager passes. Never the secret itself.

    Attributes:
        text: absolute path, or "credential:NAME" for a file under $CREDENTIALS_DIRECTORY.
    """

    text: str

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Validate from a string."""
        return core_schema.no_info_after_validator_function(cls._parse, core_schema.str_schema(min_length=1))

    @classmethod
    def _parse(cls, text: str) -> "SecretReference":
        if text.startswith(CREDENTIAL_PREFIX) and not _CREDENTIAL.fullmatch(text.removeprefix(CREDENTIAL_PREFIX)):
            raise PydanticCustomError("credential_name", "the credential has no valid name")
        if "://" in text:
            raise PydanticCustomError("secret_url", "a secret is read from a file, not from a URL")
        return cls(text)

    def __str__(self) -> str:
        return self.text


def _to_path(value: object) -> object:
    """A path from a text; an empty text and a URL are none and stay to be refused."""
    return Path(value) if isinstance(value, str) and value and "://" not in value else value


def is_name(value: object) -> bool:
    """Whether a value may name a node, a device or a link."""
    try:
        _NAME.validate_python(value)
    except ValidationError:
        return False
    return True


_NAME: TypeAdapter[str] = TypeAdapter(RecordName)
Name = Annotated[RecordName, Expected("lower-case letters, digits and '-', at most 63, such as alice-laser")]
DeviceName = Annotated[RecordName, Expected("the name of a device under [devices]")]
FilePath = Annotated[Path, BeforeValidator(_to_path), Expected("a path in quotes")]
Secret = Annotated[SecretReference, Expected('the path of a file, or "credential:NAME"')]
Port = Annotated[int, Field(ge=1, le=65535)]
Ppm = Annotated[int, Field(ge=0, le=1_000_000)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), Expected("64 hexadecimal digits in lower case")]
SignerKey = Annotated[
    str,
    Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}:[0-9a-f]{64}$"),
    Expected("NAME:HEX with the 64 hexadecimal digits of an Ed25519 public key"),
]
FileMode = Annotated[str, Field(pattern=r"^0[0-7]{3}$"), Expected('an octal file mode as text, such as "0660"')]
Names = Annotated[tuple[str, ...], Field(strict=False)]
