"""The JSON documents of ETSI GS QKD 014 V1.1.1, clause 6, as a key manager reads and writes them."""
# ruff: noqa: N815 -- the standard spells its members so

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Extensions = Annotated[list[dict[str, Any]], Field(description="name and value pairs")]


class Document(BaseModel):
    """A document; what is beyond the standard is ignored, and a number in quotes is no number."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class StatusDocument(Document):
    """What a key manager has for a master and a slave; sizes in bits."""

    source_KME_ID: str
    target_KME_ID: str
    master_SAE_ID: str
    slave_SAE_ID: str
    key_size: Annotated[int, Field(description="default size")]
    stored_key_count: Annotated[int, Field(description="keys of the default size that can be issued now")]
    max_key_count: int
    max_key_per_request: int
    max_key_size: int
    min_key_size: int
    max_SAE_ID_count: Annotated[int, Field(description="additional slaves per key, 0 for none")]


class KeyRequestDocument(Document):
    """What a master asks for; everything may be left out."""

    number: Annotated[int, Field(description="keys")] = 1
    size: Annotated[int | None, Field(description="bits, a multiple of 8; by default the key_size of Status")] = None
    additional_slave_SAE_IDs: list[str] | None = None
    extension_mandatory: Extensions | None = None
    extension_optional: Extensions | None = None


class KeyIdDocument(Document):
    """One key by its ID."""

    key_ID: Annotated[str, Field(description="UUID", json_schema_extra={"format": "uuid"})]
    key_ID_extension: dict[str, Any] | None = None


class KeyIdsDocument(Document):
    """Keys by their IDs."""

    key_IDs: Annotated[list[KeyIdDocument], Field(min_length=1)]
    key_IDs_extension: dict[str, Any] | None = None


class KeyDocument(Document):
    """One key."""

    key_ID: Annotated[str, Field(description="UUID", json_schema_extra={"format": "uuid"})]
    key: Annotated[str, Field(description="base64", json_schema_extra={"format": "byte"})]


class KeyContainerDocument(Document):
    """Keys, in the order of the request."""

    keys: list[KeyDocument]


class ErrorDocument(Document):
    """Why a request is refused."""

    message: str
