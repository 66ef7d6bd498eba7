"""Which supervised instrument plays which part on a link, at the ends of it that stand here."""

from dataclasses import dataclass

from qkdctl.devices.device import Device
from qkdctl.devices.errors import DeviceError
from qkdctl.devices.supervisor import Supervisor
from qkdctl.records.session import End


class NotReadyError(DeviceError):
    """A link cannot do what was asked because an instrument, or its calibration, is missing."""


@dataclass(frozen=True, slots=True)
class AliceEnd:
    """The instruments of the sending end: all the light there is; None where it has none."""

    source: Supervisor
    attenuator: Supervisor
    engine: Supervisor
    power_meter: Supervisor | None = None
    switch: Supervisor | None = None


@dataclass(frozen=True, slots=True)
class BobEnd:
    """The instruments of the receiving end, which sends no light; None where it has none."""

    engine: Supervisor
    polarization_controller: Supervisor | None = None
    detector: Supervisor | None = None


@dataclass(frozen=True, slots=True)
class LinkRoles:
    """The ends of one link that this daemon owns; None for one that stands at another node.

    Raises:
        ValueError: neither end.
    """

    alice: AliceEnd | None
    bob: BobEnd | None

    def __post_init__(self) -> None:
        if self.alice is None and self.bob is None:
            raise ValueError("a link of which no end stands here has no roles")

    @property
    def ends(self) -> tuple[End, ...]:
        """The ends that stand here."""
        alice: tuple[End, ...] = () if self.alice is None else ("alice",)
        bob: tuple[End, ...] = () if self.bob is None else ("bob",)
        return (*alice, *bob)

    @property
    def whole(self) -> bool:
        """Both ends stand here."""
        return self.alice is not None and self.bob is not None

    def engine(self, end: End) -> Supervisor | None:
        """The engine of one end; None when that stands elsewhere."""
        there = self.alice if end == "alice" else self.bob
        return None if there is None else there.engine

    def engines(self) -> tuple[Supervisor, ...]:
        """The engines of the ends that stand here, Alice's first."""
        return _present(self.engine("alice"), self.engine("bob"))

    def required(self) -> tuple[Supervisor, ...]:
        """What a running link cannot do without."""
        alice, bob = self.alice, self.bob
        return (
            *(() if alice is None else (alice.source, alice.attenuator)),
            *self.engines(),
            *(() if bob is None else _present(bob.polarization_controller)),
            *(() if alice is None else _present(alice.switch)),
        )

    def watched(self) -> tuple[Supervisor, ...]:
        """What carries committed set-points: the required ones and the power meter's wavelength."""
        return (*self.required(), *(() if self.alice is None else _present(self.alice.power_meter)))

    def all(self) -> tuple[Supervisor, ...]:
        """Every instrument of the link."""
        return (*self.watched(), *(() if self.bob is None else _present(self.bob.detector)))

    def missing(self) -> list[str]:
        """Names of instruments that are not usable and must be before light is let out: the eyes at the tap too."""
        return [supervisor.device.name for supervisor in self.watched() if not supervisor.usable]


def sending_end(roles: LinkRoles, purpose: str) -> AliceEnd:
    """Alice's end.

    Raises:
        NotReadyError: it stands at another node.
    """
    if roles.alice is None:
        raise NotReadyError(f"{purpose} is done at Alice's end, which stands at another node; ask the daemon there")
    return roles.alice


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


def _present(*supervisors: Supervisor | None) -> tuple[Supervisor, ...]:
    return tuple(supervisor for supervisor in supervisors if supervisor is not None)
