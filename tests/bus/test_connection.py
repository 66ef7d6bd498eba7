"""A session that is cancelled ends, whatever it is doing."""

import asyncio
from typing import cast

import pytest

from qkdctl.bus.connection import MqttConnection, Outgoing, _Client


class Acknowledging:
    """The client library, as far as it waits for an acknowledgement."""

    refusal = ""

    def __init__(self) -> None:
        self.acknowledged = asyncio.Event()

    async def publish(self, *_: object, timeout: float) -> None:
        """Wait as the library does."""
        del timeout
        await asyncio.wait_for(self.acknowledged.wait(), 60)


@pytest.mark.asyncio
async def test_an_acknowledgement_does_not_hide_that_the_session_was_cancelled_meanwhile() -> None:
    client = Acknowledging()
    connection = MqttConnection(cast("_Client", client), 1.0)
    task = asyncio.create_task(connection.publish(Outgoing("topic", b"x", qos=0)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    client.acknowledged.set()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.asyncio
async def test_a_session_that_is_ending_still_says_good_bye() -> None:
    client = Acknowledging()
    connection = MqttConnection(cast("_Client", client), 1.0)
    said: list[str] = []

    async def session() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            client.acknowledged.set()
            await connection.publish(Outgoing("topic", b"x", qos=0))
            said.append("good-bye")

    task = asyncio.create_task(session())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert said == ["good-bye"]
