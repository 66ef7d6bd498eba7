"""A simulated network whose nodes report to each other, and the state that they agree on."""

from collections.abc import Collection, Sequence

import numpy as np
from qkdctl_policies.environment.facts import link_table
from qkdctl_policies.experiments.node_reports import Remarks, ReportDesk

from hil_sim.network.network import Network
from hil_sim.network.operation import Commands
from hil_sim.network.world import Epoch, NetworkWorld
from qkdctl.abft.quorum import Electorate, Member
from qkdctl.abft.snapshot import next_state
from qkdctl.evidence.accusations import accusations
from qkdctl.records.accusation import Accusation
from qkdctl.records.network import NetworkState
from qkdctl.records.report import NodeReport

EPOCH_S = 10.0
REALIGN_ABOVE_PPM = 40_000


class Simulated:
    """One network and the nodes of it, epoch by epoch.

    A link whose agreed error rate is high is re-aligned. Whoever sent two reports in an epoch is accused of it by all
    that do not in the next one, as is whoever the float tests find; whoever sent none is called late.

    Args:
        network: with its adversaries.
        faults: f.
        seed: of the story.
        equivocators: nodes that send two reports in every epoch, by name.
        float_tests: whether nodes run the float tests.

    Attributes:
        state: after the last epoch.
        byzantine: names of the nodes that ever misbehave.
    """

    def __init__(
        self,
        network: Network,
        faults: int,
        seed: int,
        *,
        equivocators: Collection[str] = (),
        float_tests: bool = False,
    ) -> None:
        self.network = network
        self.world = NetworkWorld([network], [seed], epoch_s=EPOCH_S)
        self.table = link_table(network, EPOCH_S)
        self.electorate = Electorate.equal(network.node_names, faults)
        self.state: NetworkState | None = None
        self.byzantine = {
            *equivocators,
            *(name for name, bad in zip(network.node_names, self.world.misconduct.byzantine, strict=True) if bad),
        }
        self._equivocators = equivocators
        self._float_tests = float_tests
        self._desk = ReportDesk(network, self.world, self.byzantine)
        self._charges: set[Accusation] = set()
        self._absent: list[str] = []

    @property
    def honest(self) -> list[str]:
        """Nodes that never misbehave."""
        return [name for name in self.network.node_names if name not in self.byzantine]

    def scores(self) -> dict[str, int]:
        """Score of each node, ppm."""
        assert self.state is not None
        return {entry.node: entry.score_ppm for entry in self.state.standings}

    def trust(self) -> dict[str, int]:
        """Trust in each node, ppm."""
        assert self.state is not None
        return {entry.node: entry.trust_ppm for entry in self.state.standings}

    def blamed(self) -> dict[str, list[str]]:
        """Causes of the verdicts of the last epoch that lower a score, by node."""
        assert self.state is not None
        found: dict[str, list[str]] = {}
        for verdict in self.state.verdicts:
            if verdict.cause != "suspicion":
                found.setdefault(verdict.node, []).append(verdict.cause)
        return found

    def step(self) -> NetworkState:
        """One epoch."""
        trust = None if self.state is None else np.array([self.trust()[name] / 1e6 for name in self.network.node_names])
        reports = self._reports(self.world.step(self._commands(), trust))
        self.state = next_state(self.state, reports, self.table, self.electorate)
        self._remember(reports)
        scores = self.scores()
        members = tuple(Member(name, scores[name]) for name in self.electorate.names)
        self.electorate = Electorate(members, self.electorate.faults)
        return self.state

    def _commands(self) -> Commands:
        commands = self.world.holding()
        if self.state is not None:
            wild = {link.link for link in self.state.links if link.valid and link.qber_z.level > REALIGN_ABOVE_PPM}
            commands.realign[:] = [name in wild for name in self.network.link_names]
        return commands

    def _reports(self, epoch: Epoch) -> list[NodeReport]:
        nothing_refused = np.zeros(len(self.network.link_names), dtype=np.bool_)
        return self._desk.reports(epoch, nothing_refused, Remarks(late=self._absent, accusations=self._charges))

    def _remember(self, reports: Sequence[NodeReport]) -> None:
        present = {report.node for report in reports}
        self._absent = [name for name in self.network.node_names if name not in present]
        self._charges = {
            Accusation(node=name, kind="equivocation", epoch=reports[0].epoch, subject="")
            for name in self._equivocators
        }
        if self._float_tests:
            self._charges |= set(accusations("", reports, self.table, str(reports[0].epoch)))
