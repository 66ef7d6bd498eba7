"""Darkness waits for nobody: not for a disk, a hung instrument, a driver that hears nothing, or an operation's end."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from qkdctl.actuation.roles import NotReadyError
from qkdctl.devices import DeviceError, UnsafeError
from qkdctl.records.session import End
from tests.control.lab import Daemon, Lab
from tests.control.virtual import run, until, virtual

PROMISED_S = 1.0
BOTH: tuple[End, ...] = ("alice", "bob")
Phase = Callable[[Daemon], Awaitable[None]]


async def coming_up(_: Daemon) -> None:
    """It comes up by itself."""


async def running(daemon: Daemon) -> None:
    await until(lambda: daemon.link.mode == "running" and not daemon.link.busy)
    await asyncio.sleep(2.5)  # until the first epoch with records


async def changing(daemon: Daemon) -> None:
    await running(daemon)
    daemon.policy.action = "up-large"
    await until(lambda: daemon.link.operating)


async def realigning(daemon: Daemon) -> None:
    await running(daemon)
    daemon.policy.action = "realign"
    await until(lambda: (daemon.lab.bob if "bob" in daemon.lab.ends else daemon.lab.alice).aligning)


async def calibrating(daemon: Daemon) -> None:
    await running(daemon)
    order = asyncio.create_task(daemon.link.orders.calibrate("test"))
    order.add_done_callback(lambda done: done.cancelled() or done.exception())
    await until(lambda: daemon.link.operating and daemon.lab.world.on and not daemon.lab.world.shutter_open)


PHASES = (coming_up, running, changing, realigning, calibrating)


async def stopped(phase: Phase, hung: str, disk: str, later_s: float, ends: tuple[End, ...] = BOTH) -> None:
    """Stop a daemon in a phase while an instrument hangs and the disk does not answer."""
    lab = Lab(ends=ends)
    lab.disk.latency_s = 0.001
    running_lab = lab.running()
    daemon = await running_lab.__aenter__()
    await phase(daemon)
    await asyncio.sleep(later_s)
    if hung:
        lab.instruments[hung].hangs_until = 1e9
    lab.disk.full = disk == "full"
    if disk == "stuck":
        lab.disk.stuck.clear()
    loop = asyncio.get_running_loop()
    told_at = loop.time()
    await running_lab.__aexit__(None, None, None)
    assert lab.mean_photon_number == 0
    assert lab.world.launched[-1][0] - told_at < PROMISED_S
    if hung != "laser":
        assert not lab.world.on
        assert lab.world.emitted[-1][0] - told_at < PROMISED_S
    lab.instruments[hung or "tap"].hangs_until = 0.0
    await asyncio.sleep(30.0)
    assert lab.mean_photon_number == 0, "something was still under way"


@pytest.mark.parametrize("phase", PHASES)
def test_stop_makes_dark_within_a_second_whatever_is_under_way_and_whoever_hangs(phase: Phase) -> None:
    hangs = ("", "laser", "voa", "tap", "epc", "alice")
    disks = ("", "full", "stuck")
    moments = (0.0, 0.03, 0.11, 0.2)
    for number, (hung, disk) in enumerate(itertools.product(hangs, disks)):
        for later_s in (moments[number % 4], moments[(number + 2) % 4]):
            run(stopped(phase, hung, disk, later_s))


@pytest.mark.parametrize("phase", PHASES)
def test_an_end_with_light_goes_dark_by_itself_whatever_the_other_node_does(phase: Phase) -> None:
    for number, (hung, disk) in enumerate((("", ""), ("laser", "stuck"), ("voa", "full"), ("alice", "stuck"))):
        run(stopped(phase, hung, disk, (0.0, 0.03, 0.11, 0.2)[number], ("alice",)))


@pytest.mark.parametrize("hung", ["laser", "voa", "alice"])
@pytest.mark.parametrize("phase", PHASES)
@virtual
async def test_an_order_to_go_safe_makes_dark_within_a_second(phase: Phase, hung: str) -> None:
    lab = Lab()
    async with lab.running() as daemon:
        await phase(daemon)
        lab.instruments[hung].hangs_until = asyncio.get_running_loop().time() + 8.0
        lab.disk.stuck.clear()
        told_at = asyncio.get_running_loop().time()
        await daemon.link.orders.make_safe("test")
        assert lab.mean_photon_number == 0
        assert lab.world.launched[-1][0] - told_at < PROMISED_S
        lab.disk.stuck.set()
        await asyncio.sleep(20.0)
        assert lab.mean_photon_number == 0
        assert not lab.world.on, "an instrument that hung is made safe as soon as it is back"
        assert daemon.link.mode == "manual-safe"


@pytest.mark.parametrize("device", ["laser", "voa"])
@virtual
async def test_a_defect_in_one_driver_does_not_keep_the_other_from_the_dark(device: str) -> None:
    lab = Lab()
    async with lab.running() as daemon:
        await running(daemon)
        attribute = next(iter(lab.instruments[device].safe_values()))
        lab.instruments[device].raises["write", attribute] = KeyError("a defect")
        await daemon.link.orders.make_safe("test")
        assert lab.mean_photon_number == 0
        lab.instruments[device].raises.clear()
        await until(lambda: not lab.world.on and not lab.world.shutter_open, 10.0, "tried again")


@virtual
async def test_a_link_that_neither_goes_off_nor_shut_is_a_fault_and_tried_until_it_does() -> None:
    lab = Lab()
    async with lab.running() as daemon:
        await running(daemon)
        for name in ("laser", "voa"):
            lab.instruments[name].raises["write", next(iter(lab.instruments[name].safe_values()))] = DeviceError("no")
        with pytest.raises(UnsafeError):
            await daemon.link.orders.make_safe("test")
        assert daemon.link.mode == "fault"
        assert daemon.alarm("not-shown-dark")
        await asyncio.sleep(5.0)
        said = [payload for kind, payload in lab.disk.entries if kind == "alarm"]
        assert len(said) == 1, "the ledger is told once"
        lab.laser.raises.clear()
        await until(lambda: lab.mean_photon_number == 0, 3.0)
        await until(lambda: daemon.link.mode == "manual-safe", 3.0)
        assert not daemon.alarm("not-shown-dark")
        lab.attenuator.raises.clear()


@pytest.mark.parametrize("phase", [coming_up, changing, realigning, calibrating])
@virtual
async def test_drivers_that_hear_no_cancellation_light_nothing_after_an_order(phase: Phase) -> None:
    for later_s in (0.0, 0.02, 0.05, 0.08, 0.11):
        lab = Lab()
        for instrument in lab.instruments.values():
            instrument.deaf = True
            instrument.latency_s = 0.03
        async with lab.running() as daemon:
            await phase(daemon)
            await asyncio.sleep(later_s)
            await daemon.link.orders.make_safe("test")
            ordered_at = asyncio.get_running_loop().time()
            await asyncio.sleep(20.0)
            assert not any(mean for at, mean in lab.world.launched if at > ordered_at)
            assert not any(on for at, on in lab.world.emitted if at > ordered_at)
            for instrument in lab.instruments.values():
                instrument.deaf = False


@virtual
async def test_nothing_begins_after_the_end() -> None:
    lab = Lab()
    async with lab.running() as daemon:
        await running(daemon)
        orders = daemon.link.orders
        waiting = [asyncio.create_task(order("test")) for order in (orders.calibrate, orders.realign, orders.resume)]
        await asyncio.sleep(0)
        await daemon.link.shut_down()
        ended_at = asyncio.get_running_loop().time()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(outcome, NotReadyError) for outcome in outcomes), outcomes
        for order in (orders.calibrate, orders.realign, orders.resume):
            with pytest.raises(NotReadyError):
                await order("test")
        for _ in range(3):
            daemon.link.tick()
            await asyncio.sleep(2.0)
        assert not any(on for at, on in lab.world.emitted if at > ended_at)
        assert not any(mean for at, mean in lab.world.launched if at > ended_at)


@virtual
async def test_safe_overtakes_a_calibration_that_has_not_begun_yet() -> None:
    lab = Lab()
    async with lab.running() as daemon:
        await realigning(daemon)
        lab.bob.hangs_until = asyncio.get_running_loop().time() + 10.0  # the re-alignment takes its time to end
        calibration = asyncio.create_task(daemon.link.orders.calibrate("first"))
        await asyncio.sleep(0.1)
        await daemon.link.orders.make_safe("second")
        safe_at = asyncio.get_running_loop().time()
        with pytest.raises(NotReadyError, match="another order"):
            await calibration
        await asyncio.sleep(20.0)
        assert not any(on for at, on in lab.world.emitted if at > safe_at)


@virtual
async def test_of_two_orders_at_once_one_is_carried_out() -> None:
    lab = Lab()
    async with lab.running() as daemon:
        await running(daemon)
        orders = daemon.link.orders
        outcomes = await asyncio.gather(*(orders.realign("a") for _ in range(3)), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "NotReadyError", "NotReadyError"]
        outcomes = await asyncio.gather(orders.calibrate("a"), orders.calibrate("b"), return_exceptions=True)
        assert sum(isinstance(outcome, NotReadyError) for outcome in outcomes) == 1
        await until(lambda: daemon.link.mode == "running")


@virtual
async def test_an_order_whose_caller_gives_up_is_carried_out_all_the_same() -> None:
    lab = Lab()
    async with lab.running() as daemon:
        await running(daemon)
        order = asyncio.create_task(daemon.link.orders.calibrate("gone"))
        await until(lambda: daemon.link.operating)
        order.cancel()
        await until(lambda: daemon.link.mode == "running" and not daemon.link.busy)
        assert lab.disk.records["a-b"].made_at_ms > 1
        assert daemon.link.operations.calibration == lab.disk.records["a-b"]


@virtual
async def test_a_link_ordered_safe_is_not_lit_by_an_order_to_hold() -> None:
    lab = Lab()
    async with lab.running() as daemon:
        await running(daemon)
        await daemon.link.orders.make_safe("test")
        with pytest.raises(NotReadyError, match="resume"):
            await daemon.link.orders.hold("test")
        await asyncio.sleep(5.0)
        assert not lab.world.on


@virtual
async def test_a_dark_link_that_somebody_lights_by_hand_is_made_dark_again() -> None:
    lab = Lab()
    async with lab.running() as daemon:
        await running(daemon)
        await daemon.link.orders.make_safe("test")
        lab.laser.held.update(emission_enabled=True, current_a=0.05)
        lab.laser.shine()
        await asyncio.sleep(3.0)
        assert lab.world.on, "the shutter is seen closed: somebody may be at work"
        lab.attenuator.held["shutter_open"] = True
        lab.attenuator.shine()
        await until(lambda: lab.mean_photon_number == 0, 2.0)
