"""Re-aligning one link with its own instruments."""

from typing import cast

from qkdctl.actuation.alignment import SearchResult, SearchSettings, Voltages, search
from qkdctl.actuation.roles import LinkRoles, usable
from qkdctl.devices.device import Device
from qkdctl.devices.kinds import QkdEngineDevice

#: The attributes of a polarisation controller that are searched.
AXES = ("voltage_1_mv", "voltage_2_mv", "voltage_3_mv", "voltage_4_mv")


async def realign(roles: LinkRoles, *, pulses: int, enough_ppm: int) -> SearchResult:
    """Search the voltages of the polarisation controller; the best ones are set when this returns.

    Key generation is suspended on both ends meanwhile, and resumed also when the search fails.

    Args:
        roles: of the link; it must be running.
        pulses: per measurement; more give less counting noise and take longer.
        enough_ppm: QBER at which the search may end.

    Raises:
        NotReadyError: the link has no polarisation controller, or an instrument is not online.
    """
    controller = usable(roles.polarization_controller, "re-alignment")
    alice = usable(roles.engine_alice, "re-alignment")
    bob = usable(roles.engine_bob, "re-alignment")
    engines = (cast("QkdEngineDevice", alice), cast("QkdEngineDevice", bob))
    assert roles.polarization_controller is not None
    limits = [controller.limits(name) for name in AXES]
    settings = SearchSettings(
        minimum_mv=int(max(limit.minimum for limit in limits)),
        maximum_mv=int(min(limit.maximum for limit in limits)),
        enough_ppm=enough_ppm,
    )
    current = _as_voltages([int(await controller.read(name)) for name in AXES])

    async def measure(voltages: Voltages) -> int:
        nonlocal current
        current = await _move(controller, current, voltages)
        return (await engines[1].measure_qber(pulses)).qber_ppm

    started: list[QkdEngineDevice] = []
    try:
        for engine in engines:
            await engine.start_alignment()
            started.append(engine)
        async with roles.polarization_controller.writing:
            result = await search(current, measure, settings)
            await _move(controller, current, result.voltages_mv)
    finally:
        for engine in started:
            await engine.end_alignment()
    for name, value in zip(AXES, result.voltages_mv, strict=True):
        roles.polarization_controller.note(name, value)
    return result


async def _move(controller: Device, current: Voltages, wanted: Voltages) -> Voltages:
    """Set the voltages that differ, each shown by read-back."""
    for name, old, new in zip(AXES, current, wanted, strict=True):
        if old != new:
            await controller.write_verified(name, new)
    return wanted


def _as_voltages(values: list[int]) -> Voltages:
    first, second, third, fourth = values
    return (first, second, third, fourth)
