"""What every honest node knows after a decision, to the last integer."""

from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.watch import PolicyWatch
from qkdctl.records.act import ActBook
from qkdctl.records.base import Count, Record
from qkdctl.records.network import NetworkState
from qkdctl.records.relay_audits import RelayAudits
from qkdctl.records.report import Flag
from qkdctl.records.route import RoutePlan


class AgreedState(Record):
    """The agreed state after one epoch; the next decision follows from it and from the reports that count.

    Attributes:
        network: links and nodes.
        shield: what the shield remembers of earlier plans.
        failures: epochs in a row in which the active policy gave nothing.
        ejected: 1 once it failed too often; the baseline decides until another one is activated.
        book: acts, members and f.
        routes: of the keys that nodes relay, sorted by demand.
        watch: what must be known to judge the policy in force.
        audits: relayed keys that failed and are to be opened in the next reports.
    """

    network: NetworkState
    shield: ShieldHistory
    failures: Count
    ejected: Flag
    book: ActBook
    routes: tuple[RoutePlan, ...]
    audits: RelayAudits = RelayAudits()
    watch: PolicyWatch = PolicyWatch()
