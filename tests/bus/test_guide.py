"""The broker of the guide: it starts, lets a node do its work, and nothing else."""

import re
from pathlib import Path

import pytest
import structlog

from qkdctl.bus.settings import MqttSettings, TlsSettings
from tests.bus.broker import MOSQUITTO, Broker
from tests.bus.certificates import make_certificates
from tests.bus.nodes import running_bus, until

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "mqtt.md"
pytestmark = pytest.mark.needs_mosquitto


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found
    return found[1]


@pytest.mark.asyncio
async def test_a_node_may_write_below_its_own_name_only(tmp_path: Path) -> None:
    if MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    authority = make_certificates(tmp_path)
    (tmp_path / "qkdctl.acl").write_text(block("acl"))
    (tmp_path / "qkdctl.acl").chmod(0o600)
    configuration = re.sub(r"/etc/mosquitto/(certs/)?", f"{tmp_path}/", block("conf"))
    configuration = configuration.replace("listener 8883\n", "").replace("set_tcp_nodelay true\n", "")
    broker = Broker(tmp_path, configuration)
    await broker.start()
    settings = MqttSettings(
        "127.0.0.1", broker.port, tls=TlsSettings(authority, tmp_path / "alice.pem", tmp_path / "alice.key")
    )
    try:
        async with running_bus(tmp_path / "alice", settings) as bus:
            messages = bus.subscribe("qkdctl/#")
            await bus.wait_for_connection()
            await bus.publish(bus.topics.device("voa"), b"mine", qos=1)
            await bus.publish("qkdctl/bob/cmd/rebirth", b"")
            await bus.publish("qkdctl/bob/availability", b"forged")
            await bus.publish(bus.topics.device("voa"), b"last", qos=1)
            await until(lambda: not bus._outbox.waiting)
            await bus.publish("qkdctl/alice/end", b"")
            seen = []
            async for message in messages:
                seen.append(message.topic.removeprefix("qkdctl/"))
                if message.topic.endswith("/end"):
                    messages.close()
        assert seen.count("alice/device/voa/state") == 2
        assert "bob/cmd/rebirth" in seen
        assert "bob/availability" not in seen
        with structlog.testing.capture_logs() as logs:
            async with running_bus(tmp_path / "mallory", settings, "mallory") as bus:
                await until(lambda: logs)
                assert not bus.connected
        assert logs[0]["error"] == "the broker refuses messages: Not authorized"
    finally:
        broker.kill()
