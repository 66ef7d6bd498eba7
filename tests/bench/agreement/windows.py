"""Everything that is measured, window by window, qkdctl and the floor in turn."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from qkdctl.abft.timing import Timing
from tests.bench.agreement.carriers import Cut, connected, over_broker, over_hub, quiet, running_broker
from tests.bench.agreement.core import Floors, Replicas
from tests.bench.agreement.floor_nodes import running_floor
from tests.bench.agreement.plan import Plan
from tests.bench.agreement.setting import Setting
from tests.bench.agreement.stack import Nodes, running
from tests.bench.contender import UnavailableError
from tests.bench.figures import percentile
from tests.bench.polling import progress

Layer = Literal["core", "hub", "broker"]
Contender = Literal["qkdctl", "floor"]
_LOST_S = 120.0
_REPEATING = Timing(report_s=0.1, round_s=3600.0, repeat_s=0.05, repeat_most_s=0.05)
_SETTLE_S = 0.4


@dataclass(frozen=True, slots=True)
class Window:
    """Some epochs of one contender.

    Attributes:
        layer: the agreement alone, or whole nodes over memory or over a broker.
        nodes: N.
        round: windows of the same round lie next to each other in time.
        epochs: decided in it.
        cpu_us: processor time per node and epoch.
        p50_us, p99_us: from the beginning of an epoch to the decision at a node; None for the agreement alone.
        pair_bits: key per pair of nodes and decision, both directions, largest of all pairs; None where none is used.
    """

    layer: Layer
    contender: Contender
    nodes: int
    round: int
    epochs: int
    cpu_us: float
    p50_us: float | None = None
    p99_us: float | None = None
    pair_bits: float | None = None


@dataclass(frozen=True, slots=True)
class Repetition:
    """What was said again while nothing could be decided.

    Attributes:
        packets: sent again.
        bits: key used meanwhile, by all nodes.
    """

    packets: int
    bits: int


@dataclass(slots=True)
class Measured:
    """What the windows showed.

    Attributes:
        windows: in the order in which they were measured.
        repetition: None when it was not measured.
        absent: what could not be measured -> why.
    """

    windows: list[Window] = field(default_factory=list)
    repetition: Repetition | None = None
    absent: dict[str, str] = field(default_factory=dict)


def measure_all(plan: Plan) -> Measured:
    """Measure everything of a plan."""
    found = Measured()
    for nodes in plan.core_nodes:
        progress(f"the agreement alone, nodes: {nodes}")
        found.windows += core(plan, nodes)
    with quiet():
        for nodes in plan.hub_nodes:
            progress(f"whole nodes over memory, nodes: {nodes}")
            found.windows += asyncio.run(over_memory(plan, nodes))
        for nodes in plan.broker_nodes:
            progress(f"whole nodes over Mosquitto, nodes: {nodes}")
            try:
                found.windows += asyncio.run(over_mosquitto(plan, nodes))
            except (UnavailableError, TimeoutError) as error:
                found.absent[f"broker, {nodes} nodes"] = str(error) or f"a message was lost, or over {_LOST_S:g} s"
        progress("repetitions")
        found.repetition = asyncio.run(repetition(plan.silence_s))
    return found


def core(plan: Plan, nodes: int) -> list[Window]:
    """The agreement alone."""
    setting, epochs = Setting(nodes), plan.epochs(nodes)
    contenders: dict[Contender, Replicas | Floors] = {"floor": Floors(setting), "qkdctl": Replicas(setting)}
    windows = []
    for contender in contenders.values():
        contender.decide()
    for number in range(plan.rounds):
        for name, contender in contenders.items():
            with uncollected():
                cpu_s = sum(contender.decide() for _ in range(epochs))
            windows.append(Window("core", name, nodes, number, epochs, cpu_s / epochs / nodes * 1e6))
    return windows


async def over_memory(plan: Plan, nodes: int) -> list[Window]:
    """Whole nodes over a hub in memory."""
    setting = Setting(nodes)
    async with running(setting, over_hub(setting)) as ours, running_floor(setting, over_hub(setting)) as floor:
        return await _in_turn(plan, "hub", nodes, ours, floor.decide)


async def over_mosquitto(plan: Plan, nodes: int) -> list[Window]:
    """Whole nodes in this process, each with a session of its own with a Mosquitto in another one."""
    setting = Setting(nodes)
    async with running_broker() as broker:
        mine, theirs = over_broker(setting, broker, "ours"), over_broker(setting, broker, "floor")
        async with running_floor(setting, theirs) as floor:
            await connected(theirs)
            async with running(setting, mine) as ours:
                return await _in_turn(plan, "broker", nodes, ours, floor.decide)


async def repetition(seconds: float) -> Repetition:
    """Four nodes of which one is cut off, and patience enough to wait for it."""
    setting = Setting(4)
    cut = Cut(setting.names[-1])
    async with running(setting, over_hub(setting, cut), _REPEATING) as nodes:
        cut.is_down = True
        await nodes.stay(_SETTLE_S)
        bits, packets = _bits(nodes), nodes.repeated
        await asyncio.sleep(seconds)
        return Repetition(nodes.repeated - packets, sum(_bits(nodes).values()) - sum(bits.values()))


@contextmanager
def uncollected() -> Iterator[None]:
    """Without garbage collection, whose time depends on how many nodes share a process, not on what a node does."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _in_turn(
    plan: Plan, layer: Layer, nodes: int, ours: Nodes, floor: Callable[[], Awaitable[list[float]]]
) -> list[Window]:
    windows: list[Window] = []
    async with asyncio.timeout(_LOST_S):
        await floor()
        await ours.decide()
    for number in range(plan.rounds):
        windows.append(await _window(plan, layer, "floor", nodes, number, floor, None))
        windows.append(await _window(plan, layer, "qkdctl", nodes, number, ours.decide, ours))
    return windows


async def _window(
    plan: Plan,
    layer: Layer,
    contender: Contender,
    nodes: int,
    number: int,
    decide: Callable[[], Awaitable[list[float]]],
    sealing: Nodes | None,
) -> Window:
    epochs = plan.epochs(nodes)
    before = {} if sealing is None else _bits(sealing)
    latencies: list[int] = []
    with uncollected():
        start_s = time.process_time()
        for _ in range(epochs):
            async with asyncio.timeout(_LOST_S):
                latencies += [round(taken_s * 1e9) for taken_s in await decide()]
        cpu_s = time.process_time() - start_s
    pair_bits = None if sealing is None else _most_per_pair(before, _bits(sealing)) / epochs
    return Window(
        layer,
        contender,
        nodes,
        number,
        epochs,
        cpu_s / epochs / nodes * 1e6,
        percentile(latencies, 0.5) / 1e3,
        percentile(latencies, 0.99) / 1e3,
        pair_bits,
    )


def _bits(nodes: Nodes) -> dict[tuple[str, str], int]:
    """Key used so far, by (sender, receiver)."""
    return {pair: figures.sent_bits for pair, figures in nodes.figures().items()}


def _most_per_pair(before: dict[tuple[str, str], int], after: dict[tuple[str, str], int]) -> int:
    used = {pair: after[pair] - before[pair] for pair in after}
    return max(used[one, other] + used[other, one] for one, other in used if one < other)
