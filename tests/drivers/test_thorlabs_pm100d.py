"""The PM100x command reference, claim by claim; wavelengths are nanometres on the wire."""

import pytest
from qkdctl_drivers.thorlabs_pm100d import ThorlabsPm100d

from qkdctl.devices import OutOfRangeError, ProtocolError, Value
from tests.devices.peers import Exchange, Peer, tcp_peer
from tests.drivers.benches import transcript

pytestmark = pytest.mark.asyncio
IDENTITY = b"Thorlabs,PM100D,P0012345,2.8.0\n"
EMPTY: Exchange = (b"SYST:ERR?\n", b'+0,"No error"\n')
WATTS: Exchange = (b"SENS:POW:UNIT?\n", b"W\n")
IDENTIFIED: list[Exchange] = [(b"*IDN?\n", IDENTITY)] * 2
RANGE: list[Exchange] = [
    (b"SENS:CORR:WAV? MIN\n", b"8.00000000E+02\n"),
    (b"SENS:CORR:WAV? MAX\n", b"1.70000000E+03\n"),
]


async def meter(peer: Peer) -> ThorlabsPm100d:
    device: ThorlabsPm100d = await transcript(peer, ThorlabsPm100d, [*IDENTIFIED, WATTS, WATTS, *RANGE])
    return device


@pytest.mark.parametrize(
    ("name", "sent", "reply", "value"),
    [
        ("power_w", b"MEAS:POW?\n", b"1.23456789E-06\n", 1.23456789e-6),
        ("power_w", b"MEAS:POW?\n", b"-2.50000000E-10\n", -2.5e-10),
        ("wavelength_nm", b"SENS:CORR:WAV?\n", b"1.55000000E+03\n", 1550.0),
        ("auto_range", b"SENS:POW:RANG:AUTO?\n", b"1\n", True),
        ("range_w", b"SENS:POW:RANG?\n", b"3.00000000E-04\n", 3e-4),
        ("averages", b"SENS:AVER?\n", b"10\n", 10),
        ("loss_correction_db", b"SENS:CORR?\n", b"-3.00000000E+00\n", -3.0),
    ],
)
async def test_replies_are_read(name: str, sent: bytes, reply: bytes, value: Value) -> None:
    async with tcp_peer() as peer:
        device = await meter(peer)
        assert await peer.during(device.read(name), [(sent, reply)]) == value
        await device.close()


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("wavelength_nm", 1550.12, b"SENS:CORR:WAV 1550.120\n"),
        ("auto_range", False, b"SENS:POW:RANG:AUTO 0\n"),
        ("averages", 100, b"SENS:AVER 100\n"),
        ("loss_correction_db", -60.0, b"SENS:CORR -60.000\n"),
    ],
)
async def test_sets_are_sent(name: str, value: Value, command: bytes) -> None:
    async with tcp_peer() as peer:
        device = await meter(peer)
        await peer.during(device.write(name, value), [EMPTY, (command, b""), EMPTY])
        await device.close()


async def test_the_sensor_bounds_the_wavelength() -> None:
    async with tcp_peer() as peer:
        device = await meter(peer)
        with pytest.raises(OutOfRangeError, match="the limits are 800 to 1700 nm"):
            await peer.during(device.write("wavelength_nm", 1750.0), [])
        await device.close()


async def test_a_meter_that_shows_decibels_is_set_to_watts() -> None:
    async with tcp_peer() as peer:
        decibels: Exchange = (b"SENS:POW:UNIT?\n", b"DBM\n")
        change: list[Exchange] = [decibels, EMPTY, (b"SENS:POW:UNIT W\n", b""), EMPTY, WATTS]
        device = await transcript(peer, ThorlabsPm100d, [*IDENTIFIED, *change, *RANGE])
        await device.close()


async def test_where_nothing_may_be_written_decibels_are_refused() -> None:
    async with tcp_peer() as peer:
        with pytest.raises(ProtocolError, match="shows DBM; expected W"):
            await transcript(peer, ThorlabsPm100d, [*IDENTIFIED, (b"SENS:POW:UNIT?\n", b"DBM\n")], may_write=False)


async def test_overload_is_no_reading() -> None:
    async with tcp_peer() as peer:
        device = await meter(peer)
        with pytest.raises(ProtocolError, match="overload"):
            await peer.during(device.read("power_w"), [(b"MEAS:POW?\n", b"9.90000000E+37\n")])
        await device.close()
