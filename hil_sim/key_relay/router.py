"""The key router of one node: its table, its records, and what it says of keys that failed."""

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice, pairwise
from typing import TypeVar

from hil_sim.key_relay.conduct import RouterConduct
from hil_sim.key_relay.refusals import RouterRefusedError
from hil_sim.key_relay.transfer import KEY_BYTES, Transfer
from hil_sim.world.streams import random_stream
from qkdctl.records.relay import RelayRecord, RelayView, xor_hex
from qkdctl.records.route import Route, RouteTable

KEPT_RECORDS = 10_000
KEPT_KEYS = 1024
"""Failed ones that can be opened, and those that a curious router has read."""
_T = TypeVar("_T")
_NO_ROUTES = RouteTable(epoch=0, routes=())


class KeyRouter:
    """One router.

    Attributes:
        node: where it stands.
        links: its links, and the node at the other end of each.
        conduct: how it behaves; may be changed at any time.
        table: routes it serves.
        read: path keys that it kept although it only relayed them, by ID: the announcements lead back to the first hop.
    """

    def __init__(
        self, node: str, links: Mapping[str, str], conduct: RouterConduct | None = None, *, seed: int = 0
    ) -> None:
        """A router without routes."""
        self.node = node
        self.links = dict(links)
        self.conduct = conduct or RouterConduct()
        self.table = _NO_ROUTES
        self.read: dict[str, bytes] = {}
        self._records: deque[RelayRecord] = deque(maxlen=KEPT_RECORDS)
        self._sequence = 0
        self._failed: dict[str, Transfer] = {}
        self._random = random_stream(seed, "key router", node)

    def accept(self, table: RouteTable) -> RouteTable:
        """Serve these routes from now on, and no others.

        Raises:
            RouterRefusedError: for a table of an earlier epoch, or a route that does not lead through this node over
                its links; the old table stays.
        """
        if self.conduct.refuses_routes:
            raise RouterRefusedError(
                f"{self.node} takes no routes now", expected="a router in service", hint="ask its operator"
            )
        if table.epoch < self.table.epoch:
            raise RouterRefusedError(
                f"the table is of epoch {table.epoch}, that of epoch {self.table.epoch} is in force",
                expected="a table that is not older",
                hint="send the newest table",
            )
        for route in table.routes:
            self._check(route)
        self.table = table
        return table

    def _check(self, route: Route) -> None:
        hops = zip(route.path.links, pairwise(route.path.nodes), strict=True)
        mine = {link: next(n for n in hop if n != self.node) for link, hop in hops if self.node in hop}
        if not mine or any(self.links.get(link) != neighbour for link, neighbour in mine.items()):
            raise RouterRefusedError(
                f"route {route.demand}/{route.share} does not lead through {self.node} over its links",
                expected=", ".join(f"{link} to {neighbour}" for link, neighbour in sorted(self.links.items())),
                hint="send each router the routes of its own node",
            )

    def announce(self, transfer: Transfer) -> None:
        """Relay a key: say the exclusive or of its two hop keys, or whatever else the conduct is."""
        right, conduct = transfer.right_announcement(self.node), self.conduct
        if self._strikes(conduct.drop_ppm):
            return
        transfer.announce(self.node, right, transfer.nodes)
        if self._strikes(conduct.corrupt_ppm):
            wrong = xor_hex(right, self._noise())
            deceived = transfer.nodes if conduct.deceives == "everyone" else transfer.nodes[-1:]
            transfer.announce(self.node, wrong, deceived)

    def denies(self) -> bool:
        """Whether it says of a key that ends here that the hashes are unequal."""
        return self._strikes(self.conduct.deny_ppm)

    def finish(self, transfer: Transfer) -> None:
        """Put a key on record once the ends have announced what became of it."""
        self._sequence += 1
        self._records.append(transfer.record(self.node, self._sequence))
        if self.conduct.reads and transfer.hops and self.node in transfer.nodes[1:-1]:
            _keep(self.read, transfer.key, bytes.fromhex(transfer.hops[0]))
        if transfer.outcome == "unequal":
            _keep(self._failed, transfer.key, transfer)

    @property
    def oldest(self) -> int:
        """Sequence of the oldest record kept, 0 when there is none."""
        return self._records[0].sequence if self._records else 0

    @property
    def newest(self) -> int:
        """Sequence of the newest record, 0 when there is none."""
        return self._sequence

    def records(self, after: int, limit: int) -> Iterator[RelayRecord]:
        """Up to `limit` records with a sequence above `after`, oldest first."""
        first = max(after + 1 - self.oldest, 0)
        return islice(self._records, first, first + limit)

    def audit(self, key: str) -> RelayView:
        """Open the hop keys of a key that failed.

        Raises:
            RouterRefusedError: for a key that did not fail, is unknown or forgotten, and for any by a router that keeps
                silent.
        """
        transfer = self._failed.get(key)
        if transfer is None or self.conduct.audit == "silent":
            raise RouterRefusedError(
                f"{self.node} opens nothing of key {key}",
                expected="a key whose hashes were unequal",
                hint="ask for one of the newest keys with outcome unequal",
            )
        return self._account(transfer.view(self.node))

    def _account(self, truth: RelayView) -> RelayView:
        told = self.conduct.audit
        if told == "slander":
            lies = [xor_hex(text, self._noise()) if text and text != truth.own else text for text in truth.announced]
            return truth.model_copy(update={"announced": tuple(lies)})
        if told == "false-key" and truth.relays:
            return truth.model_copy(update={"after": xor_hex(truth.before, truth.own)})
        if told == "false-announcement" and truth.relays:
            place = truth.position - 1
            announced = (*truth.announced[:place], truth.opened_xor, *truth.announced[place + 1 :])
            return truth.model_copy(update={"announced": announced})
        return truth

    def power_cycle(self) -> None:
        """Come back without routes; records and their numbers are kept."""
        self.table = _NO_ROUTES

    def _strikes(self, ppm: int) -> bool:
        return ppm > 0 and int(self._random.integers(1_000_000)) < ppm

    def _noise(self) -> str:
        """Anything but zero, or nothing would be wrong."""
        return (self._random.bytes(KEY_BYTES - 1) + b"\1").hex()


def _keep(kept: dict[str, _T], key: str, value: _T) -> None:
    kept[key] = value
    if len(kept) > KEPT_KEYS:
        del kept[next(iter(kept))]
