"""The example of access rights: Mosquitto lets a node write to its peers in its own name only."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio
import structlog

from qkdctl.bus.settings import MqttSettings
from tests.bus.broker import MOSQUITTO, Broker
from tests.bus.certificates import user_line
from tests.bus.nodes import until
from tests.bus.pairs import connected, mqtt_pairs, peer, running

pytestmark = pytest.mark.needs_mosquitto
REPOSITORY = Path(__file__).parents[2]
RIGHTS = (REPOSITORY / "config" / "mosquitto-acl.example").read_text()


@pytest_asyncio.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Broker]:
    """A broker with the example's rights, for users whose password is their name."""
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    (tmp_path / "users").write_text("".join(user_line(name, name) for name in ("alice", "bob", "mallory")))
    (tmp_path / "acl").write_text(RIGHTS)
    for name in ("users", "acl"):
        (tmp_path / name).chmod(0o600)
    for name in ("alice", "bob", "mallory"):
        (tmp_path / f"{name}.password").write_text(name)
    broker = Broker(tmp_path, f"password_file {tmp_path / 'users'}\nacl_file {tmp_path / 'acl'}\npersistence false")
    await broker.start()
    yield broker
    broker.kill()


def settings(broker: Broker, folder: Path, user: str) -> MqttSettings:
    return MqttSettings("127.0.0.1", broker.port, username=user, password_file=folder / f"{user}.password")


@asynccontextmanager
async def logged_in(broker: Broker, user: str) -> AsyncIterator[aiomqtt.Client]:
    async with aiomqtt.Client(
        "127.0.0.1", broker.port, username=user, password=user, protocol=aiomqtt.ProtocolVersion.V5
    ) as client:
        yield client


@pytest.mark.asyncio
async def test_nobody_writes_in_the_name_of_another(guarded: Broker, tmp_path: Path) -> None:
    nodes = {
        me: mqtt_pairs(("alice", "bob", "mallory"), {"east": settings(guarded, tmp_path, me)})[me]
        for me in ("alice", "bob")
    }
    async with running(nodes.values()), logged_in(guarded, "mallory") as mallory:
        await connected(nodes, "east")
        for topic in ("qkdctl/metro/pair/alice/bob", "qkdctl/rural/pair/alice/bob", "qkdctl/metro/pair/bob/bob"):
            await mallory.publish(topic, b"forged", qos=1)
        await mallory.publish("qkdctl/metro/pair/mallory/bob", b"mine", qos=1)
        nodes["alice"].send("bob", b"real")
        await until(lambda: peer(nodes["bob"], "alice").received and peer(nodes["bob"], "mallory").received)
        messages = nodes["bob"].received()
        seen = {(incoming.sender, incoming.data) for incoming in [await anext(messages) for _ in range(2)]}
    assert seen == {("alice", b"real"), ("mallory", b"mine")}


@pytest.mark.asyncio
async def test_a_node_that_shows_a_wrong_name_does_not_count_as_connected(guarded: Broker, tmp_path: Path) -> None:
    """Refusals of what goes to peers are silent; that of the sign of life is not."""
    nodes = mqtt_pairs(("alice", "bob"), {"east": settings(guarded, tmp_path, "mallory")})
    with structlog.testing.capture_logs() as logs:
        async with running([nodes["alice"]]):
            await until(lambda: logs)
            assert not nodes["alice"].status()[0].connected
    assert logs[0]["error"] == "the broker refuses messages: Not authorized"


def test_the_guide_shows_the_same_rights() -> None:
    guide = (REPOSITORY / "docs" / "guides" / "mqtt.md").read_text()
    (shown,) = re.findall(r"```acl\n(.*?)```", guide, re.DOTALL)
    rights = [line for line in RIGHTS.splitlines() if line and not line.startswith("#")]
    assert shown.splitlines() == rights
