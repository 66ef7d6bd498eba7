"""How an MQTT broker is reached, wherever the configuration names one."""

from typing import Annotated

from pydantic import Field

from qkdctl.config.types import Derived, FilePath, Port, Secret, Section

TopicPrefix = Annotated[str, Field(pattern=r"^[^#+\s/]+(/[^#+\s/]+)*$")]


class TlsSection(Section):
    """Encryption; absent by default."""

    ca_file: FilePath | None = Field(
        default=None,
        description="authorities to trust; without it those of the system",
        examples=["/etc/qkdctl/ca.pem"],
    )
    certificate_file: FilePath | None = Field(
        default=None, description="certificate of this client", examples=["/etc/qkdctl/node.pem"]
    )
    key_file: Secret | None = Field(
        default=None, description="private key of that certificate", examples=["credential:mqtt-key"]
    )


class BrokerSection(Section):
    """One broker."""

    host: str = Field(default="127.0.0.1", min_length=1, description="broker")
    port: Annotated[Port, Derived("1883, with tls 8883")] = Field(description="TCP port of the broker", examples=[1883])
    username: str | None = Field(default=None, min_length=1, description="user at the broker", examples=["bench"])
    password_file: Secret | None = Field(
        default=None, description="password of that user", examples=["credential:mqtt-password"]
    )
    tls: TlsSection | None = None
