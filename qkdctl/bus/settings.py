"""How to reach an MQTT broker."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """Encryption; the name of the broker is always checked against its certificate.

    Attributes:
        ca_file: authorities to trust; None trusts those of the system.
        certificate_file, key_file: identity of this node; None leaves it to the password.
    """

    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """Address, identity and habits of a broker session; values come checked from the configuration.

    Attributes:
        host, port: of the broker.
        prefix: first levels of all topics.
        client_id: identity at the broker, unique there; "" makes one from the name of the node.
        username, password_file: the file is read at every connection, so a new password needs no restart.
        tls: None goes in the clear.
        keepalive_s: after 1.5 of this without a sign of life the broker publishes the will.
        heartbeat_s: period of the heartbeat; a link that went dead silently is noticed within 1.5 of it.
        connect_timeout_s: limit for each of connecting, TLS and the broker's answer.
        backoff_first_s, backoff_limit_s: bounds of the delay between connection attempts.
        batch: messages under way at the same time; brokers allow 20 or more.
        inbound_capacity: messages that a reader may be behind.
        max_payload_bytes: larger messages are refused.
    """

    host: str
    port: int = 1883
    prefix: str = "qkdctl"
    client_id: str = ""
    username: str | None = None
    password_file: Path | None = None
    tls: TlsSettings | None = None
    keepalive_s: int = 5
    heartbeat_s: float = 1.0
    connect_timeout_s: float = 2.0
    backoff_first_s: float = 0.05
    backoff_limit_s: float = 0.5
    batch: int = 16
    inbound_capacity: int = 1000
    max_payload_bytes: int = 65_536
