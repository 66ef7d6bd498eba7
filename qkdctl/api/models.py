"""The shapes of all JSON documents of the API.

Rates and ratios of the status are plain floats for people; the epoch series has the integers that the node decided on.
A value that is not known is null, never zero.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

from qkdctl.api.facade import Event
from qkdctl.records.report import DeviceState, LinkMode

SCHEMA_VERSION: Final = 1


def _finite_or_none(value: object) -> object:
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        return None
    return value


Number = Annotated[float | None, BeforeValidator(_finite_or_none)]
Value = Annotated[bool | int | float | str | None, BeforeValidator(_finite_or_none)]
Ratio = Annotated[Number, Field(description="0 to 1")]


class Shape(BaseModel):
    """Base of all shapes; a member that is not declared is a mistake of the node, not an extension."""

    model_config = ConfigDict(extra="forbid")


class Document(Shape):
    """A whole reply. The version rises when a member changes its meaning or goes; new members do not raise it."""

    schema_version: Literal[1] = SCHEMA_VERSION


class Problem(Shape):
    """Why a request failed: what failed and where, what would have been right, what to do."""

    error: str
    expected: str = ""
    hint: str = ""


class AttributeState(Shape):
    """Last value of one attribute; a stale one is shown with its age, never as current."""

    value: Value
    unit: str = ""
    age_s: Number = None
    stale: bool
    set_point: Value = None
    limits: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = None
    writable: bool = False


class Device(Shape):
    """One instrument."""

    name: str
    driver: str
    kind: str
    state: DeviceState
    address: str
    identity: str
    failures: Annotated[int, Field(ge=0, description="failures since the start of the daemon")]
    last_error: str | None = None
    values: dict[str, AttributeState]


class Intervention(Shape):
    """Why the shield changed what the policy proposed."""

    code: str
    text: str


class Link(Shape):
    """One QKD link: settings, last measurements, last action."""

    name: str
    ends: Annotated[
        list[Literal["alice", "bob"]], Field(description="ends that stand at this node; only Alice's has light")
    ]
    mode: LinkMode
    mean_photon_number: Number
    measured_mean_photon_number: Number
    cap: Annotated[Number, Field(description="largest mean photon number allowed")]
    qber_z: Ratio
    qber_x: Ratio
    secret_key_rate_bps: Number
    sifted_rate_bps: Number
    loss_db: Number
    action: str | None
    interventions: list[Intervention]
    calibrated_at: Annotated[str | None, Field(description="ISO 8601, UTC; null before the first calibration")]
    age_s: Number


class Policy(Shape):
    """What decides."""

    kind: str
    name: str
    digest: str
    ejected: bool
    fallbacks: Annotated[int, Field(ge=0)]


class Alarm(Shape):
    """A condition that needs a person, with what can be done; latched until it is over and acknowledged."""

    id: str
    code: str
    severity: Literal["warning", "critical"]
    subject: str
    text: str
    hint: str = ""
    raised_ms: int
    cleared_ms: int | None = None
    acknowledged_ms: int | None = None
    acknowledged_by: str | None = None


class LedgerHead(Shape):
    """Where the hash chain stands."""

    sequence: int
    head: str


class AgreementSummary(Shape):
    """The agreement with the other nodes in one line; a node alone agrees with itself."""

    network: str
    members: Annotated[int, Field(ge=1)]
    faults: Annotated[int, Field(ge=0, description="f, members that may lie")]
    slack: Annotated[int, Field(ge=0, description="members beyond 3f + 1")]
    epoch: Annotated[int, Field(description="under way or next")]
    round: Annotated[int, Field(ge=0)]
    decided_s: Annotated[Number, Field(description="since the last decision; null before the first")]
    levels: Annotated[dict[str, int], Field(description="peers by the security level of their channel")]
    conditions: Annotated[list[str], Field(description="codes of what somebody should know")]


class Status(Document):
    """The whole node."""

    node: str
    version: str
    state: Literal["starting", "running", "observe-only", "stopping"]
    epoch: int
    uptime_s: float
    policy: Policy
    agreement: AgreementSummary
    devices: list[Device]
    links: list[Link]
    alarms: list[Alarm]
    ledger: LedgerHead
    complaints: list[str]


_PARTS: Mapping[str, type[Shape]] = {
    "devices": Device,
    "links": Link,
    "alarms": Alarm,
    "policy": Policy,
    "ledger": LedgerHead,
}


def event_value(event: Event) -> Any:
    """The value of an event in the shape that it has in the status."""
    if event.value is None or event.part not in _PARTS:
        return event.value
    return _PARTS[event.part].model_validate(event.value).model_dump(mode="json")


class DeviceList(Document):
    """All devices."""

    devices: list[Device]


class DeviceDocument(Document, Device):
    """One device."""


class LinkList(Document):
    """All links."""

    links: list[Link]


class LinkDocument(Document, Link):
    """One link."""


class EpochRecord(Shape):
    """One epoch of one link, in the integers on which the decision was made."""

    epoch: int
    ended_ms: int
    mean_photon_number_e6: int
    qber_z_ppm: int | None
    qber_x_ppm: int | None
    sifted_bits: int
    secret_key_bits: int
    action: str
    interventions: list[Intervention]


class History(Document):
    """The last epochs of a link, oldest first."""

    link: str
    epochs: list[EpochRecord]


class LedgerEntry(Shape):
    """One entry of the hash chain."""

    sequence: Annotated[int, Field(ge=0, description="0 for the genesis entry, then rising by one")]
    wall_ms: int
    kind: str
    payload: dict[str, Any]
    previous_hash: str
    hash: Annotated[str, Field(description="SHA-256 over the canonical encoding of all other members")]


class LedgerPage(Document):
    """Entries of the ledger, oldest first, and the head at the time of asking."""

    ledger: LedgerHead
    entries: list[LedgerEntry]
    reports: Annotated[
        dict[str, str], Field(description="if asked for: texts by digest of kept reports that these decisions count")
    ] = {}


class ConfigurationValue(Shape):
    """One effective value; `source` names file and line, environment variable, flag or default."""

    key: str
    value: Any
    source: str


class Configuration(Document):
    """The effective configuration, secrets redacted."""

    values: list[ConfigurationValue]


class AlarmList(Document):
    """Alarms that are raised or not yet acknowledged."""

    alarms: list[Alarm]


class SetAttribute(Shape):
    """Request to set one attribute; limits reject, they never clip."""

    value: Annotated[
        Annotated[bool, Field(strict=True)]
        | Annotated[int, Field(strict=True, ge=-(2**63), le=2**63 - 1)]
        | Annotated[FiniteFloat, Field(strict=True)]
        | Annotated[str, Field(strict=True, max_length=4096)],
        Field(union_mode="left_to_right"),
    ]
    dry_run: Annotated[bool, Field(strict=True, description="check only; nothing is sent")] = False


class AttributeChange(Document):
    """Outcome of a set: `new` is the read-back, or with `applied` false what would be set."""

    device: str
    attribute: str
    unit: str
    old: Value
    new: Value
    limits: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = None
    applied: bool


class ActionResult(Document):
    """Outcome of an action on a link, an alarm or the node."""

    subject: str
    text: Annotated[str, Field(description="one sentence for people")]
    details: dict[str, Any] = Field(default_factory=dict)


class Liveness(Document):
    """Whether the daemon does its work."""

    alive: bool
    complaints: list[str]


class Readiness(Document):
    """Whether the daemon has started all it needs."""

    ready: bool
