"""Making a link dark, and showing that it is; an end that sends no light stops its engine instead."""

import asyncio
from dataclasses import dataclass

from qkdctl.actuation.roles import AliceEnd, LinkRoles, NotReadyError, usable
from qkdctl.devices.attributes import Value
from qkdctl.devices.errors import UnsafeError
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


async def make_dark(roles: LinkRoles, *, patience_s: float = 0.8) -> DarkReport:
    """Turn the source off and close the shutter, both at once; either alone is enough.

    Bob's end by itself has no light to make dark. Its engine is stopped, and when that cannot be shown it is a failure
    in the report, not an unsafe link.

    It waits for no lock, since whoever holds one may hang: the caller withdraws the leave of whoever might still write.

    Args:
        roles: of the link.
        patience_s: how long a device has to show it, the time in which it has to come back included.

    Raises:
        UnsafeError: neither could be shown by read-back.
    """
    tasks = {
        asyncio.create_task(_darken(supervisor), name=f"darken {supervisor.device.name}"): supervisor
        for supervisor in darkening(roles)
    }
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=patience_s)
    finally:
        for task in tasks:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    failures = {
        supervisor.device.name: why for task, supervisor in tasks.items() if (why := _why_not(task, patience_s))
    }
    shown = tuple(sorted({supervisor.device.name for supervisor in tasks.values()} - failures.keys()))
    if not shown and roles.alice is not None:
        raise UnsafeError("; ".join(f"{name}: {why}" for name, why in failures.items()) or "nothing here darkens")
    return DarkReport(shown, failures)


async def attenuate(alice: AliceEnd) -> None:
    """Bring the attenuator to its safe state as a whole, which may take as long as its motor needs.

    Raises:
        NotReadyError: it is not online.
        UnsafeError: it could not be shown.
    """
    device = usable(alice.attenuator, "full attenuation")
    async with alice.attenuator.writing:
        report = await device.to_safe_state()
    for name, value in report.read_back.items():
        alice.attenuator.note(name, value)


def darkening(roles: LinkRoles) -> tuple[Supervisor, ...]:
    """The devices of the link whose first safe action proves darkness; at Bob's end alone, the engine's proves rest."""
    return tuple(supervisor for supervisor in _at_rest(roles) if supervisor.device.darkens or roles.alice is None)


def dark_set_points(roles: LinkRoles) -> dict[tuple[str, str], Value]:
    """The set-points of the dark link, for the ledger: the action that counts, of source and attenuator.

    At Bob's end alone, that of the engine.
    """
    return {
        (supervisor.device.name, name): value
        for supervisor in _at_rest(roles)
        for name, value in list(supervisor.device.safe_values().items())[:1]
    }


def seen_dark(supervisor: Supervisor) -> bool | None:
    """Whether the last reading shows the action that darkens; None when there is no fresh one."""
    name, target = next(iter(supervisor.device.safe_values().items()))
    value = supervisor.value(name)
    return None if value is None else supervisor.device.attribute(name).matches(target, value)


async def require_dark(supervisor: Supervisor, purpose: str) -> None:
    """Read back, now, that a source is off.

    Raises:
        NotReadyError: it is not, or it is out of reach.
        DeviceError: it could not be read.
    """
    device = usable(supervisor, purpose)
    if not device.darkens:
        raise NotReadyError(f"{purpose} waits: nothing shows whether {device.name} is dark")
    name, target = next(iter(device.safe_values().items()))
    value = await device.read(name)
    if not device.attribute(name).matches(target, value):
        raise NotReadyError(f"{purpose} waits: {device.name}.{name} reads {value}; expected {target} first")


def _at_rest(roles: LinkRoles) -> tuple[Supervisor, ...]:
    """What is at rest in a dark link."""
    return (roles.alice.source, roles.alice.attenuator) if roles.alice is not None else roles.engines()


async def _darken(supervisor: Supervisor) -> None:
    await supervisor.until_usable()
    report = await supervisor.device.to_safe_state(first_only=True)
    for name, value in report.read_back.items():
        supervisor.note(name, value)


def _why_not(task: "asyncio.Task[None]", patience_s: float) -> str:
    if task.cancelled():
        return f"not shown dark within {patience_s:g} s"
    error = task.exception()
    return "" if error is None else str(error) or type(error).__name__
