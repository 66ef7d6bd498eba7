"""The DD-100-MC manual, claim by claim: replies end with `Done` and an empty line; homing is long and told about."""

import asyncio
from pathlib import Path

import pytest
from qkdctl_drivers.ozoptics_dd100mc import OzOpticsDd100mc

from hil_sim.disturbance import Disturbance
from qkdctl.clock import RealClock, VirtualClock
from qkdctl.devices import InstrumentError, OutOfRangeError, ProtocolError
from qkdctl.devices.supervisor import DeviceState, Supervisor, SupervisorSettings
from tests.devices.peers import Exchange, Peer, serial_peer, tcp_peer
from tests.drivers.benches import connected, driver_for, in_time, simulation, transcript

pytestmark = pytest.mark.asyncio


def said(command: str, *lines: str, end: str = "\r\n") -> Exchange:
    return f"{command}{end}".encode(), "".join(f"{line}\r\n" for line in (*lines, "Done", "")).encode()


CONFIGURATION = ("OZ OPTICS DD-100-MC", "S/N:123456", "WVL:1550", "IL:0.60", "MAX ATTEN:60.00")
DISPLAY = said("CD", *CONFIGURATION)
GREETING: list[Exchange] = [DISPLAY] * 3


async def attenuator(peer: Peer) -> OzOpticsDd100mc:
    device: OzOpticsDd100mc = await transcript(peer, OzOpticsDd100mc, GREETING)
    return device


async def test_attenuation_is_read_and_set_with_two_decimals(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await attenuator(peer)
        assert device.identity.serial_number == "123456"
        assert await peer.during(device.read("attenuation_db"), [said("A?", "Atten: 31.24")]) == 31.24
        assert await peer.during(device.read("position_steps"), [said("S?", "Pos:2474")]) == 2474
        assert await peer.during(device.write("attenuation_db", 31.24), [said("A31.24", "Pos:2474")]) == 31.24
        await device.close()


async def test_the_configuration_display_bounds_the_attenuation() -> None:
    async with tcp_peer() as peer:
        device = await attenuator(peer)
        for attenuation_db in (0.59, 60.01):
            with pytest.raises(OutOfRangeError, match=r"limits are 0\.6 to 60 dB"):
                await peer.during(device.write("attenuation_db", attenuation_db), [])
        assert device.safe_values() == {"attenuation_db": 60.0}
        await device.close()


async def test_commands_end_as_the_firmware_wants() -> None:
    async with tcp_peer() as peer:
        options = OzOpticsDd100mc.Options(line_end="cr")
        greeting = [(sent.replace(b"\r\n", b"\r"), reply) for sent, reply in GREETING]
        device = await transcript(peer, OzOpticsDd100mc, greeting, options=options)
        await device.close()


@pytest.mark.parametrize("done", [b"Done\r\n\r\n", b""])
@pytest.mark.parametrize(
    ("number", "cause"), [(2, "bad command"), (5, "home sensor"), (6, "overflow"), (7, "motor voltage"), (9, "unknown")]
)
async def test_errors_are_typed_whether_or_not_done_follows(number: int, cause: str, done: bytes) -> None:
    async with tcp_peer() as peer:
        device = await attenuator(peer)
        error = f"Error-{number}\r\n".encode()
        with pytest.raises(InstrumentError, match=f"refused 'A31.24': Error-{number}, {cause}"):
            await peer.during(device.write("attenuation_db", 31.24), [(b"A31.24\r\n", (error, done))])
        exchanges = [DISPLAY, said("A?", "Atten: 20.00")]
        assert await peer.during(device.read("attenuation_db"), exchanges) == 20.0
        await device.close()


async def test_a_unit_that_lost_its_place_says_so_and_is_homed_when_told_not_on_connecting() -> None:
    async with tcp_peer() as peer:
        device = await transcript(peer, OzOpticsDd100mc, [DISPLAY] * 3)
        assert not await peer.during(device.is_prepared(), [said("A?", "Atten: unknown")])
        await peer.during(device.prepare(), [said("H", "Diff=12")])
        assert await peer.during(device.is_prepared(), [said("A?", "Atten: 0.60")])
        await device.close()


async def test_where_nothing_may_be_written_nothing_is_homed() -> None:
    async with tcp_peer() as peer:
        device = await transcript(peer, OzOpticsDd100mc, [DISPLAY] * 3, may_write=False)
        with pytest.raises(ProtocolError, match="Atten: unknown"):
            await peer.during(device.read("attenuation_db"), [said("A?", "Atten: unknown")])
        await device.close()


async def test_a_supervised_homing_is_connecting_with_progress_and_holds_no_other_device() -> None:
    clock = VirtualClock()
    async with simulation("ozoptics-dd100mc", clock=clock) as running, simulation("ozoptics-epc04") as other:
        device, neighbour = driver_for(running, clock=clock), driver_for(other, clock=RealClock())
        seen: list[tuple[DeviceState, str]] = []
        supervisor = Supervisor(
            device, SupervisorSettings(), clock, on_change=lambda s: seen.append((s.state, s.progress))
        )
        task = asyncio.create_task(supervisor.run())
        while not any(progress.startswith("homing, 5 s") for _, progress in seen):
            await clock.advance(0.1)
            await asyncio.sleep(0)
            assert clock.monotonic() < 60.0
        assert supervisor.state is DeviceState.CONNECTING
        assert clock.monotonic() - supervisor.last_tick < 2.0
        async with asyncio.timeout(1.0):
            await neighbour.connect()
            await neighbour.read("voltage_1_mv")
        while supervisor.state is not DeviceState.ONLINE:
            await clock.advance(0.2)
            await asyncio.sleep(0)
            assert clock.monotonic() < 90.0
        assert supervisor.progress == ""
        assert supervisor.counters.failures == 0
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await neighbour.close()


async def test_the_simulated_home_sensor_may_be_broken() -> None:
    clock = VirtualClock()
    async with simulation("ozoptics-dd100mc", clock=clock) as running:
        await running.fault("unit", Disturbance("break-home-sensor"))
        device = driver_for(running, clock=clock)
        await in_time(clock, device.connect())
        with pytest.raises(InstrumentError, match="Error-5, home sensor"):
            await in_time(clock, device.prepare())
        await device.close()


async def test_a_move_ends_when_the_motor_has_arrived() -> None:
    clock = VirtualClock()
    quick_home = {"home_steps_per_s": 1e6, "home_pause_s": 0.0}
    async with connected("ozoptics-dd100mc", clock=clock, steps_per_s=800.0, **quick_home) as (device, _):
        begun = clock.monotonic()
        assert await in_time(clock, device.write_verified("attenuation_db", 60.0)) == 60.0
        assert 5.9 <= clock.monotonic() - begun < 7.0, "4800 steps at 800 steps/s"
