"""The configuration as values: one frozen model per section."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, PrivateAttr

from qkdctl.config.broker_section import BrokerSection, TopicPrefix
from qkdctl.config.device_section import DeviceSection
from qkdctl.config.link_section import LinkSection
from qkdctl.config.network_section import NetworkSection
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import DEFAULT, Origin, Problem
from qkdctl.config.shared_figures import to_e6
from qkdctl.config.types import (
    Derived,
    Expected,
    FileMode,
    FilePath,
    Name,
    Names,
    Port,
    Ppm,
    Secret,
    Section,
    Sha256,
    SignerKey,
)
from qkdctl.policy.shield_settings import ShieldSettings

if TYPE_CHECKING:
    from qkdctl.network.description import NetworkDescription


class NodeSection(Section):
    """[node]: this node and its epochs."""

    name: Name = Field(description="name of this node, unique in the network", examples=["bench"])
    state_directory: FilePath = Field(
        default=Path("/var/lib/qkdctl"), description="ledger, outbox, set-points, calibrations"
    )
    runtime_directory: FilePath = Field(default=Path("/run/qkdctl"), description="control socket")
    epoch_s: float = Field(default=5.0, ge=1, le=60, description="length of an epoch in seconds")
    observe_only: bool = Field(default=False, description="decide and show, but write to no instrument")
    no_plan_epochs_until_safe: int = Field(
        default=3, ge=1, le=1000, description="epochs without a legal plan after which the node goes to its safe state"
    )
    drivers_start_timeout_s: float = Field(
        default=30.0, gt=0, le=600, description='seconds that devices with on_start = "error" have to answer at start'
    )


class LoggingSection(Section):
    """[logging]: what the log shows."""

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least severity shown")
    format: Literal["auto", "console", "json"] = Field(
        default="auto", description="auto: console on a terminal, JSON otherwise"
    )


class RolesSection(Section):
    """[api.roles]: who may do what.

    An entry is a user name, "@group" or "*" for everybody whom the socket's mode lets in. Root and the daemon's own
    user always have every role; a role includes the lesser ones.
    """

    read: Names = Field(default=("*",), description="may see everything but secrets")
    operate: Names = Field(default=("@qkdctl",), description="may move instruments and links within their limits")
    admin: Names = Field(default=("@qkdctl",), description="may also reload the configuration")


class TcpSection(Section):
    """[api.tcp]: the API over TCP too; absent by default."""

    host: str = Field(default="127.0.0.1", min_length=1, description="address to listen on")
    port: Port = Field(description="TCP port", examples=[8470])
    token_file: Secret | None = Field(
        default=None,
        description="bearer token that every request must carry; obligatory unless host is a loopback address",
        examples=["credential:api-token"],
    )


class ApiSection(Section):
    """[api]: the HTTP interface of the daemon."""

    socket: Annotated[FilePath, Derived("qkdctl.sock in runtime_directory")] = Field(
        description="unix socket", examples=["/run/qkdctl/qkdctl.sock"]
    )
    socket_mode: FileMode = Field(default="0660", description="access mode of the socket, octal")
    roles: RolesSection = RolesSection()
    tcp: TcpSection | None = None


class MqttSection(BrokerSection):
    """[mqtt]: publishing of states and events; absent by default."""

    client_id: Annotated[str, Derived("qkdctl- and the name of the node")] = Field(
        min_length=1, max_length=64, description="client identifier, unique at the broker", examples=["qkdctl-bench"]
    )
    topic_prefix: TopicPrefix = Field(default="qkdctl", description="first levels of all topics")
    keepalive_s: int = Field(default=5, ge=1, le=3600, description="MQTT keep-alive in seconds")
    heartbeat_s: float = Field(
        default=1.0, ge=0.05, le=60, description="seconds between own beats; finds half-open connections"
    )
    outbox_limit: int = Field(
        default=100_000, ge=100, le=10_000_000, description="messages kept on disk while the broker is away"
    )


class PolicySection(Section):
    """[policy]: what decides."""

    kind: Annotated[Literal["onnx", "rule-based", "hold"], Derived("onnx with a file, else rule-based")] = Field(
        description="a trained policy, the built-in rules, or no changes at all", examples=["rule-based"]
    )
    file: FilePath | None = Field(default=None, description="policy to run", examples=["/etc/qkdctl/policy.onnx"])
    sha256: Sha256 | None = Field(default=None, description="refuse a file with another digest", examples=["0" * 64])
    trusted_keys: Annotated[
        tuple[SignerKey, ...],
        Field(strict=False),
        Expected("a list of NAME:HEX, each with the 64 hexadecimal digits of an Ed25519 public key"),
    ] = Field(default=(), description="signers of policies; with one or more, files that are staged must be signed")


class ShieldSection(Section):
    """[shield]: what no policy may do."""

    maximum_step: float = Field(
        default=1.35, gt=1, le=10, description="largest factor by which the mean photon number may rise in one epoch"
    )
    qber_margin_ppm: Ppm = Field(
        default=10_000, description="no rise of power when the error rate is this near to its limit, in ppm"
    )
    stale_after_epochs: int = Field(
        default=2, ge=1, le=1000, description="no rise of power when the newest session record is older than this"
    )
    minimum_dwell_epochs: int = Field(
        default=12, ge=0, le=100_000, description="epochs for which a link keeps a protocol at least"
    )
    switch_budget_per_hour: int = Field(default=4, ge=0, le=3600, description="changes of protocol per link and hour")
    switch_share_ppm: Ppm = Field(
        default=250_000, description="share of all links that may change protocol in one epoch, at least one link"
    )
    realign_rest_epochs: int = Field(
        default=10, ge=0, le=100_000, description="epochs between two re-alignments of a link at least"
    )
    realign_budget_per_hour: int = Field(default=120, ge=0, le=3600, description="re-alignments per link and hour")

    def settings(self, epoch_s: float) -> ShieldSettings:
        """As the shield takes them, with epochs of so many seconds."""
        return ShieldSettings(
            max_raise_ppm=to_e6(self.maximum_step) - 1_000_000,
            qber_margin_ppm=self.qber_margin_ppm,
            stale_after_ms=round(1000 * epoch_s * self.stale_after_epochs),
            switches_per_hour=self.switch_budget_per_hour,
            switch_share_ppm=self.switch_share_ppm,
            realign_rest_epochs=self.realign_rest_epochs,
            realigns_per_hour=self.realign_budget_per_hour,
        )


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the values of a configuration come from.

    Attributes:
        files: read, in this order.
        origins: per key path that some source sets; all others are defaults.
        warnings: problems that do not forbid its use.
        description: what `network.file` says; None without [network].
    """

    files: tuple[Path, ...] = ()
    origins: Mapping[KeyPath, Origin] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[Problem, ...] = ()
    description: "NetworkDescription | None" = None


class Config(Section):
    """A whole configuration, valid in itself."""

    node: NodeSection
    logging: LoggingSection = LoggingSection()
    api: ApiSection
    mqtt: MqttSection | None = None
    network: NetworkSection | None = None
    policy: PolicySection
    shield: ShieldSection = ShieldSection()
    devices: Mapping[Name, DeviceSection] = Field(default_factory=dict, description="instruments by name")
    links: Mapping[Name, LinkSection] = Field(default_factory=dict, description="QKD links by name")

    _provenance: Provenance = PrivateAttr(default_factory=Provenance)

    def model_post_init(self, context: Any, /) -> None:
        """Take the provenance from the validation context."""
        if isinstance(context, Provenance):
            self._provenance = context

    @property
    def provenance(self) -> Provenance:
        """Files, origins and warnings of what `load` returned; empty for a configuration made in code."""
        return self._provenance

    @property
    def description(self) -> "NetworkDescription | None":
        """The network as all its nodes have agreed on it; None for a node that works alone."""
        return self._provenance.description

    def origin(self, path: KeyPath) -> Origin:
        """Where a value comes from."""
        return self._provenance.origins.get(path, DEFAULT)
