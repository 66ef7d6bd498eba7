"""Control of a running simulation over a unix socket: one line of JSON per request and per reply.

A request is `{"verb": "fault", "instrument": ..., "kind": ..., "seconds": ..., "replies": ..., "size": ...}` (the last
three may be left out) or `{"verb": "addresses"}`; a reply is `{"ok": true, ...}` or `{"ok": false, "error": ...}`.
"""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from hil_sim.disturbance import Disturbance
from hil_sim.simulation import Simulation

_Handler = Callable[[Simulation, Mapping[str, Any]], Awaitable[dict[str, Any]]]


async def serve_control(simulation: Simulation, path: Path) -> asyncio.Server:
    """Listen for requests at `path`, readable and writable by the owner only.

    Raises:
        OSError: when another simulator listens there, or the path cannot be used.
    """
    listener = _bind(path)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await _answer(simulation, line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    return await asyncio.start_unix_server(converse, sock=listener)


async def _answer(simulation: Simulation, line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
        return {"ok": True, **await _VERBS[request["verb"]](simulation, request)}
    except KeyError as error:
        return {"ok": False, "error": f"the request lacks {error} or asks for an unknown verb"}
    except (ValueError, TypeError) as error:
        return {"ok": False, "error": str(error)}


async def _fault(simulation: Simulation, request: Mapping[str, Any]) -> dict[str, Any]:
    what = Disturbance(request["kind"], request.get("seconds"), request.get("replies"), request.get("size"))
    await simulation.fault(request["instrument"], what)
    return {}


async def _addresses(simulation: Simulation, _request: Mapping[str, Any]) -> dict[str, Any]:
    return {"addresses": simulation.addresses}


_VERBS: dict[str, _Handler] = {"fault": _fault, "addresses": _addresses}


def _bind(path: Path) -> socket.socket:
    """A socket at `path` for its owner only; one that a simulator left behind is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_abandoned(path)
        listener.bind(str(path))
        path.chmod(0o600)
    except OSError:
        listener.close()
        raise
    return listener


def _remove_abandoned(path: Path) -> None:
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise OSError(f"another simulator listens at {path}; stop it, or choose another path with --control")
    path.unlink()
