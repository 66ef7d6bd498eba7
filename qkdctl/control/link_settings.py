"""What is configured of a link, and what its operator wants."""

from dataclasses import dataclass
from enum import Enum

from qkdctl.actuation.calibration import CalibrationRecord, OpticalPath
from qkdctl.actuation.roles import LinkRoles
from qkdctl.actuation.set_points import Operation


class Manual(Enum):
    """What the operator wants: leave it to the policy, keep the settings, or keep it dark."""

    AUTO = "auto"
    HOLD = "hold"
    SAFE = "safe"


class Light(Enum):
    """What is known of the light of a link.

    UNKNOWN: nobody has shown it dark yet, or it is being made dark.  DARK: shown by read-back.
    RISING: an operation may let light out.  ON: the link runs.  FAULT: it could not be shown dark.
    """

    UNKNOWN = "unknown"
    DARK = "dark"
    RISING = "rising"
    ON = "on"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """The configured part of a link.

    Attributes:
        operating_current_a: laser current of normal operation; 0 where Alice's end stands at another node.
        cap_e6: mean photon number that must never be exceeded, 1e-6 photons per pulse.
        initial: what the link starts with when nothing was ever commanded.
        alignment_pulses: per measurement of a re-alignment.
        aligned_qber_ppm: QBER at which a re-alignment may stop searching.
        realign_limit_s: longest search for which the other node's engine is kept in alignment.
    """

    path: OpticalPath
    operating_current_a: float
    cap_e6: int
    initial: Operation
    alignment_pulses: int
    aligned_qber_ppm: int
    realign_limit_s: float = 60.0

    def why_not(self, record: CalibrationRecord | None, roles: LinkRoles) -> str:
        """Why a calibration record cannot be used for these settings and instruments; "" when it can.

        Bob's end alone has no light, and needs none.
        """
        if roles.alice is None:
            return ""
        if record is None:
            return "there is no calibration record"
        source, attenuator = roles.alice.source.device.identity.text, roles.alice.attenuator.device.identity.text
        return record.why_not_for(self.path, self.operating_current_a, source, attenuator)
