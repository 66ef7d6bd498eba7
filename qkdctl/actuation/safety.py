"""Making a link dark, and showing that it is."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from qkdctl.actuation.roles import LinkRoles
from qkdctl.devices.attributes import Value
from qkdctl.devices.errors import DeviceError, UnsafeError
from qkdctl.devices.supervisor import Supervisor


@dataclass(frozen=True, slots=True)
class DarkReport:
    """Outcome of making a link dark.

    Attributes:
        shown_by: devices whose read-back proves darkness.
        failures: device -> why it could not be made safe.
    """

    shown_by: tuple[str, ...]
    failures: dict[str, str]


async def make_dark(roles: LinkRoles, *, timeout_s: float = 0.8) -> DarkReport:
    """Turn the source off and shut the attenuator, both at once.

    A source that is off is enough, and so is a shutter that is closed; attenuation follows.

    Raises:
        UnsafeError: neither could be shown by read-back.
    """
    failures: dict[str, str] = {}
    shown: list[str] = []

    async def one(supervisor: Supervisor) -> None:
        try:
            await asyncio.wait_for(_make_safe(supervisor), timeout_s)
        except TimeoutError:
            if _is_dark(supervisor):
                shown.append(supervisor.device.name)
            else:
                failures[supervisor.device.name] = f"not shown safe within {timeout_s:g} s"
        except DeviceError as error:
            failures[supervisor.device.name] = str(error)
        else:
            if supervisor.device.darkens:
                shown.append(supervisor.device.name)

    async with asyncio.TaskGroup() as group:
        for supervisor in _darkening(roles):
            group.create_task(one(supervisor))
    if not shown:
        raise UnsafeError("; ".join(f"{name}: {why}" for name, why in failures.items()))
    return DarkReport(tuple(sorted(shown)), failures)


def dark_set_points(roles: LinkRoles) -> dict[tuple[str, str], Value]:
    """The set-points of the dark link, for the ledger: the action that darkens, of each device."""
    return {
        (supervisor.device.name, name): value
        for supervisor in _darkening(roles)
        for name, value in list(supervisor.device.safe_values().items())[:1]
    }


def _darkening(roles: LinkRoles) -> Sequence[Supervisor]:
    return (roles.source, roles.attenuator)


async def _make_safe(supervisor: Supervisor) -> None:
    if not supervisor.usable:
        raise DeviceError(f"{supervisor.device.name} is {supervisor.state.value}")
    async with supervisor.writing:
        report = await supervisor.device.to_safe_state()
    for name, value in report.read_back.items():
        supervisor.note(name, value)


def _is_dark(supervisor: Supervisor) -> bool:
    """True when the last read-back shows the action that darkens."""
    if not supervisor.device.darkens:
        return False
    for name, target in list(supervisor.device.safe_values().items())[:1]:
        value = supervisor.value(name)
        return value is not None and supervisor.device.attribute(name).matches(target, value)
    return False
