"""Re-aligning one link with its own instruments."""

from collections.abc import Sequence
from typing import cast

from qkdctl.actuation.alignment import SearchResult, SearchSettings, Voltages, search
from qkdctl.actuation.roles import LinkRoles, usable
from qkdctl.actuation.writer import Writer
from qkdctl.devices.kinds import QkdEngineDevice
from qkdctl.devices.supervisor import Supervisor

#: The attributes of a polarisation controller that are searched.
AXES = ("voltage_1_mv", "voltage_2_mv", "voltage_3_mv", "voltage_4_mv")


async def realign(roles: LinkRoles, writer: Writer, *, pulses: int, enough_ppm: int) -> SearchResult:
    """Search the voltages of the polarisation controller; the best ones are set when this returns.

    Key generation is suspended on both ends meanwhile, and resumed also when the search fails.

    Args:
        roles: of the link; it must be running.
        writer: of the operation.
        pulses: per measurement; more give less counting noise and take longer.
        enough_ppm: QBER at which the search may end.

    Raises:
        NotReadyError: the link has no polarisation controller, or an instrument is not online.
        WithdrawnError: something that counts more has ended the re-alignment.
        DeviceError: an engine or the controller failed, or an engine could not be given back to key generation.
    """
    controller = usable(roles.polarization_controller, "re-alignment")
    alice = cast("QkdEngineDevice", usable(roles.engine_alice, "re-alignment"))
    bob = cast("QkdEngineDevice", usable(roles.engine_bob, "re-alignment"))
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
        current = await _move(roles.polarization_controller, current, voltages, writer)
        return (await bob.measure_qber(pulses)).qber_ppm

    told: list[QkdEngineDevice] = []
    try:
        for engine in (alice, bob):
            writer.check()
            told.append(engine)
            await engine.start_alignment()
        result = await search(current, measure, settings)
        await _move(roles.polarization_controller, current, result.voltages_mv, writer)
    finally:
        await _end_alignment(told)
    return result


async def _end_alignment(engines: Sequence[QkdEngineDevice]) -> None:
    """At every engine that was told to begin, also when another fails."""
    failures = []
    for engine in engines:
        try:
            await engine.end_alignment()
        except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
            failures.append(error)
    if failures:
        raise failures[0]


async def _move(supervisor: Supervisor | None, current: Voltages, wanted: Voltages, writer: Writer) -> Voltages:
    """Set the voltages that differ, each shown by read-back."""
    assert supervisor is not None
    for name, old, new in zip(AXES, current, wanted, strict=True):
        if old != new:
            await writer.set(supervisor, name, new)
    return wanted


def _as_voltages(values: list[int]) -> Voltages:
    first, second, third, fourth = values
    return (first, second, third, fourth)
