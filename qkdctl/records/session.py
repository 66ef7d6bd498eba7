"""What the two ends of a link measured in one session record."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from qkdctl.records.base import Count, Name, Record

End = Literal["alice", "bob"]
PerIntensity = Annotated[tuple[Count, ...], Field(min_length=1, max_length=9)]


class BasisCounts(Record):
    """Counts of one basis after sifting, one entry per intensity (signal first, then decoys, vacuum last).

    Of MDI-QKD they are the nine pairs of three intensities, in the same order.

    Attributes:
        sent: pulses that both ends attribute to this basis.
        detected: clicks among them.
        errors: clicks with the wrong bit.
    """

    sent: PerIntensity
    detected: PerIntensity
    errors: PerIntensity

    @model_validator(mode="after")
    def _counts_are_nested(self) -> Self:
        if not len(self.sent) == len(self.detected) == len(self.errors):
            raise ValueError("sent, detected and errors must have one entry per intensity")
        for sent, detected, errors in zip(self.sent, self.detected, self.errors, strict=True):
            if not errors <= detected <= sent:
                raise ValueError(f"counts must satisfy errors <= detected <= sent, got {errors}, {detected}, {sent}")
        return self

    def qber_ppm(self) -> int:
        """Error rate of the signal intensity in ppm, rounded down; 0 when nothing was detected."""
        return self.errors[0] * 1_000_000 // self.detected[0] if self.detected[0] else 0


class SessionRecord(Record):
    """One interval of one key session as one end reports it.

    Both ends report the same counts for the same sequence number: a pooled or one-sided figure would hide an attack on
    one basis, and photon-number splitting shows only in the decoy counts.

    Attributes:
        sequence: rises by one per record of this engine.
        block: key block the interval belongs to; a change of power or protocol starts a new one.
        pulses: pulses emitted in the interval.
        mean_photon_numbers_e6: intensities the analysis assumed, in 1e-6 photons per pulse, signal first.
        secret_key_bits: key credited for the interval after error correction and privacy amplification.
        dead_ms: part of the interval in which no key was made (re-alignment, stop).
    """

    link: Name
    end: End
    sequence: Count
    block: Count
    started_ms: Count
    duration_ms: Count
    protocol: str
    pulses: Count
    mean_photon_numbers_e6: PerIntensity
    z: BasisCounts
    x: BasisCounts
    secret_key_bits: Count
    dead_ms: Count

    @property
    def clicks(self) -> int:
        """Clicks of all intensities in both bases."""
        return sum(self.z.detected) + sum(self.x.detected)


class QberSample(Record):
    """Outcome of a short measurement in alignment mode.

    Attributes:
        pulses: pulses sent.  detected: clicks.  errors: wrong ones.
        qber_ppm: errors / detected; 1e6 when nothing was detected.
    """

    pulses: Count
    detected: Count
    errors: Count
    qber_ppm: Annotated[int, Field(ge=0, le=1_000_000)]
