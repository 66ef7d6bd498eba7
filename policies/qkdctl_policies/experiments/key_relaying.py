"""Keys of one epoch on their way over the decided routes, and what both ends and all relays say of them.

The rules are those of `hil_sim.key_relay.world`, for thousands of keys at once: a path that runs out of link key loses
one key and rests until the next epoch, a relay strikes at random keys, and k good shares give a key. Only keys that
somebody asks about are made in full.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from hil_sim.key_relay.conduct import RouterConduct
from hil_sim.key_relay.refusals import RouterRefusedError
from hil_sim.key_relay.router import KeyRouter
from hil_sim.key_relay.transfer import KEY_BITS, KEY_BYTES, Transfer
from hil_sim.network.network import Network
from hil_sim.network.relaying import grant
from hil_sim.network.routes import PathLinks, Routes
from hil_sim.network.routes import RoutePlan as Candidate
from hil_sim.world.streams import random_stream
from qkdctl.records.path_tally import PathTally, worst_tallies
from qkdctl.records.relay import RelayView
from qkdctl.records.relay_audits import KeyCase
from qkdctl.records.route import Route, RouteDemand, RoutePath, RoutePlan

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

_ALL: Final = 1_000_000
_HONEST: Final = RouterConduct()


@dataclass(frozen=True, slots=True)
class Relayed:
    """What became of the keys of one epoch, of 256 bits each; arrays of shape (demands,).

    Attributes:
        asked: keys.
        delivered: of them, equal at both ends.
        secure: of those, over so few Byzantine relays that they know nothing of the key even together.
        used_bits: key taken from each link, shape (links,).
        tallies: what the ends of paths say, by node; see `worst_tallies` for how many.
    """

    asked: Counts
    delivered: Counts
    secure: Counts
    used_bits: Counts
    tallies: Mapping[str, tuple[PathTally, ...]] = field(default_factory=dict)

    def of_whole(self, pieces: int) -> Self:
        """Keys of whole demands, each of which was served as so many, one behind the other; the rest as it is."""
        sums = {name: getattr(self, name).reshape(-1, pieces).sum(axis=1) for name in ("asked", "delivered", "secure")}
        return replace(self, **sums)


class KeyRelaying:
    """The key routers of all nodes.

    Args:
        network: nodes and links.
        demands: who wants key, in the order of all arrays.
        conduct: of Byzantine routers, by node.
        epoch_s: length of an epoch.
        seed: of everything random.
    """

    def __init__(
        self,
        network: Network,
        demands: Sequence[RouteDemand],
        conduct: Mapping[str, RouterConduct],
        *,
        epoch_s: float,
        seed: int,
    ) -> None:
        self._demands = tuple(demands)
        self._conduct = conduct
        self._interval_ms = round(1000 * epoch_s)
        self._links = {name: number for number, name in enumerate(network.link_names)}
        self._routers = {name: KeyRouter(name, {}, seed=seed) for name in network.node_names}
        self._random = random_stream(seed, "experiment", "relayed keys")
        self._numbers: dict[tuple[str, int], int] = {}

    def run(self, plans: Iterable[RoutePlan], available_bits: Counts, *, attacked: bool) -> Relayed:
        """Make the keys of one epoch.

        Args:
            plans: routes in force.
            available_bits: key in store on each link, shape (links,).
            attacked: whether Byzantine routers strike in this epoch.
        """
        plan_of = {plan.demand: plan for plan in plans}
        asked = np.array([demand.bits // KEY_BITS for demand in self._demands], dtype=np.int64)
        served = [plan_of.get(demand.demand) for demand in self._demands]
        granted, used_bits = self._granted(served, asked, available_bits)
        delivered, secure = np.zeros_like(asked), np.zeros_like(asked)
        told: dict[str, list[PathTally]] = {}
        for place, plan in enumerate(served):
            if plan is None or not plan.paths:
                continue
            good = np.zeros((len(plan.paths), int(asked[place])), dtype=np.bool_)
            first = self._numbers.get((plan.demand, plan.since), 0)
            for share, path in enumerate(plan.paths, start=1):
                keys = good[share - 1]
                tally = self._send(plan, share, path, keys, granted[plan.demand, share], first, attacked=attacked)
                if tally.failed:
                    told.setdefault(path.nodes[0], []).append(tally)
                    told.setdefault(path.nodes[-1], []).append(tally)
            self._numbers[plan.demand, plan.since] = first + good.shape[1]
            delivered[place] = int((good.sum(axis=0) >= plan.threshold).sum())
            secure[place] = delivered[place] if is_secure(plan, self._conduct.keys()) else 0
        tallies = {node: worst_tallies(own) for node, own in told.items()}
        return Relayed(asked, delivered, secure, used_bits, tallies)

    def views(self, cases: Iterable[KeyCase]) -> dict[str, tuple[RelayView, ...]]:
        """What each node says of the keys that are asked about."""
        told: dict[str, list[RelayView]] = {}
        for case in sorted(cases, key=lambda case: case.key):
            for node in case.path:
                try:
                    told.setdefault(node, []).append(self._routers[node].audit(case.key))
                except RouterRefusedError:
                    continue  # nobody is blamed for silence
        return {node: tuple(own) for node, own in told.items()}

    def _granted(
        self, served: Sequence[RoutePlan | None], asked: Counts, available_bits: Counts
    ) -> tuple[dict[tuple[str, int], int], Counts]:
        """Keys for which there is link key, by demand and share, and the bits they take."""
        places, wanted, candidates = [], [], []
        for place, plan in enumerate(served):
            for share, path in enumerate(() if plan is None else plan.paths, start=1):
                assert plan is not None
                places.append((plan.demand, share))
                wanted.append(int(asked[place]) * KEY_BITS)
                candidates.append([Candidate((PathLinks(tuple(self._links[name] for name in path.links), ()),))])
        if not places:
            return {}, np.zeros_like(available_bits)
        routes = Routes.of(candidates)
        bits, _ = grant(routes, np.arange(len(places)), np.array(wanted, dtype=np.int64), available_bits)
        keys = bits // KEY_BITS
        sizes = np.diff(routes.path_link_offsets)
        used = np.bincount(
            routes.path_links, weights=np.repeat(keys * KEY_BITS, sizes), minlength=available_bits.size
        ).astype(np.int64)
        return dict(zip(places, keys.tolist(), strict=True)), used

    def _send(
        self, plan: RoutePlan, share: int, path: RoutePath, good: Flags, granted: int, first: int, *, attacked: bool
    ) -> PathTally:
        """Send one share of each key over a path; `good` is where to note those that arrive, shape (keys,)."""
        strikes = {node: self._conduct[node] for node in path.nodes if attacked and node in self._conduct}
        lost, unequal, struck = np.zeros(granted, dtype=np.bool_), np.zeros(granted, dtype=np.bool_), {}
        for node, conduct in strikes.items():
            if node in path.relays:
                lost |= self._strikes(conduct.drop_ppm, granted)
                struck[node] = self._strikes(conduct.corrupt_ppm, granted)
                unequal |= struck[node]
            else:
                unequal |= self._strikes(conduct.deny_ppm, granted)
        unequal &= ~lost
        good[:granted] = ~(lost | unequal)
        newest = ""
        if unequal.any():
            place = int(np.flatnonzero(unequal)[-1])
            guilty = [node for node, keys in struck.items() if keys[place]]
            newest = self._spoil(plan, share, path, first + place, guilty)
        short = int(granted < good.size)
        failed = int(lost.sum() + unequal.sum()) + short
        equal = int(good.sum())
        return PathTally(demand=plan.demand, share=share, since=plan.since, equal=equal, failed=failed, unequal=newest)

    def _strikes(self, ppm: int, keys: int) -> Flags:
        if ppm in (0, _ALL):
            return np.full(keys, ppm > 0)
        return np.asarray(self._random.integers(_ALL, size=keys) < ppm)

    def _spoil(self, plan: RoutePlan, share: int, path: RoutePath, number: int, guilty: Collection[str]) -> str:
        """Make one key that failed in full, so that all nodes of the path can open it; its ID."""
        key = f"{plan.demand}/{share}/{plan.since}/{number}"
        route = Route.of(plan, share, self._interval_ms)
        transfer = Transfer(key, route, tuple(self._random.bytes(KEY_BYTES).hex() for _ in path.links))
        for node in path.nodes:
            router, conduct = self._routers[node], self._conduct.get(node, _HONEST)
            # which keys it strikes was drawn before
            strikes = {"drop_ppm": 0, "corrupt_ppm": _ALL if node in guilty else 0}
            router.conduct = conduct.model_copy(update=strikes)
            if node in path.relays:
                router.announce(transfer)
        transfer.outcome = "unequal"
        for node in path.nodes:
            self._routers[node].finish(transfer)
        return key


def is_secure(plan: RoutePlan, byzantine: Collection[str]) -> bool:
    """Whether Byzantine relays, all in one coalition, see fewer shares than give the key."""
    read = sum(not {*path.relays}.isdisjoint(byzantine) for path in plan.paths)
    return read < plan.threshold
