"""One seed, from nothing to its result."""

from hil_sim.agreement.collusion import collude
from hil_sim.agreement.draw import draw
from hil_sim.agreement.result import Result
from hil_sim.agreement.simulation import Simulation
from hil_sim.agreement.world import Show


def replay(seed: int, nodes: int, faults: int, show: Show | None = None, *, colluders: bool = False) -> Result:
    """Simulate one seed; equal on every host and in every process.

    Args:
        seed: any integer.
        nodes: members at the beginning.
        faults: f at the beginning, and the number of faulty nodes at most.
        show: takes every event, for a trace.
        colluders: with one liar too many, see `collusion`.

    Raises:
        ValueError: so many nodes cannot bear so many faults.
    """
    if colluders:
        return collude(seed, nodes, faults, show)
    return Simulation(draw(seed, nodes, faults), show).run()


def command_of(seed: int, nodes: int, faults: int, *, colluders: bool = False) -> str:
    """What to type to see it again."""
    options = " --colluders" if colluders else ""
    return f"python -m hil_sim.agreement --seed {seed} --nodes {nodes} --faults {faults}{options} --trace"
