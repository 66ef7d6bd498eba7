"""Re-aligning one link: Bob's end searches, and Alice's sends the alignment pattern meanwhile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qkdctl.actuation.alignment import SearchResult, SearchSettings, Voltages, search
from qkdctl.actuation.meeting import Patience, Peer, PeerAbsentError, engine_device
from qkdctl.actuation.roles import AliceEnd, BobEnd, LinkRoles, usable
from qkdctl.actuation.writer import Writer
from qkdctl.clock import Clock
from qkdctl.devices.errors import DeviceError
from qkdctl.devices.kinds import QkdEngineDevice
from qkdctl.devices.supervisor import Supervisor

#: The attributes of a polarisation controller that are searched.
AXES = ("voltage_1_mv", "voltage_2_mv", "voltage_3_mv", "voltage_4_mv")
_PARTING_S = 5.0


@dataclass(frozen=True, slots=True)
class RealignOrder:
    """How to re-align.

    Attributes:
        pulses: per measurement; more give less counting noise and take longer.
        enough_ppm: QBER at which the search may end.
        patience: with the other end, where that stands at another node.
    """

    pulses: int
    enough_ppm: int
    patience: Patience


async def realign(roles: LinkRoles, writer: Writer, order: RealignOrder, clock: Clock) -> SearchResult | None:
    """Re-align with the ends that stand here; key generation is suspended there meanwhile, and resumed in any case.

    Where only one end stands here, the other node does its part at the same time. The engines tell each other when both
    are there and when Bob's is done; neither end waits for longer than its patience.

    Args:
        roles: of the link; it must be running.
        writer: of the operation.
        order: see RealignOrder.
        clock: for patience.

    Returns:
        What the search found; its voltages are set. None at Alice's end alone, which sees no search.

    Raises:
        PeerAbsentError: the other node did not do its part; all is as before.
        NotReadyError: the link has no polarisation controller, or an instrument is not online.
        WithdrawnError: something that counts more has ended the re-alignment.
        DeviceError: an engine or the controller failed, or an engine could not be given back to key generation.
    """
    if roles.bob is None:
        assert roles.alice is not None, "a link has an end here"
        await _accompany(roles.alice, writer, order, clock)
        return None
    if roles.alice is None:
        return await _search_far(roles.bob, writer, order, clock)
    usable(roles.bob.polarization_controller, "re-alignment")
    engines = [engine_device(engine) for engine in roles.engines()]
    async with _Aligned(engines, writer):
        return await _search(roles.bob, writer, order, lambda: False)


async def _accompany(alice: AliceEnd, writer: Writer, order: RealignOrder, clock: Clock) -> None:
    """Send the pattern until Bob's engine has left alignment."""
    peer = Peer(alice.engine, clock)
    async with _Aligned([engine_device(alice.engine)], writer):
        await peer.met(order.patience.meeting_s)
        await peer.left(order.patience.limit_s + _PARTING_S)


async def _search_far(bob: BobEnd, writer: Writer, order: RealignOrder, clock: Clock) -> SearchResult:
    """Search while the other node's engine sends the pattern."""
    before = await _voltages(bob)
    peer = Peer(bob.engine, clock)
    async with _Aligned([engine_device(bob.engine)], writer):
        await peer.met(order.patience.meeting_s)
        deadline = clock.monotonic() + order.patience.limit_s
        await peer.seen()
        try:
            return await _search(bob, writer, order, lambda: clock.monotonic() >= deadline)
        except DeviceError as error:
            if not writer.withdrawn and not await peer.aligning():
                await _move(bob.polarization_controller, await _voltages(bob), before, writer)
                raise PeerAbsentError(f"the other end of {bob.engine.device.name} left the alignment early") from error
            raise


async def _search(bob: BobEnd, writer: Writer, order: RealignOrder, expired: Callable[[], bool]) -> SearchResult:
    """Search, and set the best voltages."""
    controller = usable(bob.polarization_controller, "re-alignment")
    engine = engine_device(bob.engine)
    limits = [controller.limits(name) for name in AXES]
    settings = SearchSettings(
        minimum_mv=int(max(limit.minimum for limit in limits)),
        maximum_mv=int(min(limit.maximum for limit in limits)),
        enough_ppm=order.enough_ppm,
    )
    first = current = await _voltages(bob)

    async def measure(voltages: Voltages) -> int:
        nonlocal current
        current = await _move(bob.polarization_controller, current, voltages, writer)
        return (await engine.measure_qber(order.pulses)).qber_ppm

    result = await search(first, measure, settings, expired)
    await _move(bob.polarization_controller, current, result.voltages_mv, writer)
    return result


class _Aligned:
    """Engines in alignment while the block lasts; those that were told to begin go back, also when another fails."""

    def __init__(self, engines: Sequence[QkdEngineDevice], writer: Writer) -> None:
        self._engines = engines
        self._writer = writer
        self._told: list[QkdEngineDevice] = []

    async def __aenter__(self) -> None:
        try:
            for engine in self._engines:
                self._writer.check()
                self._told.append(engine)
                await engine.start_alignment()
        except BaseException:
            await self._end()
            raise

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def _end(self) -> None:
        failures = []
        for engine in self._told:
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


async def _voltages(bob: BobEnd) -> Voltages:
    """Where the controller stands now."""
    controller = usable(bob.polarization_controller, "re-alignment")
    first, second, third, fourth = [int(await controller.read(name)) for name in AXES]
    return (first, second, third, fourth)
