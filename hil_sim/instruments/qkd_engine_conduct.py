"""What a simulated QKD engine tells of the sessions that it shares with the other end."""

from typing import Annotated

from pydantic import Field

from hil_sim.world.parameters import Parameters
from qkdctl.records.session import BasisCounts, SessionRecord

_Percent = Annotated[int, Field(ge=0, le=1000)]
_SIGNAL = 0


class EngineConduct(Parameters):
    """By default an engine tells the truth; whatever it tells, the other end tells its own.

    Attributes:
        errors_percent: errors in signal pulses that it tells, in per cent of the true ones; never more than clicks.
        key_percent: secret bits that it tells, in per cent of the true ones; never more than clicks.
        every: it lies in every so-many-th record, counted by their numbers.
    """

    errors_percent: _Percent = 100
    key_percent: _Percent = 100
    every: Annotated[int, Field(ge=1)] = 1

    def told(self, record: SessionRecord) -> SessionRecord:
        """What the engine tells in place of the truth; the same whenever it is asked."""
        if record.sequence % self.every or (self.errors_percent, self.key_percent) == (100, 100):
            return record
        key = min(record.secret_key_bits * self.key_percent // 100, sum(record.z.detected))
        lies = {"z": self._counts(record.z), "x": self._counts(record.x), "secret_key_bits": key}
        return record.model_copy(update=lies)

    def _counts(self, truth: BasisCounts) -> BasisCounts:
        errors = list(truth.errors)
        errors[_SIGNAL] = min(errors[_SIGNAL] * self.errors_percent // 100, truth.detected[_SIGNAL])
        return truth.model_copy(update={"errors": tuple(errors)})
