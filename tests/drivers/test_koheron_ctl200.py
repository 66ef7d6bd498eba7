"""The CTL200 command line, claim by claim: echo, value line, prompt without line end, NUL bytes, error flags."""

from pathlib import Path

import pytest
from qkdctl_drivers.koheron_ctl200 import KoheronCtl200

from hil_sim.disturbance import Disturbance
from qkdctl.devices import InstrumentError, InterlockError, OutOfRangeError, ProtocolError, Value
from tests.devices.peers import Exchange, Peer, serial_peer, tcp_peer
from tests.drivers.benches import connected, transcript

pytestmark = pytest.mark.asyncio


def said(command: str, value: str) -> Exchange:
    """A command and all that the unit says to it."""
    return f"{command}\r\n".encode(), f"{command}\r\n{value}\r\n>>".encode()


GREETING: list[Exchange] = [
    said("model", "CTL200-0"),
    said("model", "CTL200-0"),
    said("serial", "0000000042"),
    said("ilmax", "200.000"),
]


async def laser(peer: Peer) -> KoheronCtl200:
    device: KoheronCtl200 = await transcript(peer, KoheronCtl200, GREETING)
    return device


def written(command: str, value: str, flags: str = "0") -> list[Exchange]:
    return [said("errclr", "ffffffff"), said(command, value), said("err", flags)]


@pytest.mark.parametrize(
    ("name", "command", "reply", "value"),
    [
        ("emission_enabled", "lason", "1", True),
        ("current_a", "ilaser", "50.010", 0.05001),
        ("current_limit_a", "ilmax", "200.000", 0.2),
        ("voltage_v", "vlaser", "1.450", 1.45),
        ("photodiode_a", "iphd", "0.750", 0.00075),
        ("temperature_control_enabled", "tecon", "0", False),
        ("thermistor_set_point_ohm", "rtset", "10000.000", 10000.0),
        ("thermistor_ohm", "rtact", "9998.500", 9998.5),
        ("cooler_current_a", "itec", "-0.120", -0.12),
        ("board_temperature_degc", "tboard", "34.5", 34.5),
        ("interlock_enabled", "lckon", "1", True),
        ("error_flags", "err", "c0", 0xC0),
    ],
)
async def test_replies_are_read_behind_their_echo(name: str, command: str, reply: str, value: Value) -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        assert await peer.during(device.read(name), [said(command, reply)]) == value
        await device.close()


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("emission_enabled", False, "lason 0"),
        ("current_a", 0.05, "ilaser 50.00"),
        ("temperature_control_enabled", True, "tecon 1"),
        ("thermistor_set_point_ohm", 9500.0, "rtset 9500.0"),
    ],
)
async def test_sets_have_their_reply_consumed_and_their_flags_read(name: str, value: Value, command: str) -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        await peer.during(device.write(name, value), written(command, command.split()[1]))
        assert await peer.during(device.read("voltage_v"), [said("vlaser", "1.450")]) == 1.45
        await device.close()


async def test_the_connection_works_over_a_serial_line_with_nul_bytes_and_replies_in_pieces(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await laser(peer)
        pieces = (b"ila", b"ser\r\n", b"\x0050.0", b"00\r\n\x00>", b">")
        assert await peer.during(device.read("current_a"), [(b"ilaser\r\n", pieces)]) == 0.05
        assert device.identity.serial_number == "0000000042"
        await device.close()


async def test_the_echo_is_not_taken_for_the_reply() -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        with pytest.raises(ProtocolError, match="expected its echo first"):
            await peer.during(device.read("current_a"), [(b"ilaser\r\n", b"50.000\r\n>>")])
        exchanges = [said("model", "CTL200-0"), said("ilaser", "50.000")]
        assert await peer.during(device.read("current_a"), exchanges) == 0.05
        await device.close()


@pytest.mark.parametrize(
    ("flags", "cause"), [("10", "unknown command"), ("20", "bad argument"), ("2", "before prompt")]
)
async def test_flags_that_a_set_raises_are_its_refusal(flags: str, cause: str) -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        with pytest.raises(InstrumentError, match=f"refused 'ilaser 50.00': .*{cause}"):
            await peer.during(device.write("current_a", 0.05), written("ilaser 50.00", "0.000", flags))
        await device.close()


async def test_the_laser_turns_on_with_the_cooler_running_and_no_trip() -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        exchanges = [said("tecon", "1"), *written("lason 1", "1")]
        await peer.during(device.write("emission_enabled", True), exchanges)
        await device.close()


@pytest.mark.parametrize(
    ("flags", "cause"),
    [("40", "laser-on while interlocked"), ("c0", "interlock"), ("4", "under-temperature"), ("8", "over-temperature")],
)
async def test_a_refusal_to_emit_is_typed(flags: str, cause: str) -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        exchanges = [said("tecon", "1"), *written("lason 1", "0", flags)]
        with pytest.raises(InterlockError, match=cause):
            await peer.during(device.write("emission_enabled", True), exchanges)
        await device.close()


async def test_without_cooling_nothing_is_turned_on() -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        with pytest.raises(InterlockError, match="temperature control off"):
            await peer.during(device.write("emission_enabled", True), [said("tecon", "0")])
        await device.close()


@pytest.mark.parametrize("flags", ["80", "c", "40"])
async def test_turning_off_succeeds_whatever_has_tripped(flags: str) -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        exchanges = [*written("lason 0", "0", flags), said("lason", "0")]
        report = await peer.during(device.to_safe_state(), exchanges)
        assert report.read_back == {"emission_enabled": False}
        await device.close()


async def test_the_limit_of_the_unit_bounds_the_current() -> None:
    async with tcp_peer() as peer:
        device = await laser(peer)
        for current_a in (0.2001, -0.001):
            with pytest.raises(OutOfRangeError, match=r"limits are 0 to 0\.2 A"):
                await peer.during(device.write("current_a", current_a), [])
        await device.close()


async def test_the_simulated_interlock_refuses_and_trips() -> None:
    async with connected("koheron-ctl200", nul_bytes=True) as (device, running):
        await device.write_verified("temperature_control_enabled", True)
        await running.fault("unit", Disturbance("open-interlock"))
        with pytest.raises(InterlockError, match="laser-on while interlocked"):
            await device.write("emission_enabled", True)
        await running.fault("unit", Disturbance("close-interlock"))
        await device.write_verified("emission_enabled", True)
        await running.fault("unit", Disturbance("open-interlock"))
        assert await device.read("emission_enabled") is False
        assert await device.read("error_flags") == 0x80
        await device.to_safe_state()
