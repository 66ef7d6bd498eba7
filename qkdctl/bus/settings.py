"""How to reach an MQTT broker."""

import ipaddress
import math
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """Address, identity and habits of a broker session.

    Attributes:
        host, port: of the broker; 1883 is the usual port without TLS, 8883 with it.
        prefix: first part of all topics.
        client_id: identity at the broker, unique there; "" makes one from the name of the node.
        username, password_file: the file is read at every connection, so a new password needs no restart.
        ca_file: certificates to trust; its presence turns TLS on.
        certificate_file, key_file: identity of this node under TLS.
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
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    heartbeat_s: float = 2.0
    connect_timeout_s: float = 2.0
    backoff_first_s: float = 0.05
    backoff_limit_s: float = 0.5
    batch: int = 16
    inbound_capacity: int = 1000
    max_payload_bytes: int = 65_536

    def __post_init__(self) -> None:
        """Refuse what would be open or in the clear.

        Raises:
            ValueError: says which attribute and what to do.
        """
        if not self.prefix or self.prefix.strip("/") != self.prefix or any(sign in self.prefix for sign in "+#\0$"):
            raise ValueError(f"prefix {self.prefix!r}: expected levels without '+', '#' and '$', as in qkd/site-1")
        if (self.certificate_file or self.key_file) and not self.ca_file:
            raise ValueError("certificate_file and key_file need ca_file: without it the broker is not verified")
        if self.heartbeat_s <= 0 or not math.isfinite(self.heartbeat_s):
            raise ValueError(f"heartbeat_s {self.heartbeat_s}: expected a positive number of seconds")
        if self.on_loopback:
            return
        if not self.ca_file:
            raise ValueError(f"host {self.host}: set ca_file, because only a broker on this machine may go without TLS")
        if not (self.password_file or self.certificate_file):
            raise ValueError(f"host {self.host}: set password_file or certificate_file, only local access is anonymous")

    @property
    def on_loopback(self) -> bool:
        """Whether the broker runs on this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def keepalive_s(self) -> int:
        """After 1.5 of this the broker gives the node up; heartbeats come twice as often."""
        return max(1, math.ceil(2 * self.heartbeat_s))
