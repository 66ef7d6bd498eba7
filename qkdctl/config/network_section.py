"""[network]: the network that this node decides in, and how it reaches and believes the other members."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from qkdctl.auth.claims import Claim
from qkdctl.auth.limits import Limits
from qkdctl.config.broker_section import BrokerSection, TopicPrefix
from qkdctl.config.types import DeviceName, Expected, FilePath, Name, Names, Secret, Section

KeyManagerUrl = Annotated[str, Field(pattern=r"^https://[^/@\s]+(/\S*)?$"), Expected('"https://host:port"')]


class KeyManagerSection(Section):
    """Where the keys shared with other members come from: the key manager of this node (ETSI GS QKD 014)."""

    url: KeyManagerUrl = Field(
        description="the part before /api/v1/keys; keys never travel over plain HTTP",
        examples=["https://127.0.0.1:8443"],
    )
    certificate_file: FilePath = Field(
        description="certificate of this node as a client, which names its SAE", examples=["/etc/qkdctl/keys/sae.pem"]
    )
    key_file: Secret = Field(description="private key of that certificate", examples=["/etc/qkdctl/keys/sae.key"])
    ca_file: FilePath = Field(
        description="authority that signed the certificate of the key manager", examples=["/etc/qkdctl/keys/ca.pem"]
    )
    timeout_s: float = Field(default=10.0, gt=0, le=600, description="seconds until a request counts as failed")


class NetworkSection(Section):
    """[network]: the other nodes; absent for a node that works alone.

    What all nodes have agreed on stands in the description, which is the same file at every node; what stands here is
    this node's own business. Keys come from key_directory or from [network.key_manager].
    """

    file: FilePath = Field(
        description="description of the network, the same at all nodes", examples=["/etc/qkdctl/network.toml"]
    )
    transport: Literal["mqtt", "in-process"] = Field(
        default="mqtt", description="how messages travel; in-process serves nodes that run in one process"
    )
    topic_prefix: TopicPrefix = Field(default="qkdctl", description="first levels of the topics between nodes")
    claim: Claim = Field(
        default="computational",
        description="what the operator claims of the agreement, judged by what this node knows; information-theoretic "
        "forbids HMAC when pads run out",
    )
    hybrid: Names = Field(
        default=(),
        description="members whose key shared with this node owes a part of its secrecy to a computational assumption",
    )
    key_router: DeviceName | None = Field(
        default=None,
        description="device that relays keys over this node, and gets those that end here",
        examples=["key-router"],
    )
    key_directory: FilePath | None = Field(
        default=None,
        description="files of keys, one for each member, as made by qkdctl network init",
        examples=["/etc/qkdctl/keys"],
    )
    key_files_from_qkd: bool = Field(
        default=False,
        description="the files hold key from QKD links; key of qkdctl network init comes from the machine's generator",
    )
    key_manager: KeyManagerSection | None = None
    brokers: Mapping[Name, BrokerSection] = Field(
        default_factory=dict, description="brokers, all used at the same time; without any, the one of [mqtt]"
    )

    @property
    def limits(self) -> Limits:
        """Bounds of the channels, without a fallback where the claim does not allow one."""
        return Limits(fallback=self.claim == "computational")

    def hybrid_among(self, peers: Collection[str]) -> tuple[str, ...]:
        """Members whose key owes a part of its secrecy to a computational assumption, such as a generator's."""
        from_generator = self.key_directory is not None and not self.key_files_from_qkd
        return tuple(peers) if from_generator else self.hybrid

    def pair_file(self, peer: str) -> Path:
        """Where the key shared with a member lies; only with `key_directory`."""
        assert self.key_directory is not None, "keys come from a key manager"
        return pair_file(self.key_directory, peer)


def pair_file(directory: Path, peer: str) -> Path:
    """Name of the file of key shared with a member."""
    return directory / f"{peer}.pair"
