"""f + 1 liars with twins on both sides of a partition: what the agreement cannot prevent, it must not hide."""

import random
from functools import partial

from hil_sim.agreement.checkers.forks import Forks
from hil_sim.agreement.clocks import LocalClock
from hil_sim.agreement.liars.colluder import Colluder
from hil_sim.agreement.liars.library import TWINS
from hil_sim.agreement.result import Result
from hil_sim.agreement.scenario import Lies, Scenario
from hil_sim.agreement.simulation import seen
from hil_sim.agreement.weather import Spell
from hil_sim.agreement.world import Show, World
from qkdctl.abft.quorum import FULL_PPM, Electorate, Member
from qkdctl.abft.timing import Timing

_TOGETHER_S = 30.0
"""Virtual time after healing in which both sides must have heard of each other."""


def collude(seed: int, nodes: int, faults: int, show: Show | None = None) -> Result:
    """Simulate one seed of a network with one liar too many.

    Args:
        seed: any integer.
        nodes: members.
        faults: liars that the network bears; it has one more.
        show: takes every event, for a trace.
    """
    scenario = draw_collusion(seed, nodes, faults)
    forks = Forks(scenario)
    world = World(scenario, [forks], show)
    world.seat(_colluders(world))

    def run() -> None:
        world.begin()
        while world.scheduler.now < scenario.heal_s + _TOGETHER_S:
            world.scheduler.run_next()
        forks.judge()

    violation = seen(run)
    return Result(violation, forks.epochs, world.scheduler.done, world.scheduler.now)


def draw_collusion(seed: int, nodes: int, faults: int) -> Scenario:
    """The scenario of a seed."""
    source = random.Random(f"collusion {seed} {nodes} {faults}")
    names = tuple(f"n{index:02d}" for index in range(1, nodes + 1))
    liars = sorted(source.sample(names, faults + 1))
    honest = [name for name in names if name not in liars]
    scores = dict.fromkeys(names, FULL_PPM)
    if source.random() < 0.5:
        scores |= {name: source.randint(FULL_PPM // 2, FULL_PPM) for name in honest}
    source.shuffle(honest)
    half = len(honest) // 2
    cut = frozenset((one, other) for one in names for other in names if _parted(one, other, honest, half))
    epoch_s, epochs = source.uniform(2.0, 4.0), source.randint(3, 6)
    heal_s = source.uniform(0.3, 0.9) * epochs * epoch_s
    return Scenario(
        seed=seed,
        nodes=nodes,
        faults=faults,
        epochs=10**6,
        epoch_s=epoch_s,
        founders=Electorate(tuple(Member(name, scores[name]) for name in names), faults),
        spares=(),
        changes={},
        scoring="kept",
        liars={name: Lies((TWINS,)) for name in liars},
        skewed="",
        lacking={},
        spells=(Spell(heal_s, cut=cut),),
        crashes=(),
        clocks={name: LocalClock(source.uniform(-1e5, 1e5), source.uniform(0.9, 1.1)) for name in names},
        timings=dict.fromkeys(names, Timing()),
        heal_s=heal_s,
    )


def _parted(one: str, other: str, honest: list[str], half: int) -> bool:
    return one in honest and other in honest and (one in honest[:half]) != (other in honest[:half])


def _colluders(world: World) -> dict[str, Colluder]:
    scenario = world.scenario
    cut = scenario.spells[0].cut
    first = scenario.honest[0]
    sides = {name: int((first, name) in cut) for name in scenario.honest}
    fellows: dict[str, Colluder] = {}
    for name in scenario.liars:
        fellows[name] = colluder = Colluder(name, sides, fellows, world.scheduler, world.transmit)
        colluder.hosts = [world.liars_host(name, partial(colluder.emit, number)) for number in (0, 1)]
    return fellows
