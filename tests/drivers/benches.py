"""A driver connected to its simulator, or to a peer that follows a transcript."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from hil_sim.scenario import scenario_of
from hil_sim.simulation import Simulation
from qkdctl.clock import Clock, RealClock, VirtualClock
from qkdctl.devices import Device
from qkdctl.devices.registry import driver_class
from tests.devices.peers import Exchange, Peer

T = TypeVar("T")
LINK = {"preset": "snspd-50km"}


@asynccontextmanager
async def simulation(
    model: str, *, clock: Clock | None = None, transport: str = "", role: str = "", **unit: Any
) -> AsyncIterator[Simulation]:
    """One simulated instrument, called `unit`, on a link of its own."""
    section = {"model": model, "link": "ab", "transport": transport, "role": role, "options": unit}
    scenario = scenario_of({"seed": 1, "links": {"ab": LINK}, "instruments": {"unit": section}})
    async with Simulation(scenario, clock=clock or RealClock()) as running:
        yield running


def driver_for(running: Simulation, *, options: Mapping[str, Any] | None = None, **settings: Any) -> Device:
    """The driver for the instrument called `unit`, not connected."""
    driver = driver_class(running.scenario.instruments["unit"].model)
    sides = {
        f"{name.partition('.')[2]}_port": int(address.rpartition(":")[2])
        for name, address in running.addresses.items()
        if "." in name
    }
    return driver(
        "unit",
        running.addresses["unit"],
        options=driver.Options.model_validate({**sides, **(options or {})}),
        **{"timeout_s": 10.0, **settings},
    )


@asynccontextmanager
async def connected(
    model: str,
    *,
    options: Mapping[str, Any] | None = None,
    clock: Clock | None = None,
    timeout_s: float = 10.0,
    **unit: Any,
) -> AsyncIterator[tuple[Any, Simulation]]:
    """A driver connected to its simulator, and prepared."""
    async with simulation(model, clock=clock, **unit) as running:
        device = driver_for(running, options=options, timeout_s=timeout_s, clock=clock)
        try:
            await in_time(clock, device.connect())
            if not await in_time(clock, device.is_prepared()):
                await in_time(clock, device.prepare())
            yield device, running
        finally:
            await device.close()


async def in_time(clock: Clock | None, work: Coroutine[Any, Any, T]) -> T:
    """Wait for work that may wait for a virtual clock, which is moved on meanwhile."""
    if not isinstance(clock, VirtualClock):
        return await work
    task = asyncio.create_task(work)
    while not task.done():
        await clock.advance(0.02)
        await asyncio.wait({task}, timeout=0.001)
    return await task


async def transcript(
    peer: Peer, driver: type[Device], greeting: Iterable[Exchange], *, may_write: bool = True, **settings: Any
) -> Any:
    """A driver connected to a peer that has answered as the greeting says."""
    device = driver("unit", peer.address, **{"timeout_s": 10.0, **settings})
    await peer.during(device.connect(may_write=may_write), greeting)
    return device
