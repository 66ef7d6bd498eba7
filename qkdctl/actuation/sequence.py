"""The order in which a link is brought up and its power changed; each step is shown by read-back."""

from collections.abc import Iterable

from qkdctl.actuation.calibration import CalibrationRecord
from qkdctl.actuation.realign import AXES
from qkdctl.actuation.roles import AliceEnd, LinkRoles, usable
from qkdctl.actuation.set_points import SetPoints
from qkdctl.actuation.writer import Writer
from qkdctl.clock import Clock
from qkdctl.devices.errors import DeviceError, ReadBackError
from qkdctl.devices.supervisor import Supervisor

_LASER_ON_S = 2.0
_LOOK_S = 0.05


class BrighterError(DeviceError):
    """The tap shows more power than the calibration record knows of; nothing was let out."""


async def establish(
    roles: LinkRoles, set_points: SetPoints, calibration: CalibrationRecord | None, writer: Writer, clock: Clock
) -> None:
    """Bring a dark link up: shut, attenuate, connect, emit, look at the tap, and only then let light out.

    Each end does its own part and waits for no other. The caller makes the link dark when this raises.

    Args:
        roles: of the link.
        set_points: of the running link, committed.
        calibration: of the link; None at Bob's end alone.
        writer: of the operation.
        clock: to wait for the laser by.

    Raises:
        BrighterError: the laser gives more than when it was calibrated.
        WithdrawnError, NotReadyError, InstrumentError, ReadBackError, TransportError: the step that failed; no later
            one was made.
    """
    await _stop_engines(roles, writer)
    if roles.alice is not None:
        await _shut(roles.alice, set_points, writer)
    if roles.bob is not None and roles.bob.polarization_controller is not None:
        for axis in AXES:
            await writer.apply(roles.bob.polarization_controller, set_points, axis)
    if roles.alice is not None:
        assert calibration is not None, "whoever has the light has calibrated it"
        await _let_out(roles.alice, set_points, calibration, writer, clock)
    await _start_engines(roles, set_points, writer)


async def _shut(alice: AliceEnd, set_points: SetPoints, writer: Writer) -> None:
    """Nothing can leave, and the path is set."""
    attenuator = alice.attenuator
    has_shutter = (attenuator.device.name, "shutter_open") in set_points
    if has_shutter:
        await writer.set(attenuator, "shutter_open", False)
    for name in ("power_control", "wavelength_nm"):
        await writer.apply(attenuator, set_points, name)
    if has_shutter:
        await writer.apply(attenuator, set_points, "attenuation_db")
    else:
        await writer.set(attenuator, "attenuation_db", attenuator.device.limits("attenuation_db").maximum)
    if alice.switch is not None:
        await writer.apply(alice.switch, set_points, "connections")


async def _let_out(
    alice: AliceEnd, set_points: SetPoints, calibration: CalibrationRecord, writer: Writer, clock: Clock
) -> None:
    """Emit behind what is shut, look at the tap, then open."""
    attenuator, source = alice.attenuator, alice.source
    if alice.power_meter is not None:
        await writer.apply(alice.power_meter, set_points, "wavelength_nm")
    for name in ("temperature_control_enabled", "current_a", "emission_enabled"):
        await writer.apply(source, set_points, name)
    await _refuse_brighter(alice, calibration, clock)
    has_shutter = (attenuator.device.name, "shutter_open") in set_points
    last_step = "shutter_open" if has_shutter else "attenuation_db"
    await _confirm((source, attenuator), set_points, but=last_step)
    await writer.apply(attenuator, set_points, last_step)


async def change_power(roles: LinkRoles, set_points: SetPoints, writer: Writer) -> None:
    """Change attenuation and protocol of a running link.

    The engines stop first: an interval in which the light and the assumed intensity disagree must not become key. Where
    the other end stands at another node, its engine makes none before both are told the same.

    Raises:
        WithdrawnError, NotReadyError, InstrumentError, ReadBackError, TransportError: the step that failed; no later
            one was made.
    """
    await _stop_engines(roles, writer)
    if roles.alice is not None:
        await writer.apply(roles.alice.attenuator, set_points, "attenuation_db")
    await _start_engines(roles, set_points, writer)


async def _refuse_brighter(alice: AliceEnd, calibration: CalibrationRecord, clock: Clock) -> None:
    """Wait until the tap sees the laser, for so long as a laser may take; without a tap nobody can tell."""
    if alice.power_meter is None:
        return
    meter = usable(alice.power_meter, "the look at the tap")
    deadline = clock.monotonic() + _LASER_ON_S
    while True:
        tap_power_w = float(await meter.read("power_w"))
        brighter = calibration.is_brighter(tap_power_w)
        seen = tap_power_w >= calibration.tap_power_w / 2
        if seen and not brighter:
            return
        if clock.monotonic() >= deadline:
            break
        await clock.sleep(_LOOK_S)
    if brighter:
        raise BrighterError(
            f"the tap reads {tap_power_w:.4g} W; the link was calibrated at {calibration.tap_power_w:.4g} W with an "
            f"uncertainty of {calibration.uncertainty_db:.2f} dB. It must be calibrated anew"
        )


async def _confirm(supervisors: Iterable[Supervisor], set_points: SetPoints, *, but: str) -> None:
    """Read once more what was set before the last step: an instrument may have lost it meanwhile, as by a reset."""
    for supervisor in supervisors:
        device = supervisor.device
        for (name, attribute), value in set_points.items():
            if name != device.name or attribute == but:
                continue
            seen = await device.read(attribute)
            supervisor.note(attribute, seen)
            if not device.attribute(attribute).matches(value, seen):
                raise ReadBackError(f"{name}.{attribute} reads {seen} before light is let out; {value} was set")


async def _stop_engines(roles: LinkRoles, writer: Writer) -> None:
    for engine in roles.engines():
        await writer.set(engine, "running", False)


async def _start_engines(roles: LinkRoles, set_points: SetPoints, writer: Writer) -> None:
    for name in ("protocol", "mean_photon_number_e6", "running"):
        for engine in roles.engines():
            await writer.apply(engine, set_points, name)
