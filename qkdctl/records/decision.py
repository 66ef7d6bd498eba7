"""What was decided in one epoch, and from what."""

from typing import Annotated

from pydantic import Field

from qkdctl.records.base import Count, PolicyId, Record
from qkdctl.records.plan import Plan

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Decision(Record):
    """The outcome of one epoch; with the reports behind the snapshot it can be replayed bit for bit.

    Attributes:
        snapshot_digest: digest of the agreed reports.
        state_digest: digest of the network state that followed from them.
        plan: what was decided.
        policy: the policy that was active; `plan.policy` names the baseline instead when that had to step in.
    """

    epoch: Count
    snapshot_digest: Digest
    state_digest: Digest
    plan: Plan
    policy: PolicyId
