"""Bytes over real sockets, pseudo-terminals and VISA, and what happens when the other side goes."""

import asyncio
import gc
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from qkdctl.devices.bus_thread import BusThread
from qkdctl.devices.errors import ConnectionLostError, ExchangeTimeoutError
from qkdctl.devices.streams import open_stream
from qkdctl.devices.transports.base import ByteStream
from qkdctl.devices.transports.serial import SerialStream
from qkdctl.devices.transports.tcp import TcpStream
from qkdctl.devices.transports.visa import VisaStream
from tests.devices.hislip import hislip_server
from tests.devices.peers import Peer, serial_peer, tcp_peer

pytestmark = pytest.mark.asyncio


async def ask(stream: ByteStream) -> bytes:
    await stream.send(b"V?\r\n", 1.0)
    return await stream.receive(1.0)


async def exchange(stream: ByteStream, peer: Peer) -> None:
    await stream.send(b"V?\r\n", 1.0)
    await peer.expect(b"V?\r\n")
    peer.send(b"+1.0\r\n")
    reply = b""
    while len(reply) < 6:
        reply += await stream.receive(1.0)
    assert reply == b"+1.0\r\n"


async def test_tcp_carries_bytes_and_knows_when_nobody_answers() -> None:
    async with tcp_peer() as peer:
        stream = open_stream(peer.address, 1.0)
        await stream.open()
        await exchange(stream, peer)
        with pytest.raises(ExchangeTimeoutError, match=r"no reply within 0\.01 s"):
            await stream.receive(0.01)
        await stream.close()
        await stream.close()
        assert not stream.is_open
        with pytest.raises(ConnectionLostError):
            await stream.send(b"V?\n", 1.0)


async def test_a_visa_socket_is_plain_tcp() -> None:
    async with tcp_peer() as peer:
        stream = open_stream(f"TCPIP0::127.0.0.1::{peer.port}::SOCKET", 1.0)
        assert isinstance(stream, TcpStream)
        await stream.open()
        await exchange(stream, peer)
        await stream.close()


async def test_a_port_where_nobody_listens_is_named() -> None:
    async with tcp_peer() as peer:
        address = peer.address
    with pytest.raises(ConnectionLostError, match=rf"127\.0\.0\.1:{address.rpartition(':')[2]}: Connection refused"):
        await open_stream(address, 1.0).open()


async def test_reopening_tcp_forgets_what_had_arrived() -> None:
    async with tcp_peer() as peer:
        stream = TcpStream("127.0.0.1", peer.port, 1.0)
        await stream.open()
        peer.send(b"old\n")
        await stream.open()
        with pytest.raises(ExchangeTimeoutError):
            await stream.receive(0.02)
        await exchange(stream, peer)
        await stream.close()


async def test_serial_carries_bytes_and_survives_a_replug_at_another_port(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        stream = open_stream(peer.address, 1.0)
        assert isinstance(stream, SerialStream)
        await stream.open()
        await exchange(stream, peer)
        first = peer.tty
        peer.unplug()
        with pytest.raises(ConnectionLostError):
            await ask(stream)
        with pytest.raises(ConnectionLostError, match="No such file"):
            await stream.open()
        (tmp_path / "other").mkdir()
        async with serial_peer(tmp_path / "other"):  # takes the freed port
            peer.plug()
            assert peer.tty != first
            await stream.open()
            await exchange(stream, peer)
            await stream.close()


async def test_a_serial_port_has_one_owner(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        first, second = open_stream(peer.address, 1.0), open_stream(peer.address, 1.0)
        await first.open()
        with pytest.raises(ConnectionLostError, match="another program holds the port"):
            await second.open()
        await first.close()
        await second.open()
        await exchange(second, peer)
        await second.close()


async def test_a_port_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    gone = tmp_path / "usb-gone"
    with pytest.raises(ConnectionLostError) as error:
        await open_stream(f"serial://{gone}?baud=9600", 0.1).open()
    assert str(error.value) == f"{gone}: No such file or directory"


async def test_opening_a_serial_port_drops_what_lay_there(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        stream = open_stream(peer.address, 1.0)
        await stream.open()
        peer.send(b"old\n")
        await stream.close()
        await stream.open()
        with pytest.raises(ExchangeTimeoutError):
            await stream.receive(0.05)
        peer.send(b"older\n")
        while await stream.discard_input() < len(b"older\n"):
            await asyncio.sleep(0)
        await exchange(stream, peer)
        await stream.close()


async def test_visa_drives_a_serial_port(tmp_path: Path) -> None:
    async with serial_peer(tmp_path) as peer:
        stream = open_stream(f"ASRL{peer.tty}::INSTR", 1.0)
        assert isinstance(stream, VisaStream)
        assert not stream.reopen_drops_replies
        await stream.open()
        await exchange(stream, peer)
        with pytest.raises(ExchangeTimeoutError):
            await stream.receive(0.02)
        peer.send(b"old\n")
        while not await stream.discard_input():
            await asyncio.sleep(0)
        await exchange(stream, peer)
        await stream.close()


async def test_visa_drives_an_instrument_on_the_network() -> None:
    replies = {b"*IDN?\n": b"ACME\n", b"LATE?\n": None}
    async with hislip_server(lambda message: replies[message]) as resource:
        stream = VisaStream(resource, BusThread("lan"), 1.0)
        assert stream.reopen_drops_replies
        await stream.open()
        await stream.send(b"*IDN?\n", 1.0)
        assert await stream.receive(1.0) == b"ACME\n"
        await stream.send(b"LATE?\n", 1.0)
        with pytest.raises(ExchangeTimeoutError):
            await stream.receive(0.05)
        await stream.close()


async def test_a_visa_instrument_that_goes_away_is_lost() -> None:
    bus = BusThread("lan")
    async with hislip_server(lambda _: b"ACME\n") as resource:
        stream = VisaStream(resource, bus, 1.0)
        await stream.open()
    with pytest.raises(ConnectionLostError):
        await ask(stream)
    with pytest.raises(ConnectionLostError):
        await stream.open()
    await bus.call(int, 1.0)  # now the thread has let go of the call before
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pyvisa-py forgets the socket that it could not connect
        gc.collect()


async def test_a_usb_instrument_is_found_by_its_serial_number_at_another_port() -> None:
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tests.devices.usb_in_memory"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.stderr == ""
    assert run.stdout.splitlines() == [
        "Thorlabs,PM100D,P0012345,2.8.0",
        "lost",
        "not there",
        "Thorlabs,PM100D,P0012345,2.8.0",
        "['1-4 *IDN?', '3-9 *IDN?']",
        "no other answers for it",
    ]


async def test_the_vendors_library_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYVISA_LIBRARY", "/nonexistent/libvisa.so@ivi")
    with pytest.raises(ConnectionLostError, match="GPIB0::5::INSTR"):
        await open_stream("GPIB0::5::INSTR", 0.5).open()


async def test_a_hanging_close_is_left_behind() -> None:
    bus = BusThread("x")

    class Hanging:
        def close(self) -> None:
            gate.wait(10.0)

    gate = threading.Event()
    stream = VisaStream("GPIB0::5::INSTR", bus, 1.0)
    stream._session = Hanging()
    async with asyncio.timeout(2.0):
        await stream.close()
    gate.set()
    assert bus.abandoned == 1
