"""Room for demands that lack key: others leave the links that they share with them.

Each demand takes the way that is cheapest for itself while all others stay where they are. So one that could as well go
elsewhere may sit on the only link of another. Here one demand of a link that is short, or one of its own and another
that it would push aside, goes another way if fewer keys are lost afterwards. Finding the best way for each is
NP-hard (unsplittable flow: Kleinberg, PhD thesis, MIT, 1996); this is a search of the neighbourhood.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from qkdctl.records.route import RouteDemand, RoutePlan
from qkdctl.routing.choices import Choice, DemandChoices, KeyNetwork, links_of

LACK_COST = 100_000
"""Of a way on which all that a demand wants is lacking: as much as a hundred hops with plenty of key."""
GAIN_PERMILLE = 150
"""Of the key that one demand wants: so much less must be lost after a move, or noise would move demands to and fro."""
MOST_MOVES = 4
"""In one epoch, of one demand or of two."""
TRIALS, LEAST_TRIALS = 100, 4
"""Ways looked for before a move, in equal parts for each link that is short, and no fewer than so many for one: nobody
who crowds one link can use up what is there for the others."""

Move = tuple[RoutePlan, ...]


class Relief:
    """The search.

    Args:
        network: in which all plans are reserved; so it is again after each call, with the moves made.
        demands: by name.
        plans: their routes by name.
        suspicions: what relaying through suspects costs, by demand.
        epoch: since when moves are in force.

    Attributes:
        plans: those that have paths, with the moves made.
    """

    def __init__(
        self,
        network: KeyNetwork,
        demands: Mapping[str, RouteDemand],
        plans: Mapping[str, RoutePlan],
        suspicions: Mapping[str, Mapping[str, int]],
        epoch: int,
    ) -> None:
        self.plans = {name: plan for name, plan in plans.items() if plan.paths}
        self._network = network
        self._demands = demands
        self._suspicions = suspicions
        self._epoch = epoch
        self._trials = 0

    def run(self, may_move: Callable[[str], bool]) -> tuple[set[str], set[str]]:
        """Make moves until there are no more, or enough.

        Args:
            may_move: whether a demand need not wait any longer; a move is made when none of its demands has to.

        Returns:
            Demands that moved, and those of all moves that are left, which have to wait and stay.
        """
        moved: set[str] = set()
        for made in range(MOST_MOVES + 1):
            best, waiting = self._look_around(may_move)
            if best is None or made == MOST_MOVES:
                break
            for plan in best:
                self._change(plan)
                moved.add(plan.demand)
        return moved, waiting

    def _look_around(self, may_move: Callable[[str], bool]) -> tuple[Move | None, set[str]]:
        """The move that loses least key of those that need not wait, then of fewest demands, then the first.

        Whoever could move waits for itself, however many others could: one link that is short now and then keeps
        nobody from leaving another.

        Returns:
            It, and the demands of moves that have to wait.
        """
        before = self._lost()
        best, least, waiting = None, (before, 0), set[str]()
        short = self._short()
        for link in short if before else ():
            self._trials = max(LEAST_TRIALS, TRIALS // len(short))
            for name in self._users(link):
                for move in self._moves_of(name, others=1):
                    lost, names = self._lost(), {plan.demand for plan in move}
                    waits = not all(map(may_move, names))
                    if waits and names <= waiting:
                        continue
                    bits = max(plan.bits for plan in move)
                    gains = 1000 * (before - lost) >= GAIN_PERMILLE * bits
                    if gains and (waits or (lost, len(move)) < least) and self._lasts(move):
                        if waits:
                            waiting |= names
                        else:
                            best, least = move, (lost, len(move))
        return best, waiting

    def _moves_of(self, name: str, others: int) -> Iterator[Move]:
        """Moves that begin with this demand; each is made while it is looked at, and the search has to be finished."""
        before, after = self.plans[name], self._elsewhere(name)
        if after is None:
            return
        self._change(after)
        yield (after,)
        for link in self._short(links_of(after)) if others else ():
            for other in self._users(link):
                if other != name:
                    for more in self._moves_of(other, others - 1):
                        yield (after, *more)
        self._change(before)

    def _elsewhere(self, name: str) -> RoutePlan | None:
        """The way with the least lack of key for a demand while all others stay, if it is not the present one."""
        if self._trials == 0:
            return None
        self._trials -= 1
        plan, demand = self.plans[name], self._demands[name]
        self._network.release(plan)
        extra = [LACK_COST * lack // max(1, plan.bits) for lack in self._network.lacks_of(plan.bits)]
        best = self._choices(demand, None).at_cost(extra).best()
        self._network.reserve(plan)
        if best is None or {*best.paths} == {*plan.paths} or len(best.paths) < len(plan.paths):
            return None
        return self._plan(plan, best)

    def _lasts(self, move: Collection[RoutePlan]) -> bool:
        """Whether no demand that moves would go back by itself; called while the move is made."""
        return not any(self._goes_back(plan) for plan in move)

    def _goes_back(self, plan: RoutePlan) -> bool:
        self._network.release(plan)
        choices = self._choices(self._demands[plan.demand], plan)
        here, best = choices.as_it_stands(plan), choices.best()
        self._network.reserve(plan)
        return here is None or (best is not None and best.is_clearly_better_than(here))

    def _choices(self, demand: RouteDemand, before: RoutePlan | None) -> DemandChoices:
        return self._network.for_demand(demand, self._suspicions[demand.demand], before)

    def _plan(self, before: RoutePlan, choice: Choice) -> RoutePlan:
        changes = {"since": self._epoch, "challenged": 0, "crowding": 0, "distrusted": choice.distrusted}
        return before.model_copy(update=changes | {"threshold": choice.threshold, "paths": choice.paths})

    def _change(self, plan: RoutePlan) -> None:
        self._network.release(self.plans[plan.demand])
        self._network.reserve(plan)
        self.plans[plan.demand] = plan

    def _lost(self) -> int:
        """Key that all demands lose when each link gives all of its routes the same share of what they want."""
        return sum(self._network.lost_bits(plan) for plan in self.plans.values())

    def _short(self, among: Collection[str] | None = None) -> list[str]:
        """Links that lack key, the worst first."""
        topology, lacks = self._network.topology, self._network.lacking_bits()
        names = [
            (-lack, link.name)
            for link, lack in zip(topology.links, lacks, strict=True)
            if lack and (among is None or link.name in among)
        ]
        return [name for _, name in sorted(names)]

    def _users(self, link: str) -> list[str]:
        return sorted(name for name, plan in self.plans.items() if link in links_of(plan))
