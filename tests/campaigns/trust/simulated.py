"""A simulated network whose nodes report to each other, and the state that they agree on."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from qkdctl_policies.environment.facts import link_table

from hil_sim.network.detection import CELLS
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.network import Network
from hil_sim.network.operation import Commands
from hil_sim.network.world import Epoch, NetworkWorld
from qkdctl.abft.quorum import Electorate, Member
from qkdctl.abft.snapshot import next_state
from qkdctl.evidence.accusations import accusations
from qkdctl.records.accusation import Accusation
from qkdctl.records.network import NetworkState
from qkdctl.records.report import EndReport, NodeReport
from qkdctl.records.session import BasisCounts, End, SessionRecord

EPOCH_S = 10.0
REALIGN_ABOVE_PPM = 40_000
ENDS: tuple[End, ...] = ("alice", "bob")


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
        self._blocks = np.zeros(len(network.link_names), dtype=np.int64)
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
        cut = epoch.changes.cut_blocks()
        self._blocks += cut
        ends: dict[str, list[EndReport]] = {name: [] for name in self.network.node_names}
        heard = dict.fromkeys(self.network.node_names, False)
        for link in range(len(self.network.link_names)):
            for number, end in enumerate(ENDS):
                name = self.network.node_names[self.network.ends[number, link]]
                present = bool(epoch.reports.present[number, link])
                heard[name] |= present
                ends[name].append(self._end(epoch, link, number, end, present=present))
        self._blocks += epoch.key.closed
        return [self._report(epoch.number, name, ends[name]) for name in sorted(ends) if heard[name]]

    def _report(self, number: int, name: str, ends: Sequence[EndReport]) -> NodeReport:
        lies = name in self.byzantine
        charges = () if lies else sorted((c for c in self._charges if c.node != name), key=lambda entry: entry.order)
        return NodeReport(
            node=name,
            epoch=number,
            wall_ms=number * round(1000 * EPOCH_S),
            policy="rule-based",
            devices=(),
            ends=tuple(sorted(ends, key=lambda entry: (entry.link, entry.end))),
            late=tuple(sorted(self._absent)),
            accusations=tuple(charges),
        )

    def _end(self, epoch: Epoch, link: int, number: int, end: End, *, present: bool) -> EndReport:
        operation, alice = self.world.operation, end == "alice"
        return EndReport(
            link=self.network.link_names[link],
            end=end,
            mode="running",
            protocol=PROTOCOLS[operation.protocol[link]],
            mean_photon_number_e6=int(operation.mean_photon_number_e6[link]),
            measured_mean_photon_number_e6=int(epoch.measured_e6[link]) if alice else 0,
            attenuation_mdb=0,
            age_ms=0,
            trusted=1,
            realigns=int(epoch.changes.realigned[link]),
            sessions=(self._session(epoch, link, number, end),) if present else (),
        )

    def _session(self, epoch: Epoch, link: int, number: int, end: End) -> SessionRecord:
        operation = self.world.operation
        protocol = PROTOCOLS[operation.protocol[link]]
        cells = CELLS[protocol]
        mean_e6 = int(operation.mean_photon_number_e6[link])
        ratios = self.network.links.ratios[:, link]
        tables = [
            getattr(epoch.reports, name)[number, :, :cells, link].tolist() for name in ("sent", "detected", "errors")
        ]
        duration_ms = round(1000 * EPOCH_S)
        return SessionRecord(
            link=self.network.link_names[link],
            end=end,
            sequence=epoch.number,
            block=int(self._blocks[link]),
            started_ms=epoch.number * duration_ms,
            duration_ms=duration_ms,
            protocol=protocol,
            pulses=int(epoch.counted.pulses[link]),
            mean_photon_numbers_e6=tuple(round(mean_e6 * float(ratio)) for ratio in ratios),
            z=_basis(tables, 0),
            x=_basis(tables, 1),
            secret_key_bits=int(epoch.key.proven_bits[link]),
            dead_ms=duration_ms - round(1000 * float(epoch.changes.live_s[link])),
        )

    def _remember(self, reports: Sequence[NodeReport]) -> None:
        present = {report.node for report in reports}
        self._absent = [name for name in self.network.node_names if name not in present]
        self._charges = {
            Accusation(node=name, kind="equivocation", epoch=reports[0].epoch, subject="")
            for name in self._equivocators
        }
        if self._float_tests:
            self._charges |= set(accusations("", reports, self.table, str(reports[0].epoch)))


def _basis(tables: Sequence[Any], basis: int) -> BasisCounts:
    sent, detected, errors = (tuple(table[basis]) for table in tables)
    return BasisCounts(sent=sent, detected=detected, errors=errors)
