"""What the key routers of all nodes do together."""

import hmac
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hil_sim.key_relay.hop_keys import HopKeys
from hil_sim.key_relay.router import KeyRouter
from hil_sim.key_relay.shares import SealedKeys, seal_keys
from hil_sim.key_relay.transfer import KEY_BITS, KEY_BYTES, Transfer
from hil_sim.world.streams import random_stream
from qkdctl.clock import Clock
from qkdctl.records.route import Route, RouteTable

MOST_KEYS_PER_INTERVAL = 1000
MOST_INTERVALS = 60
"""That are made up for when nobody looked for long."""
KEPT_DELIVERIES = 1000

Group = tuple[str, int]
"""A route of one demand: its name and since when."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Keys of one interval that both ends of a demand hold and that went over the same paths.

    Attributes:
        source, target: the ends.
        numbers: of the keys among those of their route.
        keys: as the target has them, one after the other.
        public: what crossed the network for them.
    """

    demand: str
    source: str
    target: str
    numbers: tuple[int, ...]
    keys: bytes
    public: SealedKeys


class RelayWorld:
    """All routers. Time passes by looking: `advance` makes up for what happened since.

    Attributes:
        routers: by node.
        delivered: the newest keys that arrived, by interval, oldest first.
    """

    def __init__(self, clock: Clock, *, seed: int = 0) -> None:
        """No routers, no links."""
        self.routers: dict[str, KeyRouter] = {}
        self.delivered: deque[Delivery] = deque(maxlen=KEPT_DELIVERIES)
        self._clock = clock
        self._random = random_stream(seed, "key relay")
        self._hops: dict[str, HopKeys] = {}
        self._due_s: dict[Group, float] = {}
        self._numbers: dict[Group, int] = {}
        self._delivered_bits: dict[tuple[str, str], int] = {}

    def add_router(self, router: KeyRouter) -> None:
        """Let a router take part.

        Raises:
            ValueError: for a second one at a node.
        """
        if router.node in self.routers:
            raise ValueError(f"node {router.node} has a key router already")
        self.routers[router.node] = router

    def add_link(self, link: str, keys: HopKeys) -> None:
        """Let a link provide hop keys."""
        self._hops[link] = keys

    def has_link(self, link: str) -> bool:
        """Whether a link provides hop keys."""
        return link in self._hops

    def feed(self, source: str, target: str) -> Callable[[], int]:
        """A count of the bits that have arrived for two nodes, such as the feed of a `KeyPool` between them."""

        def credited_bits() -> int:
            self.advance()
            return self._delivered_bits.get((source, target), 0) + self._delivered_bits.get((target, source), 0)

        return credited_bits

    def tell(self, node: str, table: RouteTable) -> RouteTable:
        """Give the router of a node its routes; see `KeyRouter.accept`."""
        self.advance()
        accepted = self.routers[node].accept(table)
        self.advance()
        return accepted

    def advance(self) -> None:
        """Make the keys of all intervals that have passed."""
        now = self._clock.monotonic()
        groups = self._agreed()
        self._due_s = {group: due for group, due in self._due_s.items() if group in groups}
        for group, routes in sorted(groups.items()):
            interval_s = routes[0].interval_ms / 1000
            due = max(self._due_s.get(group, now), now - MOST_INTERVALS * interval_s)
            while due <= now:
                self._make_keys(group, routes)
                due += interval_s
            self._due_s[group] = due

    def _agreed(self) -> Mapping[Group, list[Route]]:
        """Routes that all nodes of their path were told alike, by demand."""
        groups: dict[Group, list[Route]] = {}
        told = {(node, route) for node, router in self.routers.items() for route in router.table.routes}
        for route in sorted({route for _, route in told}, key=lambda route: route.share):
            if all((node, route) in told for node in route.path.nodes):
                groups.setdefault((route.demand, route.since), []).append(route)
        return groups

    def _make_keys(self, group: Group, routes: list[Route]) -> None:
        """The keys of one interval; a route that runs out of key loses one and rests until the next."""
        going = list(routes)
        arrived: dict[tuple[int, ...], dict[int, list[Transfer]]] = {}
        for _ in range(min(routes[0].bits // KEY_BITS, MOST_KEYS_PER_INTERVAL)):
            number = self._numbers[group] = self._numbers.get(group, -1) + 1
            transfers = [self._transfer(route, number) for route in going]
            going = [transfer.route for transfer in transfers if transfer.hops]
            good = [transfer for transfer in transfers if transfer.outcome == "equal"]
            if len(good) >= routes[0].threshold:
                arrived.setdefault(tuple(t.route.share for t in good), {})[number] = good
            if not going:
                break
        for shares, keys in arrived.items():
            self._deliver(routes[0], shares, keys)

    def _transfer(self, route: Route, number: int) -> Transfer:
        transfer = Transfer(f"{route.demand}/{route.share}/{route.since}/{number}", route, self._take(route))
        nodes = [self.routers[node] for node in transfer.nodes]
        if transfer.hops:
            for relay in nodes[1:-1]:
                relay.announce(transfer)
            arrived = transfer.arrived()
            if arrived is not None:
                same = self._same_hash(transfer.hops[0], arrived)
                denied = nodes[0].denies() or nodes[-1].denies()
                transfer.outcome = "equal" if same and not denied else "unequal"
        for router in nodes:
            router.finish(transfer)
        return transfer

    def _take(self, route: Route) -> tuple[str, ...]:
        hops = [self._hops[link] for link in route.path.links]
        if any(hop.available_bits() < KEY_BITS for hop in hops):
            return ()
        return tuple(hop.take(KEY_BYTES).hex() for hop in hops)

    def _same_hash(self, one: str, two: str) -> bool:
        """Both ends hash under a key of their own that is used once, so that the hash does not show the key."""
        own = self._random.bytes(KEY_BYTES)
        return hmac.compare_digest(*(hmac.digest(own, bytes.fromhex(key), "sha256") for key in (one, two)))

    def _deliver(self, route: Route, shares: tuple[int, ...], keys: Mapping[int, list[Transfer]]) -> None:
        """Split all keys over the same paths at once.

        Args:
            route: one of the paths.
            shares: those of the paths, in order.
            keys: by number, what went over each of the paths.
        """
        along = {
            share: bytes.fromhex("".join(transfers[i].hops[0] for transfers in keys.values()))
            for i, share in enumerate(shares)
        }
        source, target = route.path.nodes[0], route.path.nodes[-1]
        fresh = self._random.bytes(KEY_BYTES * len(keys))
        public = seal_keys(fresh, route.threshold, along, self._random.bytes)
        self.delivered.append(Delivery(route.demand, source, target, tuple(keys), public.open(along), public))
        before = self._delivered_bits.get((source, target), 0)
        self._delivered_bits[source, target] = before + KEY_BITS * len(keys)
