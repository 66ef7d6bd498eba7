"""Pseudo-terminals behave like serial ports, to the real pySerial."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import serial

from hil_sim.endpoints.pty import PtyEndpoint
from qkdctl.clock import RealClock
from tests.hil_sim.endpoints.echo import Echo

PATIENCE_S = 5.0


@pytest_asyncio.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[PtyEndpoint]:
    endpoint = PtyEndpoint(
        "echo", Echo(), RealClock(), link=tmp_path / "by-id" / "usb-Echo_0001-if00-port0", baud=115200
    )
    await endpoint.start()
    yield endpoint
    await endpoint.stop()


async def ask(port: serial.Serial, data: bytes) -> bytes:
    await asyncio.to_thread(port.write, data)
    return await asyncio.to_thread(port.read_until, b"\n")


def opened(endpoint: PtyEndpoint, **options: object) -> serial.Serial:
    return serial.Serial(str(endpoint.link), 115200, timeout=PATIENCE_S, **options)


@pytest.mark.asyncio
@pytest.mark.parametrize("options", [{}, {"rtscts": True}, {"exclusive": True}])
async def test_pyserial_opens_it_and_every_byte_passes_both_ways(endpoint: PtyEndpoint, options: dict) -> None:
    assert endpoint.address == f"serial://{endpoint.link}?baud=115200"
    every_byte = bytes(value for value in range(256) if value not in b"\n ")
    with opened(endpoint, **options) as port:
        assert await ask(port, every_byte + b"\n") == every_byte + b"\n"


@pytest.mark.asyncio
async def test_the_instrument_does_not_notice_who_opens_the_port(endpoint: PtyEndpoint) -> None:
    with opened(endpoint) as port:
        await asyncio.to_thread(port.write, b"half ")
        await asyncio.to_thread(port.flush)
    with opened(endpoint) as port:
        assert await ask(port, b"line\n") == b"half line\n"


@pytest.mark.asyncio
async def test_a_long_reply_arrives_whole(endpoint: PtyEndpoint) -> None:
    block = b"y" * 30_000 + b"\n"
    with opened(endpoint) as port:
        writing = asyncio.create_task(asyncio.to_thread(port.write, block))
        assert await asyncio.to_thread(port.read_until, b"\n") == block
        await writing


@pytest.mark.asyncio
async def test_unplugging_ends_an_open_port_and_removes_the_link(endpoint: PtyEndpoint) -> None:
    with opened(endpoint) as port:
        reading = asyncio.create_task(asyncio.to_thread(port.read, 1))
        await endpoint.unplug()
        await endpoint.unplug()
        with pytest.raises(serial.SerialException):
            await reading
    assert not endpoint.link.is_symlink()
    with pytest.raises(serial.SerialException):
        opened(endpoint)


@pytest.mark.asyncio
async def test_replugging_makes_a_new_device_behind_the_same_link(endpoint: PtyEndpoint) -> None:
    with opened(endpoint):
        device = endpoint.link.readlink()
        await endpoint.unplug()
        await endpoint.replug()
        assert endpoint.link.readlink() != device
        with opened(endpoint) as port:
            assert await ask(port, b"again\n") == b"again\n"


@pytest.mark.asyncio
async def test_an_abandoned_link_is_replaced_but_a_file_is_not(tmp_path: Path) -> None:
    link = tmp_path / "port"
    link.symlink_to("/dev/pts/nonexistent")
    endpoint = PtyEndpoint("echo", Echo(), RealClock(), link=link)
    await endpoint.start()
    await endpoint.stop()
    link.write_text("precious")
    with pytest.raises(FileExistsError):
        await endpoint.start()
    assert link.read_text() == "precious"
    await endpoint.stop()


@pytest.mark.asyncio
async def test_stopping_while_a_reply_is_being_sent_leaves_nothing_behind(endpoint: PtyEndpoint) -> None:
    endpoint.faults.late(60.0)
    with opened(endpoint) as port:
        await asyncio.to_thread(port.write, b"never\n")
        await endpoint.stop()
