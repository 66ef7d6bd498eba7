"""Which supervised instrument plays which part on a link."""

from dataclasses import dataclass

from qkdctl.devices.device import Device
from qkdctl.devices.errors import DeviceError
from qkdctl.devices.supervisor import Supervisor


class NotReadyError(DeviceError):
    """A link cannot do what was asked because an instrument, or its calibration, is missing."""


@dataclass(frozen=True, slots=True)
class LinkRoles:
    """The instruments of one link; None where it has none.

    Attributes:
        source, attenuator, engine_alice, engine_bob: no key without them.
    """

    source: Supervisor
    attenuator: Supervisor
    engine_alice: Supervisor
    engine_bob: Supervisor
    detector: Supervisor | None = None
    polarization_controller: Supervisor | None = None
    power_meter: Supervisor | None = None
    switch: Supervisor | None = None

    def required(self) -> tuple[Supervisor, ...]:
        """What a running link cannot do without."""
        optional = (self.polarization_controller, self.switch)
        return (
            self.source,
            self.attenuator,
            self.engine_alice,
            self.engine_bob,
            *(supervisor for supervisor in optional if supervisor is not None),
        )

    def watched(self) -> tuple[Supervisor, ...]:
        """What carries committed set-points: the required ones and the power meter's wavelength."""
        return (*self.required(), *((self.power_meter,) if self.power_meter is not None else ()))

    def all(self) -> tuple[Supervisor, ...]:
        """Every instrument of the link."""
        optional = (self.detector, self.power_meter)
        return (*self.required(), *(supervisor for supervisor in optional if supervisor is not None))

    def missing(self) -> list[str]:
        """Names of instruments that are not usable and must be before light is let out: the eyes at the tap too."""
        return [supervisor.device.name for supervisor in self.watched() if not supervisor.usable]


def usable(supervisor: Supervisor | None, purpose: str) -> Device:
    """The device, ready for use.

    Raises:
        NotReadyError: there is none, or it is not online.
    """
    if supervisor is None:
        raise NotReadyError(f"{purpose} needs an instrument that the link's configuration does not name")
    if not supervisor.usable:
        raise NotReadyError(
            f"{purpose} needs {supervisor.device.name}, which is {supervisor.state.value}: "
            f"{supervisor.last_error or 'no connection yet'}"
        )
    return supervisor.device
