"""Documents about policy files."""

from typing import Annotated

from pydantic import Field

from qkdctl.api.models import Document, Shape


class PolicyEvent(Shape):
    """One step in the life of a file."""

    wall_ms: int
    step: str
    stage: str
    epoch: Annotated[int, Field(description="last decided epoch; 0 before the first")]
    why: str


class ShadowFigures(Shape):
    """How a policy in shadow has done since this process began."""

    epochs: int
    links: Annotated[int, Field(description="proposals that were compared with what was decided")]
    same: Annotated[int, Field(description="that end as what was decided, after the shield")]
    touched: Annotated[int, Field(description="that the shield changed")]
    margin: Annotated[int, Field(description="what the chosen actions are worth beyond holding, summed, 1/4096")]
    failures: Annotated[int, Field(description="epochs without usable values")]
    in_a_row: int
    failed_by: str
    latency_s: Annotated[float, Field(description="time for proposals, summed")]
    slowest_s: float


class PolicyCanary(Shape):
    """A combination of two policies."""

    base: Annotated[str, Field(description="decides for all other links, and for all once the time is over")]
    policy: Annotated[str, Field(description="decides for the links")]
    links: list[str]
    until: Annotated[int, Field(description="last epoch in which it does")]


class PolicyFile(Shape):
    """A file in the library, with its manifest."""

    name: str
    sha256: str
    size: int
    version: int
    signer: str
    signature: str
    stage: str
    code: Annotated[str, Field(description='the check that it failed; "" unless it is rejected')]
    events: Annotated[list[PolicyEvent], Field(description="oldest first")]
    canary: Annotated[PolicyCanary | None, Field(description="of a combination, which has no file")] = None
    shadow: Annotated[ShadowFigures | None, Field(description="in the list, of a policy in shadow")] = None


class Policies(Document):
    """What decides, and which policies are at this node."""

    epoch: int
    policy: Annotated[str, Field(description="identity of the one in force")]
    previous: Annotated[str, Field(description='what the network falls back to; "" when that is the rule-based one')]
    rolled_back: Annotated[list[str], Field(description="what the network fell back from")]
    ejected: bool
    at_hand: Annotated[bool, Field(description="whether this node has the one in force")]
    configured: Annotated[str, Field(description='identity of the one that the configuration names; "" without')]
    trusted_signers: list[str]
    files: list[PolicyFile]


class StagedPolicy(Document, PolicyFile):
    """A file after a command."""


class StagePolicy(Shape):
    """Request to take a file in."""

    data: Annotated[str, Field(description="content of the file, base64")]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="where there is no manifest")]
    manifest: Annotated[str, Field(max_length=4096, description='JSON of the manifest; "" without one')] = ""


class TryPolicy(Shape):
    """Request for a combination."""

    links: Annotated[list[str], Field(min_length=1, max_length=64, description="that the policy is to decide for")]
    until: Annotated[int, Field(ge=1, le=2**63 - 1, description="last epoch in which it does")]
    base: Annotated[str, Field(description='for all others; "" for the one in force')] = ""


class PolicyManifest(Shape):
    """What is said about a file outside of it."""

    name: str
    sha256: str
    size: int
    version: int
    signer: str
    signature: str


class PolicyContent(Document):
    """A file with its manifest."""

    manifest: PolicyManifest
    data: Annotated[str, Field(description="content of the file, base64")]
