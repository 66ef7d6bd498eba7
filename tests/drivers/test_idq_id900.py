"""The Time Controller manual, claim by claim: SCPI text in ZeroMQ messages, each answered unless it gets lost."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import zmq
import zmq.asyncio
from qkdctl_drivers.idq_id900 import IdqId900

from qkdctl.devices import ExchangeTimeoutError, InstrumentError, OutOfRangeError, ProtocolError, Value

pytestmark = pytest.mark.asyncio
PATIENCE_S = 3.0
IDENTITY = "ID Quantique, ID900 Time Controller, Serial : 2054003X010, Firmware : 1.20.4"
Exchange = tuple[str, str | None]
SET_UP: list[Exchange] = [
    (command, f"Value set to {command.rpartition(' ')[2]}")
    for n in (1, 2)
    for command in (f"INPU{n}:ENAB ON", f"INPU{n}:COUN:MODE CYCL", f"INPU{n}:COUN:INTE 20")
]
TIMES: list[Exchange] = [("INPU1:COUN:INTE?", "20"), ("INPU2:COUN:INTE?", "20")]
GREETING: list[Exchange] = [("*IDN?", IDENTITY), *SET_UP, *TIMES]


class Controller:
    """The other end of the REQ socket, played by hand."""

    def __init__(self, socket: zmq.asyncio.Socket) -> None:
        self._socket = socket
        self.client = b""

    async def expect(self, message: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            self.client, _, received = await self._socket.recv_multipart()
        assert received.decode() == message

    async def reply(self, text: str) -> None:
        await self._socket.send_multipart([self.client, b"", text.encode()])

    async def during(self, work: Coroutine[Any, Any, Any], exchanges: Iterable[Exchange]) -> Any:
        task = asyncio.create_task(work)
        try:
            for sent, reply in exchanges:
                await self.expect(sent)
                if reply is not None:
                    await self.reply(reply)
            return await task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def controller(*, timeout_s: float = 10.0) -> AsyncIterator[tuple[Controller, IdqId900]]:
    """A connected driver and its other side."""
    context = zmq.asyncio.Context()
    socket = context.socket(zmq.ROUTER)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    options = IdqId900.Options(integration=20)
    device = IdqId900("counter", f"zmq+tcp://127.0.0.1:{port}", options=options, timeout_s=timeout_s)
    peer = Controller(socket)
    try:
        await peer.during(device.connect(), GREETING)
        yield peer, device
    finally:
        await device.close()
        socket.close(linger=0)
        context.term()


async def test_the_serial_number_is_in_the_identity_and_only_inputs_in_use_are_offered() -> None:
    async with controller() as (_, device):
        assert device.identity.serial_number == "2054003X010"
        assert "threshold_2_v" in {attribute.name for attribute in device.attributes}
        assert "threshold_3_v" not in {attribute.name for attribute in device.attributes}


@pytest.mark.parametrize(
    ("name", "sent", "reply", "value"),
    [
        ("count_rate_hz", "INPU1:COUN?;:INPU2:COUN?", "100\n250", 17500.0),
        ("count_rate_2_hz", "INPU2:COUN?", "250", 12500.0),
        ("threshold_1_v", "INPU1:THRE?", "-0.125V", -0.125),
        ("delay_2_ps", "DELA2:VALU?", "4000TB", 4000),
    ],
)
async def test_replies_are_read(name: str, sent: str, reply: str, value: Value) -> None:
    async with controller() as (peer, device):
        assert await peer.during(device.read(name), [(sent, reply)]) == value


@pytest.mark.parametrize(
    ("name", "value", "sent", "reply"),
    [
        ("threshold_1_v", -0.125, "INPU1:THRE -0.125", "Value set to -0.125V"),
        ("delay_2_ps", 4_000_000, "DELA2:VALU 4000000", "value SET to 4000000TB"),
    ],
)
async def test_the_answer_to_a_set_is_consumed_in_any_case(name: str, value: Value, sent: str, reply: str) -> None:
    async with controller() as (peer, device):
        await peer.during(device.write(name, value), [(sent, reply)])
        assert await peer.during(device.read("delay_1_ps"), [("DELA1:VALU?", "0TB")]) == 0


async def test_another_answer_to_a_set_is_a_refusal() -> None:
    async with controller() as (peer, device):
        with pytest.raises(InstrumentError, match="SCPI_ERR_PARAM_TYPE"):
            await peer.during(device.write("threshold_1_v", 1.0), [("INPU1:THRE 1.000", "Error: SCPI_ERR_PARAM_TYPE")])


@pytest.mark.parametrize(("name", "value"), [("delay_1_ps", 4_000_001), ("delay_1_ps", -1), ("threshold_1_v", 2.1)])
async def test_what_is_not_safe_is_never_sent(name: str, value: Value) -> None:
    async with controller() as (_, device):
        with pytest.raises(OutOfRangeError):
            await device.write(name, value)


@pytest.mark.parametrize("reply", ["100", "100\n250\n3", "100\nx", "Error: SCPI_ERR_INVALID_CMD", ""])
async def test_a_batch_must_bring_one_integer_per_input(reply: str) -> None:
    async with controller() as (peer, device):
        with pytest.raises(ProtocolError, match="expected 2 integers"):
            await peer.during(device.read("count_rate_hz"), [("INPU1:COUN?;:INPU2:COUN?", reply)])


async def test_a_lost_reply_costs_one_time_out_and_a_late_one_answers_nothing() -> None:
    async with controller(timeout_s=0.15) as (peer, device):
        with pytest.raises(ExchangeTimeoutError, match=r"no reply to 'DELA1:VALU\?' in 0\.15 s"):
            await peer.during(device.read("delay_1_ps"), [("DELA1:VALU?", None)])
        await peer.reply("4000TB")  # to the socket that has given up
        assert await peer.during(device.read("delay_2_ps"), [("DELA2:VALU?", "8TB")]) == 8


async def test_a_cancelled_exchange_does_not_lock_the_socket() -> None:
    async with controller() as (peer, device):
        reading = asyncio.create_task(device.read("delay_1_ps"))
        await peer.expect("DELA1:VALU?")
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await peer.during(device.read("delay_2_ps"), [("DELA2:VALU?", "8TB")]) == 8


async def test_integration_times_may_be_nanoseconds() -> None:
    context = zmq.asyncio.Context()
    socket = context.socket(zmq.ROUTER)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    options = IdqId900.Options(inputs=(1,), integration_unit="ns")
    device = IdqId900("counter", f"zmq+tcp://127.0.0.1:{port}", options=options, timeout_s=10.0)
    peer = Controller(socket)
    try:
        observed = [("*IDN?", IDENTITY), ("INPU1:COUN:INTE?", "10000000")]
        await peer.during(device.connect(may_write=False), observed)
        assert await peer.during(device.read("count_rate_hz"), [("INPU1:COUN?", "25")]) == 2500.0
    finally:
        await device.close()
        socket.close(linger=0)
        context.term()
