"""The documents of ETSI GS QKD 014 V1.1.1, clause 6, as a client reads them."""

import base64
import binascii
import uuid
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_Count = Annotated[int, Field(ge=0)]


def _decoded(text: object) -> object:
    if not isinstance(text, str):
        raise ValueError("expected base64 text")  # noqa: TRY004 -- pydantic turns a ValueError into its own
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"not base64: {error}") from None


class _Document(BaseModel):
    """What a key manager sends; members beyond the standard are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=False)


class KeyManagerStatus(_Document):
    """What a key manager has for a pair of applications; sizes in bits.

    Attributes:
        source_kme: the key manager asked.
        target_kme: that of the slave.
        master_sae: the caller.
        slave_sae: the other application.
        key_size: of a key when a request names none.
        stored_key_count: keys that can be had now.
        max_key_count: the most that are ever stored.
        max_key_per_request: keys per call.
        max_key_size: the largest key.
        min_key_size: the smallest.
        max_additional_slaves: further slaves per key, 0 for none.
    """

    source_kme: str = Field(alias="source_KME_ID")
    target_kme: str = Field(alias="target_KME_ID")
    master_sae: str = Field(alias="master_SAE_ID")
    slave_sae: str = Field(alias="slave_SAE_ID")
    key_size: _Count
    stored_key_count: _Count
    max_key_count: _Count
    max_key_per_request: _Count
    max_key_size: _Count
    min_key_size: _Count
    max_additional_slaves: _Count = Field(alias="max_SAE_ID_count")


class DeliveredKey(_Document):
    """One key.

    Attributes:
        key_id: names it at both key managers.
        key: its bytes; kept out of `repr`, so that no log shows them.
    """

    key_id: uuid.UUID = Field(alias="key_ID")
    key: Annotated[bytes, BeforeValidator(_decoded)] = Field(repr=False)


class KeyContainer(_Document):
    """Keys, in the order of the request."""

    keys: tuple[DeliveredKey, ...]


class ErrorReply(_Document):
    """Why a request is refused."""

    message: str
