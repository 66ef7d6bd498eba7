"""The Polatis OXC subsystem, claim by claim: sets without reply, 100 ms between commands, two ends of line."""

import asyncio
import itertools
from pathlib import Path

import pytest
from qkdctl_drivers.polatis import Polatis

from qkdctl.devices import InstrumentError, OutOfRangeError, ProtocolError
from tests.devices.peers import Exchange, Peer, TcpPeer, serial_peer, tcp_peer
from tests.drivers.benches import connected, transcript

pytestmark = pytest.mark.asyncio
IDENTITY = b"Polatis,N-VST-32x32,012345,6.7.1.2"


def greeting(end: bytes) -> list[Exchange]:
    return [*[(b"*IDN?\r\n", IDENTITY + end)] * 2, (b":OXC:SWIT:SIZE?\r\n", b"32,32" + end)]


def empty(end: bytes = b"\r\n") -> Exchange:
    return b":SYST:ERR?\r\n", b'0,"No error"' + end


class Hurried(Polatis):
    """Without the pause, which most tests need not wait for."""

    gap_s = 0.0


async def switch(peer: Peer, end: bytes = b"\r\n") -> Polatis:
    device: Polatis = await transcript(peer, Hurried, greeting(end))
    return device


@pytest.mark.parametrize(
    ("state", "connections"),
    [
        (b"(@1,2,3),(@49,38,52)", "1>49,2>38,3>52"),
        (b"(@3,1),(@52,49)", "1>49,3>52"),
        (b"(@),(@)", ""),
    ],
)
async def test_connections_are_read_sorted_by_input(state: bytes, connections: str) -> None:
    async with tcp_peer() as peer:
        device = await switch(peer)
        exchange = (b":OXC:SWIT:CONN:STAT?\r\n", state + b"\r\n")
        assert await peer.during(device.read("connections"), [exchange]) == connections
        await device.close()


async def test_replies_that_end_with_cr_alone_are_read_on_a_serial_line(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        device = await switch(peer, b"\r")
        exchanges = [(b":OXC:BOOT:MODE?\r\n", b"DARK\r")]
        assert await peer.during(device.read("boot_mode"), exchanges) == "DARK"
        await device.close()


@pytest.mark.parametrize(
    ("connections", "command"),
    [
        ("1>49,2>50", b":OXC:SWIT:CONN:ONLY (@1,2),(@49,50)\r\n"),
        ("2>50, 1>49", b":OXC:SWIT:CONN:ONLY (@1,2),(@49,50)\r\n"),
        ("", b":OXC:SWIT:DISC:ALL\r\n"),
    ],
)
async def test_a_set_waits_for_no_reply_and_checks_the_error_queue(connections: str, command: bytes) -> None:
    async with tcp_peer() as peer:
        device = await switch(peer)
        await peer.during(device.write("connections", connections), [empty(), (command, b""), empty()])
        await device.close()


async def test_what_is_shown_is_compared_in_one_form() -> None:
    async with tcp_peer() as peer:
        device = await switch(peer)
        exchanges = [
            empty(),
            (b":OXC:SWIT:CONN:ONLY (@1,2),(@49,50)\r\n", b""),
            empty(),
            (b":OXC:SWIT:CONN:STAT?\r\n", b"(@1,2),(@49,50)\r\n"),
        ]
        assert await peer.during(device.write_verified("connections", "2>50,1>49"), exchanges) == "1>49,2>50"
        await device.close()


@pytest.mark.parametrize(
    "connections", ["1>49,1>50", "1>49,2>49", "1>32", "33>49", "0>49", "1>65", "1-49", "1>49;", "all", "1>49,>50"]
)
async def test_what_the_switch_does_not_have_is_never_sent(connections: str) -> None:
    async with tcp_peer() as peer:
        device = await switch(peer)
        with pytest.raises(OutOfRangeError):
            await peer.during(device.write("connections", connections), [])
        await device.close()


async def test_a_refusal_is_found_in_the_error_queue() -> None:
    async with tcp_peer() as peer:
        device = await switch(peer)
        refused = (b":SYST:ERR?\r\n", b'-221,"Settings conflict"\r\n')
        with pytest.raises(InstrumentError, match="Settings conflict"):
            await peer.during(
                device.write("connections", ""), [empty(), (b":OXC:SWIT:DISC:ALL\r\n", b""), refused, empty()]
            )
        await device.close()


@pytest.mark.parametrize("state", [b"(@1,2),(@49)", b"1,2", b""])
async def test_lists_that_do_not_match_are_garbage(state: bytes) -> None:
    async with tcp_peer() as peer:
        device = await switch(peer)
        with pytest.raises(ProtocolError):
            await peer.during(device.read("connections"), [(b":OXC:SWIT:CONN:STAT?\r\n", state + b"\r\n")])
        await device.close()


async def test_commands_are_100_ms_apart() -> None:
    arrivals: list[float] = []

    class Timed(TcpPeer):
        def feed(self, data: bytes) -> None:
            arrivals.append(asyncio.get_running_loop().time())
            super().feed(data)

    async with tcp_peer() as peer:
        peer.__class__ = Timed
        device = await transcript(peer, Polatis, greeting(b"\r\n"))
        await device.close()
    assert len(arrivals) == 3
    assert all(later - earlier >= 0.095 for earlier, later in itertools.pairwise(arrivals))


async def test_a_simulated_switch_that_loses_hurried_commands_is_driven_at_its_pace() -> None:
    async with connected("polatis", least_gap_s=0.09) as (device, _):
        assert await device.write_verified("connections", "1>17") == "1>17"
