"""Small networks of key routers."""

import itertools
from typing import Any

from hil_sim.key_relay.conduct import RouterConduct
from hil_sim.key_relay.router import KeyRouter
from hil_sim.key_relay.world import RelayWorld
from hil_sim.kme.feeds import steady_feed
from hil_sim.kme.pool import KeyPool
from qkdctl.clock import VirtualClock
from qkdctl.evidence.relay_audit import KeyAudit, audit_relays
from qkdctl.records.relay import RelayRecord
from qkdctl.records.route import Route, RoutePath, RouteTable

PLENTY = 10_000_000


class Network:
    """Routers joined by links that are named after their two nodes (`a-b`) and full of key."""

    def __init__(self, *links: str, seed: int = 1, start_bits: int = PLENTY, **conducts: RouterConduct) -> None:
        self.clock = VirtualClock()
        self.world = RelayWorld(self.clock, seed=seed)
        pairs = {link: tuple(link.split("-")) for link in links}
        for link, (one, two) in pairs.items():
            feed = steady_feed(self.clock, 0.0, start_bits=start_bits)
            self.world.add_link(link, KeyPool(one, two, feed, capacity_bits=PLENTY, seed=seed))
        for node in sorted({node for pair in pairs.values() for node in pair}):
            own = {link: next(n for n in pair if n != node) for link, pair in pairs.items() if node in pair}
            self.world.add_router(KeyRouter(node, own, conducts.get(node), seed=seed))

    def serve(self, *paths: str, epoch: int = 1, **changes: Any) -> None:
        """Tell every router the routes of demand `st`, one share over each path of nodes of one letter."""
        routes = [route(path, share, shares=len(paths), **changes) for share, path in enumerate(paths, start=1)]
        for node in self.world.routers:
            own = tuple(route for route in routes if node in route.path.nodes)
            self.world.tell(node, RouteTable(epoch=epoch, routes=own))

    async def pass_time(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        self.world.advance()

    def records(self, node: str) -> list[RelayRecord]:
        return list(self.world.routers[node].records(0, 10_000))

    def audit(self, key: str, path: str, faults: int = 1) -> KeyAudit:
        told = [(node, self.world.routers[node].audit(key)) for node in path]
        (found,) = audit_relays(told, lambda nodes: len(set(nodes)) > faults)
        return found


def route(path: str, share: int = 1, **changes: Any) -> Route:
    links = tuple("-".join(sorted(hop)) for hop in itertools.pairwise(path))
    values: dict[str, Any] = {
        "demand": "st", "share": share, "since": 1, "threshold": 1, "shares": share,
        "path": RoutePath(nodes=tuple(path), links=links), "bits": 1024, "interval_ms": 1000,
    }  # fmt: skip
    return Route(**(values | changes))
