"""One seed, from nothing to its result."""

from hil_sim.agreement.draw import draw
from hil_sim.agreement.simulation import Result, Show, Simulation


def replay(seed: int, nodes: int, faults: int, show: Show | None = None) -> Result:
    """Simulate one seed; equal on every host and in every process.

    Args:
        seed: any integer.
        nodes: members at the beginning.
        faults: f at the beginning, and the number of faulty nodes at most.
        show: takes every event, for a trace.

    Raises:
        ValueError: so many nodes cannot bear so many faults.
    """
    return Simulation(draw(seed, nodes, faults), show).run()


def command_of(seed: int, nodes: int, faults: int) -> str:
    """What to type to see it again."""
    return f"python -m hil_sim.agreement --seed {seed} --nodes {nodes} --faults {faults} --trace"
