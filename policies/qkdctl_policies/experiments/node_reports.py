"""What the nodes of a simulated network report to each other of an epoch, forged or not, as `NodeReport`s."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.detection import CELLS
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.network import Network
from hil_sim.network.world import Epoch, NetworkWorld
from qkdctl.records.accusation import Accusation
from qkdctl.records.path_tally import PathTally
from qkdctl.records.relay import RelayView
from qkdctl.records.report import EndReport, NodeReport
from qkdctl.records.session import BasisCounts, End, SessionRecord

_ENDS: Final[tuple[End, ...]] = ("alice", "bob")


@dataclass(frozen=True, slots=True)
class Remarks:
    """What nodes say besides their counts.

    Attributes:
        policy: the policy that they run.
        late: nodes that sent no report in the epoch before.
        accusations: of honest nodes, each of others than itself.
        views, tallies: of relayed keys, by node.
    """

    policy: str = "rule-based"
    late: Collection[str] = ()
    accusations: Collection[Accusation] = ()
    views: Mapping[str, tuple[RelayView, ...]] = field(default_factory=dict)
    tallies: Mapping[str, tuple[PathTally, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lies:
    """What Byzantine nodes say besides forged counts, which the world has forged already.

    Attributes:
        key_permille: of the key that their links made.
        accuses: whether each accuses all others.
        start_epoch: the first epoch of it.
    """

    key_permille: int = 1000
    accuses: bool = False
    start_epoch: int = 0


class ReportDesk:
    """Writes the reports of all nodes of one network.

    Args:
        network: the only one of the world.
        world: where it lives.
        byzantine: nodes that accuse nobody of what they saw.
        lies: what they say.
    """

    def __init__(
        self, network: Network, world: NetworkWorld, byzantine: Collection[str], lies: Lies | None = None
    ) -> None:
        self._network = network
        self._world = world
        self._byzantine = frozenset(byzantine)
        self._lies = lies or Lies()
        self._blocks = np.zeros(len(network.link_names), dtype=np.int64)
        self._key_bits = np.zeros_like(self._blocks)

    def reports(self, epoch: Epoch, refused: NDArray[np.bool_], remarks: Remarks) -> list[NodeReport]:
        """Of all nodes that send one, sorted by node. Epochs are to be given in order, each once.

        Args:
            epoch: the truth, and what liars make of it.
            refused: links whose key was thrown away for its errors, shape (links,).
            remarks: what nodes say besides.
        """
        network = self._network
        self._blocks += epoch.changes.cut_blocks()
        self._key_bits = np.where(refused, 0, epoch.key.proven_bits)
        ends: dict[str, list[EndReport]] = {}
        heard: set[str] = set()
        for link in range(len(network.link_names)):
            for number, end in enumerate(_ENDS):
                name = network.node_names[network.ends[number, link]]
                present = bool(epoch.reports.present[number, link])
                if present:
                    heard.add(name)
                ends.setdefault(name, []).append(self._end(epoch, link, number, end, present=present))
        self._blocks += epoch.key.closed
        return [self._report(epoch.number, name, ends, remarks) for name in sorted(heard)]

    def _report(self, number: int, name: str, ends: Mapping[str, Sequence[EndReport]], remarks: Remarks) -> NodeReport:
        charges: Collection[Accusation] = remarks.accusations
        if name in self._byzantine:
            charges = self._invented(number, ends) if self._lie(number, name) else ()
        return NodeReport(
            node=name,
            epoch=number,
            wall_ms=number * round(1000 * self._world.epoch_s),
            policy=remarks.policy,
            devices=(),
            ends=tuple(sorted(ends[name], key=lambda entry: (entry.link, entry.end))),
            late=tuple(sorted(remarks.late)),
            accusations=tuple(sorted((one for one in charges if one.node != name), key=lambda entry: entry.order)),
            relays=remarks.views.get(name, ()),
            tallies=remarks.tallies.get(name, ()),
        )

    def _lie(self, number: int, name: str) -> bool:
        return name in self._byzantine and number >= self._lies.start_epoch

    def _invented(self, number: int, nodes: Collection[str]) -> list[Accusation]:
        """Charges that nobody could have seen."""
        if not self._lies.accuses:
            return []
        return [Accusation(node=node, kind="equivocation", epoch=max(number - 1, 0), subject="") for node in nodes]

    def _end(self, epoch: Epoch, link: int, number: int, end: End, *, present: bool) -> EndReport:
        operation = self._world.operation
        return EndReport(
            link=self._network.link_names[link],
            end=end,
            mode="running",
            protocol=PROTOCOLS[operation.protocol[link]],
            mean_photon_number_e6=int(operation.mean_photon_number_e6[link]),
            measured_mean_photon_number_e6=int(epoch.measured_e6[link]) if end == "alice" else 0,
            attenuation_mdb=0,
            age_ms=0,
            trusted=1,
            realigns=int(epoch.changes.realigned[link]),
            sessions=(self._session(epoch, link, number, end),) if present else (),
        )

    def _session(self, epoch: Epoch, link: int, number: int, end: End) -> SessionRecord:
        operation = self._world.operation
        protocol = PROTOCOLS[operation.protocol[link]]
        cells = CELLS[protocol]
        mean_e6 = int(operation.mean_photon_number_e6[link])
        tables = [
            getattr(epoch.reports, name)[number, :, :cells, link].tolist() for name in ("sent", "detected", "errors")
        ]
        duration_ms = round(1000 * self._world.epoch_s)
        key_bits = int(self._key_bits[link])
        if self._lie(epoch.number, self._network.node_names[self._network.ends[number, link]]):
            key_bits = key_bits * self._lies.key_permille // 1000
        return SessionRecord(
            link=self._network.link_names[link],
            end=end,
            sequence=epoch.number,
            block=int(self._blocks[link]),
            started_ms=epoch.number * duration_ms,
            duration_ms=duration_ms,
            protocol=protocol,
            pulses=int(epoch.counted.pulses[link]),
            mean_photon_numbers_e6=tuple(
                round(mean_e6 * float(ratio)) for ratio in self._network.links.ratios[:, link]
            ),
            z=_basis(tables, 0),
            x=_basis(tables, 1),
            secret_key_bits=key_bits,
            dead_ms=duration_ms - round(1000 * float(epoch.changes.live_s[link])),
        )


def _basis(tables: Sequence[Any], basis: int) -> BasisCounts:
    sent, detected, errors = (tuple(table[basis]) for table in tables)
    return BasisCounts(sent=sent, detected=detected, errors=errors)
