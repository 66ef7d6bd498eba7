"""What was decided in one epoch: the payload of an agreed value."""

from typing import Annotated

from pydantic import Field

from qkdctl.records.base import Count, PolicyId, Record
from qkdctl.records.plan import Plan
from qkdctl.records.relay_audits import RelayAudits
from qkdctl.records.report import Flag
from qkdctl.records.route import RoutePlan

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Decision(Record):
    """The outcome of one epoch; from the reports behind it all can be recomputed but what the policy proposed.

    Attributes:
        state: digest of the network state that followed from the reports.
        book: digest of the acts after this epoch.
        plan: settings of all links.
        policy: the policy that was active; `plan.policy` names the baseline instead when that had to step in.
        failed: 1 when the active policy gave nothing.
        routes: of the keys that nodes relay, sorted by demand.
        audits: relayed keys that failed and are to be opened in the next reports.
    """

    epoch: Count
    state: Digest
    book: Digest
    plan: Plan
    policy: PolicyId
    failed: Flag
    routes: tuple[RoutePlan, ...]
    audits: RelayAudits = RelayAudits()
