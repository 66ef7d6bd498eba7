"""The description of a network as values: one frozen model per table of network.toml."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from qkdctl.config.model import ShieldSection
from qkdctl.config.shared_figures import SharedFigures
from qkdctl.config.types import Derived, Expected, Name, Section, Sha256
from qkdctl.records.base import Name as RecordName
from qkdctl.records.base import PolicyId
from qkdctl.records.route import MOST_SHARES
from qkdctl.records.trust_rules import TrustRules
from qkdctl.secretsharing.shares import MOST_SHARES as MOST_MEMBERS

MemberName = Annotated[RecordName, Expected("the name of a member")]
InitialPolicy = Annotated[
    PolicyId,
    Field(pattern=r"^([0-9a-f]{64}|rule-based|hold)$"),
    Expected('"rule-based", "hold" or the SHA-256 of a policy file'),
]
Application = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\s/]+$")]


class NetworkTable(Section):
    """[network]: what the network is and how many of its members may lie."""

    name: Name = Field(description="name of the network, no member's", examples=["metro"])
    faults: int = Field(
        ge=0, le=(MOST_MEMBERS - 1) // 3, description="f, members that may lie; 3f + 1 members are needed", examples=[1]
    )
    epoch_s: float = Field(default=5.0, ge=1, le=60, description="length of an epoch in seconds")
    policy: InitialPolicy = Field(default="rule-based", description="policy to begin with; acts activate others")
    began_as: Sha256 | None = Field(
        default=None,
        description="digest of the description with which the network began, once this one has replaced it everywhere",
        examples=["0" * 64],
    )


class ActsTable(Section):
    """[acts]: what needs the word of several operators."""

    threshold: Annotated[int, Derived("f + 1")] = Field(
        ge=1, le=MOST_MEMBERS, description="k, nodes whose operators must approve an act; f + 1 to n - 2f", examples=[2]
    )
    lifetime_epochs: int = Field(default=720, ge=1, le=2**31, description="epochs after which an open act lapses")


class TimingTable(Section):
    """[timing]: how long nodes wait for each other. Two rounds fit an epoch by default."""

    report_s: Annotated[float, Derived("a fifth of epoch_s")] = Field(
        gt=0, le=600, description="seconds from the beginning of an epoch until reports are late", examples=[1.0]
    )
    round_s: Annotated[float, Derived("a fifth of epoch_s")] = Field(
        gt=0,
        le=600,
        description="seconds of round 0 at most; each further round may take twice as long, up to 32 times",
        examples=[1.0],
    )
    repeat_s: Annotated[float, Derived("a twentieth of epoch_s")] = Field(
        gt=0, le=600, description="seconds until messages are repeated for the first time", examples=[0.25]
    )
    repeat_most_s: Annotated[float, Derived("two fifths of epoch_s")] = Field(
        gt=0, le=600, description="seconds between repetitions at most", examples=[2.0]
    )


class MemberTable(Section):
    """[members.<name>]: one node."""

    sae: Annotated[Application, Derived("the name of the member")] = Field(
        description="SAE ID by which key managers know it", examples=["sae-north"]
    )
    kme: Application | None = Field(default=None, description="KME ID of its key manager", examples=["kme-north"])
    joins: bool = Field(default=False, description="no member from the beginning, but to be admitted by an act later")
    label: str | None = Field(default=None, min_length=1, max_length=200, description="for people", examples=["North"])
    latitude: float | None = Field(default=None, ge=-90, le=90, description="in degrees, for maps", examples=[48.2])
    longitude: float | None = Field(default=None, ge=-180, le=180, description="in degrees, for maps", examples=[16.4])


class DemandTable(Section):
    """[demands.<name>]: keys that two members want, over relays where no link joins them."""

    source: MemberName = Field(description="one end", examples=["north"])
    target: MemberName = Field(description="the other end", examples=["south"])
    bits: int = Field(ge=0, le=2**40, description="key wanted per epoch in bits", examples=[4096])
    colluding: int = Field(
        default=0, ge=0, lt=MOST_SHARES, description="relays that may tell each other what they read and learn nothing"
    )
    failing: int = Field(default=0, ge=0, lt=MOST_SHARES, description="paths that may fail at once")


class NetworkFile(Section):
    """A whole description, valid in itself."""

    network: NetworkTable
    acts: ActsTable
    timing: TimingTable
    trust: TrustRules = TrustRules()
    shield: ShieldSection = ShieldSection()
    members: Mapping[Name, MemberTable] = Field(min_length=1, max_length=MOST_MEMBERS, description="nodes by name")
    links: Mapping[Name, SharedFigures] = Field(default_factory=dict, description="QKD links by name")
    demands: Mapping[Name, DemandTable] = Field(default_factory=dict, description="wanted keys by name")
