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


async def try_apart(data: bytes, wall_s: float = WALL_S) -> None:
    """Load and run a file in a child process under limits of memory and time.

    Args:
        data: content of the file.
        wall_s: time after which the child is killed.

    Raises:
        PolicyRejected: with the code of the check that failed; `time`, `cpu` or `crash` when the child said nothing.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        "qkdctl.library.trial",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
        cwd="/",
    )
    try:
        async with asyncio.timeout(wall_s):
            said, errors = await child.communicate(data)
    except TimeoutError as error:
        raise PolicyRejected("time", f"the first run did not end within {wall_s:g} s") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    assert child.returncode is not None, "communicate waits for the end"
    _judge(child.returncode, said, errors)


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
