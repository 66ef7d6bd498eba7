"""Control of something that runs over a unix socket: one line of JSON per request and per reply.

A request is `{"verb": ..., ...}`; a reply is `{"ok": true, ...}` or `{"ok": false, "error": ...}`.
"""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

Handler: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
"""Does what a request wants and returns the rest of the reply; ValueError and TypeError become its `error`."""


async def serve_control(verbs: Mapping[str, Handler], path: Path) -> asyncio.Server:
    """Listen for requests at `path`, readable and writable by the owner only.

    Raises:
        OSError: when another simulator listens there, or the path cannot be used.
    """
    listener = _bind(path)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await _answer(verbs, line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    return await asyncio.start_unix_server(converse, sock=listener)


async def _answer(verbs: Mapping[str, Handler], line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
        return {"ok": True, **await verbs[request["verb"]](request)}
    except KeyError as error:
        return {"ok": False, "error": f"the request lacks {error} or asks for an unknown verb"}
    except (ValueError, TypeError) as error:
        return {"ok": False, "error": str(error)}


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
