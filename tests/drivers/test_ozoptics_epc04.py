"""The EPC-04 manual, claim by claim: a content line, then `Done` or `Error!`."""

from pathlib import Path

import pytest
from qkdctl_drivers.ozoptics_epc04 import OzOpticsEpc04

from qkdctl.devices import InstrumentError, OutOfRangeError, Value
from tests.devices.peers import Exchange, Peer, serial_peer, tcp_peer
from tests.drivers.benches import transcript

pytestmark = pytest.mark.asyncio
VOLTAGES: Exchange = (b"V?\r\n", b"Voltage(mV): CH1 +2200 CH2 +5000 CH3 -1000 CH4 -4000\r\nDone\r\n")
FREQUENCIES: Exchange = (b"F?\r\n", b"Frequency(Hz): CH1 007  CH2 017  CH3 037  CH4 071\r\nDone\r\n")


async def controller(peer: Peer) -> OzOpticsEpc04:
    device: OzOpticsEpc04 = await transcript(peer, OzOpticsEpc04, [VOLTAGES] * 2)
    return device


@pytest.mark.parametrize(
    ("name", "exchange", "value"),
    [
        ("voltage_1_mv", VOLTAGES, 2200),
        ("voltage_2_mv", VOLTAGES, 5000),
        ("voltage_3_mv", VOLTAGES, -1000),
        ("voltage_4_mv", VOLTAGES, -4000),
        ("frequency_1_hz", FREQUENCIES, 7),
        ("frequency_4_hz", FREQUENCIES, 71),
        ("scrambling", (b"M?\r\n", b"Operating Mode: DC-Fixed Voltage\r\nDone\r\n"), False),
        ("scrambling", (b"M?\r\n", b"Operating Mode: AC\r\nDone\r\n"), True),
    ],
)
async def test_replies_are_read(name: str, exchange: Exchange, value: Value) -> None:
    async with tcp_peer() as peer:
        device = await controller(peer)
        assert await peer.during(device.read(name), [exchange]) == value
        await device.close()


@pytest.mark.parametrize(
    ("name", "value", "command"),
    [
        ("voltage_1_mv", -5000, b"V1,-5000\r\n"),
        ("voltage_4_mv", 250, b"V4,250\r\n"),
        ("frequency_2_hz", 100, b"F2,100\r\n"),
        ("scrambling", True, b"MAC\r\n"),
        ("scrambling", False, b"MDC\r\n"),
    ],
)
async def test_sets_are_confirmed(name: str, value: Value, command: bytes, tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await controller(peer)
        await peer.during(device.write(name, value), [(command, b"Done\r\n")])
        assert await peer.during(device.read("voltage_1_mv"), [VOLTAGES]) == 2200
        await device.close()


async def test_an_error_is_a_refusal() -> None:
    async with tcp_peer() as peer:
        device = await controller(peer)
        with pytest.raises(InstrumentError, match="answers 'Error!' to 'V1,250'"):
            await peer.during(device.write("voltage_1_mv", 250), [(b"V1,250\r\n", b"Error!\r\n")])
        assert await peer.during(device.read("voltage_1_mv"), [VOLTAGES]) == 2200
        await device.close()


@pytest.mark.parametrize(("name", "value"), [("voltage_1_mv", 5001), ("voltage_1_mv", 1.5), ("frequency_1_hz", 101)])
async def test_what_the_manual_does_not_allow_is_never_sent(name: str, value: Value) -> None:
    async with tcp_peer() as peer:
        device = await controller(peer)
        with pytest.raises(OutOfRangeError):
            await peer.during(device.write(name, value), [])
        await device.close()
