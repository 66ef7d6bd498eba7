"""Running a trial from outside: bytes in, verdict out, and an end to it in any case."""

import asyncio
import json
import sys
from typing import Final

from qkdctl.library.trial import CPU_S
from qkdctl.policy.failure import PolicyRejected

WALL_S: Final = 20.0
"""A machine under load needs a second or two to start an interpreter; the file itself is held to processor time."""

_XCPU = (-24, -9)

_HEARD_MAX: Final = 16 * 1024
"""Bytes that are kept of what a child says, which may be in the hands of the file by then."""


async def try_apart(data: bytes, wall_s: float = WALL_S) -> None:
    """Load and run a file in a child process under limits of memory and time.

    Args:
        data: content of the file.
        wall_s: time after which the child is killed.

    Raises:
        PolicyRejected: with the code of the check that failed; `time`, `cpu` or `crash` when the child said nothing.
    """
    command = (sys.executable, "-I", "-m", "qkdctl.library.trial")
    loop = asyncio.get_running_loop()
    process, child = await loop.subprocess_exec(lambda: _Child(loop), *command, env={}, cwd="/")
    try:
        async with asyncio.timeout(wall_s):
            stdin = process.get_pipe_transport(0)
            assert isinstance(stdin, asyncio.WriteTransport)
            stdin.write(data)
            stdin.write_eof()
            await asyncio.shield(child.over)
    except TimeoutError as error:
        raise PolicyRejected("time", f"the first run did not end within {wall_s:g} s") from error
    finally:
        process.close()  # kills it when it runs
        await child.over
    status = process.get_returncode()
    assert status is not None, "it is over"
    _judge(status, bytes(child.said[1]), bytes(child.said[2]))


class _Child(asyncio.SubprocessProtocol):
    """Keeps the beginning of what a child says, and knows when it is over."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.said = {1: bytearray(), 2: bytearray()}
        self.over: asyncio.Future[None] = loop.create_future()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.said[fd] += data[: _HEARD_MAX - len(self.said[fd])]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as the protocol
        self.over.set_result(None)


def _judge(status: int, said: bytes, errors: bytes) -> None:
    if status in _XCPU:
        raise PolicyRejected("cpu", f"the first run took more than {CPU_S} s of processor time")
    try:
        verdict = json.loads(said)
        code, text = str(verdict["code"]), str(verdict["text"])
    except (ValueError, KeyError, TypeError) as error:
        last = errors.decode(errors="replace").strip().rpartition("\n")[2]
        raise PolicyRejected("crash", f"the first run ended with status {status} ({last or 'no message'})") from error
    if code:
        raise PolicyRejected(code, text)
