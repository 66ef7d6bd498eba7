"""The order in which a link is brought up and its power changed; each step is shown by read-back."""

from qkdctl.actuation.realign import AXES
from qkdctl.actuation.roles import LinkRoles, usable
from qkdctl.actuation.set_points import SetPoints
from qkdctl.devices.attributes import Value
from qkdctl.devices.supervisor import Supervisor


async def establish(roles: LinkRoles, set_points: SetPoints) -> None:
    """Bring a dark link up: attenuate, connect, emit, and only then open the shutter.

    The caller makes the link dark when this raises.

    Raises:
        NotReadyError, InstrumentError, ReadBackError, TransportError: the step that failed; no later one was made.
    """
    attenuator, source = roles.attenuator, roles.source
    await _stop_engines(roles)
    if (attenuator.device.name, "shutter_open") in set_points:
        await _set(attenuator, "shutter_open", False)
    await _set(attenuator, "attenuation_db", set_points[attenuator.device.name, "attenuation_db"])
    if roles.switch is not None:
        await _apply(roles.switch, set_points, "connections")
    if roles.polarization_controller is not None:
        for axis in AXES:
            await _apply(roles.polarization_controller, set_points, axis)
    if roles.power_meter is not None and roles.power_meter.usable:
        await _apply(roles.power_meter, set_points, "wavelength_nm")
    await _apply(source, set_points, "temperature_control_enabled")
    await _apply(source, set_points, "current_a")
    await _apply(source, set_points, "emission_enabled")
    await _apply(attenuator, set_points, "shutter_open")
    await _start_engines(roles, set_points)


async def change_power(roles: LinkRoles, set_points: SetPoints) -> None:
    """Change attenuation and protocol of a running link.

    The engines stop first: an interval in which the light and the assumed intensity disagree must not become key.
    """
    await _stop_engines(roles)
    await _set(roles.attenuator, "attenuation_db", set_points[roles.attenuator.device.name, "attenuation_db"])
    await _start_engines(roles, set_points)


async def _stop_engines(roles: LinkRoles) -> None:
    for engine in (roles.engine_alice, roles.engine_bob):
        await _set(engine, "running", False)


async def _start_engines(roles: LinkRoles, set_points: SetPoints) -> None:
    for name in ("protocol", "mean_photon_number_e6", "running"):
        for engine in (roles.engine_alice, roles.engine_bob):
            await _apply(engine, set_points, name)


async def _apply(supervisor: Supervisor, set_points: SetPoints, name: str) -> None:
    key = (supervisor.device.name, name)
    if key in set_points:
        await _set(supervisor, name, set_points[key])


async def _set(supervisor: Supervisor, name: str, value: Value) -> None:
    device = usable(supervisor, f"setting {name}")
    async with supervisor.writing:
        supervisor.note(name, await device.write_verified(name, value))
