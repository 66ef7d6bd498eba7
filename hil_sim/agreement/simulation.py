"""Runs one scenario from the first tick until every honest node has decided every epoch, or a property fails."""

from collections.abc import Callable
from functools import partial

from hil_sim.agreement.checkers.agreement import Agreement
from hil_sim.agreement.checkers.blame import Blame
from hil_sim.agreement.checkers.checker import Checker
from hil_sim.agreement.checkers.consistency import Consistency
from hil_sim.agreement.checkers.durability import Durability
from hil_sim.agreement.checkers.justification import Justification
from hil_sim.agreement.checkers.memory import Memory
from hil_sim.agreement.checkers.termination import Termination
from hil_sim.agreement.checkers.validity import Validity
from hil_sim.agreement.liars.cabal import Cabal
from hil_sim.agreement.liars.liar import BehavingLiar
from hil_sim.agreement.liars.library import BEHAVIOURS, TWINS
from hil_sim.agreement.result import Result
from hil_sim.agreement.scenario import Scenario
from hil_sim.agreement.violation import ViolationError
from hil_sim.agreement.world import Show, World

_STILL_S = 3000.0
"""Generous: what counts is the bound on rounds, this only ends a simulation that stands still."""


class Simulation:
    """A world with at most f liars, and the checkers of all properties.

    Args:
        scenario: what happens.
        show: takes every event, for a trace.
    """

    def __init__(self, scenario: Scenario, show: Show | None = None) -> None:
        self.scenario = scenario
        self._agreement = Agreement(scenario)
        self._memory = Memory(scenario)
        self._termination = Termination(scenario)
        checkers: list[Checker] = [
            self._agreement,
            Validity(scenario),
            Consistency(scenario),
            Justification(scenario),
            Durability(scenario),
            Blame(scenario),
            self._memory,
            self._termination,
        ]
        self.world = World(scenario, checkers, show)
        self.world.seat(_liars(self.world))

    def run(self) -> Result:
        """To the end."""
        violation = seen(self._run)
        return Result(
            violation=violation,
            decided=len(self._agreement.decided),
            steps=self.world.scheduler.done,
            ended_s=self.world.scheduler.now,
            rounds=self._termination.highest,
            memory=round(self._memory.most / self._memory.bound, 3),
        )

    def _run(self) -> None:
        world, heal_s = self.world, self.scenario.heal_s
        world.begin()
        world.scheduler.after(self.scenario.settled_s, partial(self._termination.settle, world.hosts.values()))
        while not self._is_done():
            world.scheduler.run_next()
            if world.scheduler.now > heal_s + _STILL_S:
                where = {name: host.replica.chain.epoch for name, host in world.hosts.items() if host.replica}
                raise ViolationError("all epochs are decided after healing", "all", f"{where}")

    def _is_done(self) -> bool:
        world, last = self.world, self.scenario.epochs
        if world.scheduler.now < self.scenario.heal_s:
            return False
        return all(host.replica is not None and host.replica.chain.epoch > last for host in world.hosts.values())


def seen(run: Callable[[], None]) -> str:
    """What fails in a run, "" when nothing does."""
    try:
        run()
    except ViolationError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 -- whatever a replica raises would end its host
        return f"replicas take everything that is sent: {error!r}"
    return ""


def _liars(world: World) -> dict[str, BehavingLiar]:
    scenario = world.scenario
    cabal = Cabal(scenario.names, frozenset(scenario.liars), scenario.application(), world.source)
    liars = {}
    for name, lies in scenario.liars.items():
        behaviours = [BEHAVIOURS[one](name, cabal, world.source) for one in lies.behaviours if one != TWINS]
        liar = BehavingLiar(
            name,
            behaviours,
            lies.from_epoch,
            cabal=cabal,
            scheduler=world.scheduler,
            source=world.source,
            transmit=world.transmit,
        )
        count = 2 if TWINS in lies.behaviours else 1
        liar.hosts = [world.liars_host(name, partial(liar.emit, number)) for number in range(count)]
        liars[name] = liar
    return liars
