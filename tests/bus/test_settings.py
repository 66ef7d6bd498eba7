"""What is refused before any broker is asked."""

from pathlib import Path

import pytest

from qkdctl.bus.settings import MqttSettings


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9"])
def test_local_brokers_may_be_anonymous_and_in_the_clear(host: str) -> None:
    assert MqttSettings(host).on_loopback


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"host": "broker"}, "set ca_file"),
        ({"host": "10.0.0.1", "username": "u", "password_file": Path("p")}, "set ca_file"),
        ({"host": "10.0.0.1", "ca_file": Path("c")}, "set password_file or certificate_file"),
        ({"host": "127.0.0.1", "certificate_file": Path("c")}, "need ca_file"),
        ({"host": "127.0.0.1", "prefix": "a/+"}, "without '[+]'"),
        ({"host": "127.0.0.1", "prefix": "/a"}, "prefix '/a'"),
        ({"host": "127.0.0.1", "prefix": ""}, "prefix"),
        ({"host": "127.0.0.1", "heartbeat_s": 0.0}, "heartbeat_s 0.0"),
    ],
)
def test_open_doors_are_refused(attributes: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        MqttSettings(**attributes)  # type: ignore[arg-type]


def test_a_remote_broker_with_tls_and_identity() -> None:
    settings = MqttSettings("broker", ca_file=Path("ca"), password_file=Path("p"), username="u", heartbeat_s=5.0)
    assert not settings.on_loopback
    assert settings.keepalive_s == 10
