"""Kill -9 after every step of every operation: no light above the cap, nothing uncommitted, and the link runs again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from qkdctl.devices import Value
from tests.control.lab import CAP_E6, Daemon, Lab
from tests.control.virtual import run, until, virtual


class Guillotine:
    """Kills the daemon right after so many steps: writes that arrive at instruments, entries that become durable."""

    def __init__(self, lab: Lab, steps: int) -> None:
        self.lab = lab
        self.left = steps
        self.fallen = asyncio.Event()

    def arm(self) -> None:
        self.lab.disk.on_entry = lambda _: self.step()
        for instrument in self.lab.instruments.values():
            instrument.on_write = lambda *_: self.step()

    def step(self) -> None:
        self.left -= 1
        if self.left:
            return
        self.fallen.set()
        self.lab.disk.dead = True
        for instrument in self.lab.instruments.values():
            instrument.crashed.set()

    def disarm(self) -> None:
        self.lab.disk.on_entry = lambda _: None
        for instrument in self.lab.instruments.values():
            instrument.on_write = lambda *_: None


async def bring_up(_: Daemon) -> None:
    """It comes up by itself."""


async def change(daemon: Daemon) -> None:
    daemon.policy.action = "up-large"


async def realign(daemon: Daemon) -> None:
    daemon.policy.action = "realign"


async def calibrate(daemon: Daemon) -> None:
    await daemon.link.orders.calibrate("test")


async def make_safe(daemon: Daemon) -> None:
    await daemon.link.orders.make_safe("test")


async def brighten(daemon: Daemon) -> None:
    daemon.lab.world.brightness = 1.2


OPERATIONS: list[Callable[[Daemon], Awaitable[None]]] = [bring_up, change, realign, calibrate, make_safe, brighten]


async def killed_after(steps: int, operation: Callable[[Daemon], Awaitable[None]], *, wedge: bool) -> bool:
    """Kill the daemon in the middle of an operation and start another; False when the operation has fewer steps."""
    lab = Lab(wedge=wedge)
    guillotine = Guillotine(lab, steps)
    running = lab.running()
    if operation is bring_up:
        guillotine.arm()
    daemon = await running.__aenter__()
    if operation is not bring_up:
        await until(lambda: daemon.link.mode == "running" and not daemon.link.busy)
        await asyncio.sleep(2.5)  # until the first epoch with records, without which no plan is made
        guillotine.arm()
    order = asyncio.create_task(operation(daemon), name="order")  # type: ignore[arg-type]
    await asyncio.wait({asyncio.create_task(guillotine.fallen.wait(), name="wait")}, timeout=12.0)
    guillotine.disarm()
    await daemon.crash()
    await asyncio.gather(order, return_exceptions=True)
    async with lab.running() as second:
        written = watch_commitments(lab)
        await asyncio.sleep(5.0)
        await until(lambda: second.link.mode == "running" and not second.link.busy)
        told_e6, uncertainty_ppm = second.link.watch.told_e6, lab.disk.records["a-b"].uncertainty_ppm
        assert told_e6 == lab.alice.held["mean_photon_number_e6"] == lab.bob.held["mean_photon_number_e6"]
        assert lab.alice.held["running"] is True
        assert not lab.alice.aligning
        assert 0 < 1e6 * lab.mean_photon_number <= told_e6 * (1 + uncertainty_ppm / 1e6)
        assert not written, written
    assert max(mean for _, mean in lab.world.launched) <= CAP_E6 / 1e6
    assert not lab.world.on
    return guillotine.fallen.is_set()


def watch_commitments(lab: Lab) -> list[Any]:
    """Writes that let light out and were not committed before."""
    wrong: list[Any] = []

    def written(device: str, attribute: str, value: Value) -> None:
        if attribute in ("shutter_open", "attenuation_db", "mean_photon_number_e6") and value is not False:
            committed = lab.disk.committed.get((device, attribute))
            if value not in (committed, 60.0):
                wrong.append((device, attribute, value, committed))

    for instrument in lab.instruments.values():
        instrument.on_write = written
    return wrong


@pytest.mark.parametrize(
    ("operation", "wedge"),
    # a re-alignment moves no attenuator, whatever it is made of
    [(operation, wedge) for operation in OPERATIONS for wedge in (False, True) if not (operation is realign and wedge)],
)
def test_a_kill_after_any_step_is_survived(operation: Callable[[Daemon], Awaitable[None]], wedge: bool) -> None:
    steps = 1
    while run(killed_after(steps, operation, wedge=wedge)):
        steps += 1
        if steps > 25:  # a re-alignment repeats itself from here on
            steps += 4
    assert steps > 3, "the operation was not observed"


@virtual
async def test_a_link_that_stands_where_it_was_left_is_taken_over_without_a_write() -> None:
    for wedge in (False, True):
        lab = Lab(wedge=wedge)
        async with lab.running() as first:
            await until(lambda: first.link.mode == "running" and not first.link.busy)
            await asyncio.sleep(3.0)
            await first.crash()
        written: list[Any] = []
        for instrument in lab.instruments.values():
            instrument.on_write = lambda *what: written.append(what)  # noqa: B023
        async with lab.running() as second:
            assert second.link.mode == "running"
            await asyncio.sleep(5.0)
            assert second.link.mode == "running"
            assert written == []


@virtual
async def test_a_link_ordered_safe_is_made_dark_though_it_stands_where_it_was_left() -> None:
    lab = Lab()
    async with lab.running() as first:
        await until(lambda: first.link.mode == "running" and not first.link.busy)
        await first.crash()
    assert lab.world.mean_photon_number > 0
    async with lab.running(manual="safe") as second:
        await until(lambda: lab.world.mean_photon_number == 0, 2.0)
        await asyncio.sleep(5.0)
        assert second.link.mode == "manual-safe"
        assert not lab.world.on


@virtual
async def test_a_link_without_its_engine_is_made_dark_at_start_and_not_left_shining() -> None:
    lab = Lab()
    async with lab.running() as first:
        await until(lambda: first.link.mode == "running" and not first.link.busy)
        await first.crash()
    lab.bob.gone = True
    async with lab.running():
        await until(lambda: not lab.world.on, 5.0)
        await asyncio.sleep(5.0)
        assert not lab.world.on
