"""Control by what all nodes decide together: the function of the daemon, fed with the reports of all nodes.

That honest nodes agree on the reports that count is taken for granted here; `hil_sim.agreement` is about that.
"""

import numpy as np

from hil_sim.network.world import NetworkWorld
from qkdctl.abft.chain import Chain
from qkdctl.abft.messages import digest_of
from qkdctl.abft.quorum import EXCLUDED_BELOW_PPM, Electorate
from qkdctl.abft.value import Entry, Value
from qkdctl.agreement.application import NodeApplication, Terms
from qkdctl.evidence.accusations import accusations
from qkdctl.policy.proposal import Policy
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.accusation import Accusation
from qkdctl.records.act import ActBook
from qkdctl_policies.experiments.control import Seen, Steering, commands_of
from qkdctl_policies.experiments.node_reports import Remarks, ReportDesk
from qkdctl_policies.experiments.stage import Stage

_LIFETIME_EPOCHS = 1


class AgreedControl:
    """One honest node stands for all: each of them computes the same.

    Args:
        stage: of the cell.
        policy: in force from the beginning.
        world: to control.
    """

    def __init__(self, stage: Stage, policy: Policy, world: NetworkWorld) -> None:
        self._stage = stage
        self._desk = ReportDesk(stage.network, world, stage.byzantine, stage.lies)
        self._policy = policy
        book = ActBook(
            members=stage.members,
            faults=stage.faults,
            threshold_wish=stage.faults + 1,
            lifetime_epochs=_LIFETIME_EPOCHS,
            policy=policy.identity,
        )
        terms = Terms(stage.table, ShieldSettings(), stage.demands, book)
        known = {policy.identity: policy}
        self._application = NodeApplication(lambda: terms, known.get, None)
        self._chain = Chain.beginning(Electorate.equal(stage.members, stage.faults))
        self._late: list[str] = []
        self._charges: tuple[Accusation, ...] = ()

    def decide(self, seen: Seen) -> Steering:
        """The plan and the routes of the decision of this epoch."""
        remarks = Remarks(self._application.running, self._late, self._charges, seen.views, seen.tallies)
        reports = self._desk.reports(seen.epoch, seen.refused, remarks)
        texts = {report.node: self._application.text_of(report) for report in reports}
        chain = self._chain
        outcome = self._application.decide(chain, texts)
        digests = tuple(sorted((node, digest_of(text)) for node, text in texts.items()))
        entry = Entry(chain, Value(chain.epoch, chain.previous, digests, outcome), texts)
        decision, state = self._application.after(entry)
        self._application.advance(state)
        self._chain = entry.next_chain
        self._late = [name for name in self._stage.members if name not in texts]
        self._charges = accusations("", reports, self._stage.table, entry.value.digest)
        trust = {node.node: min(node.score_ppm, node.trust_ppm) for node in state.network.standings}
        return Steering(
            commands=commands_of(decision.plan, seen.world, self._stage.network),
            routes=decision.routes,
            cases=decision.audits.cases,
            trust=np.array([trust.get(name, 0) / 1e6 for name in self._stage.network.node_names]),
            excluded=frozenset(name for name, ppm in trust.items() if ppm < EXCLUDED_BELOW_PPM),
        )
