"""What a key manager announces in its Status."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from hil_sim.world.parameters import Parameters, Positive

_Bits = Annotated[int, Field(ge=8, le=2**20, multiple_of=8)]
_Count = Annotated[int, Field(ge=1, le=2**20)]


class KmeLimits(Parameters):
    """Limits of one key manager; the defaults are those of the example in ETSI GS QKD 014, with a key of 256 bits.

    Attributes:
        key_size: of a key when the request names none, in bits.
        min_key_size: in bits.
        max_key_size: in bits.
        max_key_per_request: keys per call.
        max_key_count: keys of the default size that are kept for a pair of nodes; what comes beyond is discarded. As
            many that were issued wait for their slaves; the oldest then give way.
        max_sae_id_count: further slaves per key.
        undelivered_s: how long an issued key waits for its slaves.
    """

    key_size: _Bits = 256
    min_key_size: _Bits = 64
    max_key_size: _Bits = 4096
    max_key_per_request: _Count = 128
    max_key_count: _Count = 100_000
    max_sae_id_count: Annotated[int, Field(ge=0, le=1024)] = 8
    undelivered_s: Positive = 3600.0

    @model_validator(mode="after")
    def _sizes_rise(self) -> Self:
        if not self.min_key_size <= self.key_size <= self.max_key_size:
            raise ValueError("key sizes must satisfy min_key_size <= key_size <= max_key_size")
        return self

    def capacity_bits(self) -> int:
        """Most secret bits that are kept for a pair of nodes."""
        return self.max_key_count * self.key_size
