"""Requests to a running simulation, without asyncio."""

import json
import socket
from pathlib import Path
from typing import Any

_PATIENCE_S = 10.0


def ask(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Send one request, as `hil_sim.control` takes them, and return the reply.

    Raises:
        OSError: when nobody listens at `path` or nobody answers.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE_S)
        connection.connect(str(path))
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as replies:
            line = replies.readline()
    if not line:
        raise ConnectionError("the simulator closed the connection without an answer")
    reply = json.loads(line)
    assert isinstance(reply, dict), f"the simulator answers with objects, got {reply!r}"
    return reply
