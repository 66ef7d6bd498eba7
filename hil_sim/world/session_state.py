"""What a key session is made of, what it is doing, and why it may refuse."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hil_sim.world.parameters import Fraction, Parameters, Positive

Mode = Literal["idle", "key", "alignment"]


class SessionRefusedError(Exception):
    """A request that the session cannot grant in its present state, or ever.

    Attributes:
        error, expected, hint: what is wrong, what would be right, and what to do.
    """

    def __init__(self, error: str, *, expected: str, hint: str) -> None:
        super().__init__(f"{error}; expected {expected}; {hint}")
        self.error = error
        self.expected = expected
        self.hint = hint


class SessionParameters(Parameters):
    """How the two engines of a link run decoy BB84.

    Attributes:
        intensity_ratios: signal (1), weak decoy, vacuum (0), relative to the signal.
        intensity_probabilities: how often each is sent.
        basis_probabilities: how often either end chooses Z and X.
        protocols: names of the protocols that can be selected; the first is selected at the start.
        correction: inefficiency of error correction, at least 1.
        interval_s: time per session record.
        block_s: longest time before the key block is closed and a new one begins.
        least_clicks: clicks of Z signals and of X decoys that a block needs before key is credited.
        kept_records: records that can still be asked for.
    """

    intensity_ratios: tuple[Fraction, Fraction, Fraction] = (1.0, 0.2, 0.0)
    intensity_probabilities: tuple[Fraction, Fraction, Fraction] = (0.7, 0.2, 0.1)
    basis_probabilities: tuple[Fraction, Fraction] = (0.8, 0.2)
    protocols: Annotated[tuple[str, ...], Field(min_length=1)] = ("bb84",)
    correction: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 1.16
    interval_s: Positive = 1.0
    block_s: Positive = 60.0
    least_clicks: Annotated[int, Field(ge=1)] = 200
    kept_records: Annotated[int, Field(ge=1)] = 10_000

    @model_validator(mode="after")
    def _is_vacuum_plus_weak_decoy(self) -> Self:
        signal, decoy, vacuum = self.intensity_ratios
        if not (signal == 1 and 0 < decoy < 1 and vacuum == 0):
            raise ValueError(
                f"intensity_ratios must be 1, a weak decoy between 0 and 1, and 0, not {self.intensity_ratios}"
            )
        for name in ("intensity_probabilities", "basis_probabilities"):
            if abs(sum(getattr(self, name)) - 1) > 1e-9:
                raise ValueError(f"{name} must sum to 1, not to {sum(getattr(self, name)):g}")
        return self

    def mean_intensity_ratio(self) -> float:
        """Mean intensity of the pulses of a key session relative to a signal pulse."""
        return sum(r * p for r, p in zip(self.intensity_ratios, self.intensity_probabilities, strict=True))


@dataclass(frozen=True, slots=True)
class SessionState:
    """What one end of the session is set to, and how far the session has come.

    Attributes:
        mode: `idle` does nothing, `key` makes key, `alignment` sends the alignment pattern.
        peer_mode: the other end's.
        protocol: selected protocol.
        mean_photon_number_e6: signal intensity the analysis assumes, in 1e-6 photons; the control system's claim.
        block: number of the present key block.
        sequence: number of the newest record, 0 before the first.
    """

    mode: Mode
    peer_mode: Mode
    protocol: str
    mean_photon_number_e6: int
    block: int
    sequence: int

    @property
    def running(self) -> bool:
        """Whether this end does anything."""
        return self.mode != "idle"
