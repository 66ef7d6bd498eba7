"""The network that all contenders work in: its members, and reports of the size that real ones have."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from qkdctl.abft.chain import Chain
from qkdctl.abft.quorum import Electorate
from qkdctl.abft.value import Outcome
from qkdctl.records.base import Name
from qkdctl.records.report import DeviceReport, NodeReport
from tests.records.samples import end_report, report, session

NETWORK: Final = "bench"
ENDS: Final = 3
SESSIONS: Final = 2
_DEVICES: Final = 5 * ENDS
_EPOCH: Final = '"epoch":1,'


@dataclass(frozen=True, slots=True)
class Setting:
    """A network of so many nodes, of which f = (N - 1) // 3 may lie.

    Attributes:
        nodes: N.
    """

    nodes: int

    @property
    def faults(self) -> int:
        """The largest f that N nodes can bear."""
        return (self.nodes - 1) // 3

    @property
    def names(self) -> tuple[Name, ...]:
        """All members, sorted."""
        return tuple(f"node-{number:03d}" for number in range(self.nodes))

    @property
    def electorate(self) -> Electorate:
        """All have the full weight."""
        return Electorate.equal(self.names, self.faults)


def report_text(node: str, epoch: int) -> str:
    """What a node reports: three ends of links with two session records each, and five instruments for each end."""
    return _first_report(node).replace(_EPOCH, f'"epoch":{epoch},', 1)


@cache
def _first_report(node: str) -> str:
    ends = [
        end_report(session(1, "alice", link), session(2, "alice", link), end="alice", link=link)
        for link in (f"{node}-link-{number}" for number in range(ENDS))
    ]
    devices = tuple(
        DeviceReport(device=f"attenuator-{number:02d}", kind="attenuator", state="online", age_ms=100, failures=0)
        for number in range(_DEVICES)
    )
    made: NodeReport = report(1, *ends, node=node, devices=devices)
    text = made.canonical().decode("ascii")
    assert text.count(_EPOCH) == 1, "the place of the epoch is found by its text"
    return text


class Blank:
    """Reports are taken as they come, and nothing follows from them: what is measured is the agreement alone."""

    def admissible(self, epoch: int, author: str, content: str) -> bool:
        """Whether it may be a report."""
        return bool(content)

    def decide(self, chain: Chain, reports: Mapping[str, str]) -> Outcome:
        """The number of reports; members stay as they are."""
        return Outcome({"reports": len(reports)}, chain.following)
