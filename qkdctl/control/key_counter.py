"""What becomes of the keys that end at a node, as its router records them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from qkdctl.devices.kinds import KeyRouterDevice
from qkdctl.devices.supervisor import Supervisor
from qkdctl.evidence.path_losses import PathId
from qkdctl.records.path_tally import PathTally, worst_tallies
from qkdctl.records.relay import RelayRecord, path_of
from qkdctl.records.route import Route

IDLE_REPORTS = 3
"""Reports in a row without any key, before a path is said not to work: intervals and epochs need not be in step."""
LONGEST_KEY_BITS = 256


@dataclass(slots=True)
class _Count:
    """Of one path since the last report."""

    equal: int = 0
    failed: int = 0
    unequal: str = ""


class KeyCounter:
    """Counts the keys of each path that ends at a node; each once.

    Args:
        me: the node.
        router: of the node.
    """

    def __init__(self, me: str, router: Supervisor) -> None:
        self._me = me
        self._router = router
        self._after: int | None = None
        self._counts: dict[PathId, _Count] = {}
        self._idle: dict[PathId, int] = {}

    async def collect(self, routes: Iterable[Route]) -> tuple[PathTally, ...]:
        """Paths that lost keys since the last call, or that give none at all; those that lost the most at most.

        Args:
            routes: that the router serves.

        Raises:
            DeviceError: the router does not answer; what it recorded comes next time.
        """
        for record in await self._fetch():
            self._note(record)
        ending = {
            (route.demand, route.share, route.since): route
            for route in routes
            if self._me in (route.path.nodes[0], route.path.nodes[-1])
        }
        self._idle = {path: 0 if path in self._counts else self._idle.get(path, 0) + 1 for path in ending}
        tallies = [_tally(path, count) for path, count in self._counts.items() if count.failed]
        tallies += [
            _tally(path, _Count())
            for path, reports in self._idle.items()
            if reports >= IDLE_REPORTS and ending[path].bits >= LONGEST_KEY_BITS
        ]
        self._counts = {}
        return worst_tallies(tallies)

    async def _fetch(self) -> list[RelayRecord]:
        device = self._router.device
        newest = int(await device.read("sequence"))
        if self._after is None or newest < self._after:
            # at start: what came before is not this node's to report
            self._after = newest
            return []
        records = await cast("KeyRouterDevice", device).relay_records(self._after)
        self._after = max([self._after, *(record.sequence for record in records)])
        return records

    def _note(self, record: RelayRecord) -> None:
        path = path_of(record.key)
        if path is None or self._me not in (record.path[0], record.path[-1]):
            return
        count = self._counts.setdefault(path, _Count())
        if record.outcome == "equal":
            count.equal += 1
        else:
            count.failed += 1
            count.unequal = record.key if record.outcome == "unequal" else count.unequal


def _tally(path: PathId, count: _Count) -> PathTally:
    demand, share, since = path
    return PathTally(
        demand=demand, share=share, since=since, equal=count.equal, failed=count.failed, unequal=count.unequal
    )
