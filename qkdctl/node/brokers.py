"""From configured brokers to settings of sessions."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from qkdctl.bus.settings import MqttSettings, TlsSettings
from qkdctl.config.broker_section import BrokerSection
from qkdctl.config.model import Config, MqttSection
from qkdctl.config.secrets import secret_path
from qkdctl.config.types import SecretReference


def mqtt_settings(section: MqttSection, environment: Mapping[str, str]) -> MqttSettings:
    """Settings of the session that publishes.

    Raises:
        SecretError: a credential is wanted and the service manager passed none.
    """
    return replace(
        _reached(section, section.topic_prefix, environment),
        client_id=section.client_id,
        keepalive_s=section.keepalive_s,
        heartbeat_s=section.heartbeat_s,
    )


def pair_brokers(config: Config, environment: Mapping[str, str]) -> dict[str, MqttSettings]:
    """Brokers between the nodes of a network, by name: those of [network], or else the one of [mqtt].

    Args:
        config: with [network].
        environment: has $CREDENTIALS_DIRECTORY.

    Raises:
        SecretError: a credential is wanted and the service manager passed none.
    """
    section = config.network
    assert section is not None, "a node alone has nobody to reach"
    if section.brokers or config.mqtt is None:
        brokers = sorted(section.brokers.items())
        return {name: _reached(broker, section.topic_prefix, environment) for name, broker in brokers}
    return {"mqtt": replace(mqtt_settings(config.mqtt, environment), prefix=section.topic_prefix)}


def _reached(section: BrokerSection, prefix: str, environment: Mapping[str, str]) -> MqttSettings:
    def file(reference: SecretReference | None) -> Path | None:
        return None if reference is None else secret_path(reference, environment)

    tls = section.tls
    return MqttSettings(
        host=section.host,
        port=section.port,
        prefix=prefix,
        username=section.username,
        password_file=file(section.password_file),
        tls=None if tls is None else TlsSettings(tls.ca_file, tls.certificate_file, file(tls.key_file)),
    )
