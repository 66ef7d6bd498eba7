"""The HA9 manual in both dialects, whose beam blocks have opposite senses; after a reset the unit is dark."""

from pathlib import Path

import pytest
from qkdctl_drivers.jdsu_ha9 import JdsuHa9

from qkdctl.clock import VirtualClock
from qkdctl.devices import OutOfRangeError, Value
from tests.devices.peers import Exchange, Peer, serial_peer, tcp_peer
from tests.drivers.benches import connected, in_time, transcript

pytestmark = pytest.mark.asyncio
IDENTITY = b"JDS FITEL INC. ,HA9,KB00123,1.30\n"
EMPTY: Exchange = (b":SYST:ERR?\n", b"0, No Error\n")
IDENTIFIED: list[Exchange] = [(b"*IDN?\n", IDENTITY)] * 2
NO_OFFSET: Exchange = (b":INP:OFFS?\n", b"+0.00000000E+000\n")
RANGE: list[Exchange] = [
    (b":INP:ATT? MIN\n", b"+0.00000000E+000\n"),
    (b":INP:ATT? MAX\n", b"+1.00000000E+002\n"),
]
NATIVE = JdsuHa9.Options(dialect="native")


async def scpi(peer: Peer) -> JdsuHa9:
    device: JdsuHa9 = await transcript(peer, JdsuHa9, [*IDENTIFIED, NO_OFFSET, NO_OFFSET, *RANGE])
    return device


async def native(peer: Peer) -> JdsuHa9:
    device: JdsuHa9 = await transcript(peer, JdsuHa9, IDENTIFIED, options=NATIVE)
    return device


SCPI_READS: list[tuple[str, Exchange, Value]] = [
    ("attenuation_db", (b":INP:ATT?\n", b"+2.50000000E+001\n"), 25.0),
    ("shutter_open", (b":OUTP:STAT?\n", b"1\n"), True),
    ("shutter_open", (b":OUTP:STAT?\n", b"0\n"), False),
    ("wavelength_nm", (b":INP:WAV?\n", b"+1.55000000E-006\n"), 1550.0),
    ("condition_bits", (b":STAT:OPER:COND?\n", b"+2\n"), 2),
]
NATIVE_READS: list[tuple[str, Exchange, Value]] = [
    ("attenuation_db", (b"ATT?\n", b"25.00\n"), 25.0),
    ("shutter_open", (b"D?\n", b"0\n"), True),
    ("shutter_open", (b"D?\n", b"1\n"), False),
    ("wavelength_nm", (b"WVL?\n", b"+1.31000000E-006\n"), 1310.0),
]
SCPI_WRITES: list[tuple[str, Value, bytes]] = [
    ("attenuation_db", 25.0, b":INP:ATT 25.00 dB\n"),
    ("shutter_open", True, b":OUTP:STAT 1\n"),
    ("shutter_open", False, b":OUTP:STAT 0\n"),
    ("wavelength_nm", 1550.1, b":INP:WAV 1550.1 nm\n"),
]
NATIVE_WRITES: list[tuple[str, Value, bytes]] = [
    ("attenuation_db", 25.0, b"ATT 25.00 dB\n"),
    ("shutter_open", True, b"D 0\n"),
    ("shutter_open", False, b"D 1\n"),
    ("wavelength_nm", 1550.1, b"WVL 1550.1 nm\n"),
]


@pytest.mark.parametrize(("name", "exchange", "value"), SCPI_READS)
async def test_the_scpi_dialect_is_read(name: str, exchange: Exchange, value: Value) -> None:
    async with tcp_peer() as peer:
        device = await scpi(peer)
        assert await peer.during(device.read(name), [exchange]) == value
        await device.close()


@pytest.mark.parametrize(("name", "exchange", "value"), NATIVE_READS)
async def test_the_native_dialect_is_read(name: str, exchange: Exchange, value: Value) -> None:
    async with tcp_peer() as peer:
        device = await native(peer)
        assert await peer.during(device.read(name), [exchange]) == value
        await device.close()


@pytest.mark.parametrize(("name", "value", "command"), SCPI_WRITES)
async def test_the_scpi_dialect_is_written(name: str, value: Value, command: bytes) -> None:
    async with tcp_peer() as peer:
        device = await scpi(peer)
        await peer.during(device.write(name, value), [EMPTY, (command, b""), EMPTY])
        await device.close()


@pytest.mark.parametrize(("name", "value", "command"), NATIVE_WRITES)
async def test_the_native_dialect_is_written(name: str, value: Value, command: bytes, tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await native(peer)
        await peer.during(device.write(name, value), [EMPTY, (command, b""), EMPTY])
        await device.close()


@pytest.mark.parametrize(("wide", "limit_db"), [(True, 60.0), (False, 100.0)])
async def test_the_native_dialect_takes_the_range_from_the_options(wide: bool, limit_db: float) -> None:
    async with tcp_peer() as peer:
        options = JdsuHa9.Options(dialect="native", wide=wide)
        device = await transcript(peer, JdsuHa9, IDENTIFIED, options=options)
        with pytest.raises(OutOfRangeError, match=f"limits are 0 to {limit_db:g} dB"):
            await peer.during(device.write("attenuation_db", limit_db + 0.01), [])
        assert "offset_db" not in {attribute.name for attribute in device.attributes}
        await device.close()


async def test_an_offset_is_taken_out_of_the_display() -> None:
    async with tcp_peer() as peer:
        offset = [(b":INP:OFFS?\n", b"+5.0E+000\n"), EMPTY, (b":INP:OFFS 0.00 dB\n", b""), EMPTY, NO_OFFSET]
        device = await transcript(peer, JdsuHa9, [*IDENTIFIED, *offset, *RANGE])
        await device.close()


async def test_a_set_counts_only_once_the_settling_bit_is_clear() -> None:
    async with tcp_peer() as peer:
        device = await scpi(peer)
        exchanges = [
            EMPTY,
            (b":INP:ATT 25.00 dB\n", b""),
            EMPTY,
            (b":INP:ATT?\n", b"+2.5E+001\n"),
            (b":STAT:OPER:COND?\n", b"+2\n"),
            (b":INP:ATT?\n", b"+2.5E+001\n"),
            (b":STAT:OPER:COND?\n", b"+0\n"),
        ]
        assert await peer.during(device.write_verified("attenuation_db", 25.0), exchanges) == 25.0
        await device.close()


@pytest.mark.parametrize("dialect", ["scpi", "native"])
async def test_after_a_reset_the_simulated_unit_is_dark_until_the_shutter_is_shown_open(dialect: str) -> None:
    clock = VirtualClock()
    async with connected("jdsu-ha9", clock=clock, options={"dialect": dialect}) as (device, running):
        await in_time(clock, device.write_verified("shutter_open", True))
        await device.session.send(b"*RST\n")
        assert await device.read("shutter_open") is False
        assert await device.read("attenuation_db") == pytest.approx(0.0)
        assert await device.read("wavelength_nm") == 1310.0
        assert await in_time(clock, device.write_verified("shutter_open", True)) is True
        begun = clock.monotonic()
        assert await in_time(clock, device.write_verified("attenuation_db", 50.0)) == pytest.approx(50.0, abs=0.015)
        assert clock.monotonic() - begun >= 1.0, "50 dB at 50 dB/s"
        report = await in_time(clock, device.to_safe_state())
        assert report.read_back["shutter_open"] is False
        assert running.bench.instruments["unit"]._settings.blocked is True
