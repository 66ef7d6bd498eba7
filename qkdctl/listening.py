"""The end of a server, with nothing lost of what it was about to accept."""

import asyncio

# A connection that was accepted becomes a task, the task makes the transport, and the transport tells its protocol.
_TURNS_TO_ACCEPT = 3


async def end_listening(*servers: asyncio.Server) -> None:
    """Close servers; returns when every connection that they accepted is known to its protocol.

    A server of asyncio trips over a connection that it accepted in the very turn of the loop in which it is closed:
    nobody serves that connection and nobody closes it (CPython issue 109564). So the ports stop accepting first.

    Args:
        servers: of the running loop; one that is closed already stays so.
    """
    loop = asyncio.get_running_loop()
    for server in servers:
        for listener in server.sockets:
            loop.remove_reader(listener)
    for _ in range(_TURNS_TO_ACCEPT):
        await asyncio.sleep(0)
    for server in servers:
        server.close()
