"""A HiSLIP server (IVI-6.1) small enough for a test: one instrument, one client, no overlap."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from qkdctl.listening import end_listening

_HEADER = struct.Struct("!2sBBIQ")
_INITIALIZE, _INITIALIZE_RESPONSE = 0, 1
_DATA, _DATA_END = 6, 7
_MAX_SIZE, _MAX_SIZE_RESPONSE = 15, 16
_ASYNC_INITIALIZE, _ASYNC_INITIALIZE_RESPONSE = 17, 18


@asynccontextmanager
async def hislip_server(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[str]:
    """Serve; `answer` gives the reply to a message, None for silence. Yields the VISA resource."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def send(kind: int, parameter: int = 0, payload: bytes = b"") -> None:
            writer.write(_HEADER.pack(b"HS", kind, 0, parameter, len(payload)) + payload)

        try:
            while True:
                _, kind, _, parameter, length = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                payload = await reader.readexactly(length)
                if kind == _INITIALIZE:
                    send(_INITIALIZE_RESPONSE, 0x0100_0001)
                elif kind == _ASYNC_INITIALIZE:
                    send(_ASYNC_INITIALIZE_RESPONSE)
                elif kind == _MAX_SIZE:
                    send(_MAX_SIZE_RESPONSE, 0, payload)
                elif kind in (_DATA, _DATA_END):
                    reply = answer(payload)
                    if reply is not None:
                        send(_DATA_END, parameter, reply)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda _: writer.transport.abort())

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"TCPIP::127.0.0.1::hislip0,{server.sockets[0].getsockname()[1]}::INSTR"
    finally:
        await end_listening(server)
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
