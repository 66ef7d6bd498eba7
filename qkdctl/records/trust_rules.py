"""How fast trust is lost and won: agreed numbers."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from qkdctl.records.base import Record

LEAST_DECAY_TO_RECOVERY = 40


class TrustRules(Record):
    """Constants of the trust update, see `qkdctl.abft.standing`.

    Attributes:
        decay_permille: alpha; larger reacts faster. A full error takes this share of a score.
        recovery_permille: beta; an epoch without error gives back this share of what is missing, at most a fortieth of
            alpha, so that nobody who strikes often stays trusted.
        quiet_epochs: epochs without error in a row before an excluded node may rise above half.
        agreed_epochs: epochs in which both ends must agree before a disputed edge is at peace again.
        deviations: k; standard deviations of shot noise that an error rate may exceed the expected one.
    """

    decay_permille: Annotated[int, Field(ge=1, le=1000)] = 200
    recovery_permille: Annotated[int, Field(ge=1, le=1000)] = 5
    quiet_epochs: Annotated[int, Field(ge=1, le=65_535)] = 50
    agreed_epochs: Annotated[int, Field(ge=1, le=65_535)] = 100
    deviations: Annotated[int, Field(ge=0, le=100)] = 3

    @model_validator(mode="after")
    def _is_lost_faster_than_won(self) -> Self:
        if LEAST_DECAY_TO_RECOVERY * self.recovery_permille > self.decay_permille:
            raise ValueError(
                f"recovery of {self.recovery_permille} per mille with a decay of {self.decay_permille}; expected at "
                f"most one part in {LEAST_DECAY_TO_RECOVERY}, or who strikes now and then stays trusted"
            )
        return self
