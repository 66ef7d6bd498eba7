"""A node that lives until it is killed: run by the tests as a process of its own."""

import asyncio
import sys
from pathlib import Path

from qkdctl.bus.settings import MqttSettings
from tests.bus.nodes import running_bus


async def main(port: int, directory: Path, heartbeat_s: float) -> None:
    """Stay connected for ever."""
    settings = MqttSettings("127.0.0.1", port, prefix="qkd/test", heartbeat_s=heartbeat_s)
    async with running_bus(directory, settings) as bus:
        await bus.wait_for_connection()
        await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))
