"""Which nodes of a network are Byzantine, when nobody names them."""

from collections.abc import Collection, Sequence

from hil_sim.adversary.adversary import Act, Adversary
from hil_sim.adversary.duty import ALWAYS, Duty
from hil_sim.world.streams import random_stream


def random_adversaries(
    nodes: int,
    share: float,
    acts: Sequence[Act],
    seed: int,
    *,
    keep_honest: Collection[int] = (),
    duty: Duty = ALWAYS,
    coalition: str = "",
    one_act_each: bool = False,
    draw: int = 0,
) -> tuple[Adversary, ...]:
    """Pick round(share * nodes) Byzantine nodes at random, in ascending order.

    With one seed a larger share picks the same nodes and more of them.

    Args:
        nodes: of the network.
        share: of all of its nodes, in [0, 1].
        acts: what each of them does.
        seed: of the choice.
        keep_honest: nodes that are not picked.
        duty: when.
        coalition: name of one that they all join; none by default.
        one_act_each: give each node one of the acts, chosen at random, rather than all of them.
        draw: number of the choice; choices with different numbers are independent.

    Raises:
        ValueError: for a share outside [0, 1], or if too few nodes may be picked.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"the share of Byzantine nodes must lie in [0, 1], got {share}")
    count = round(share * nodes)
    candidates = [node for node in range(nodes) if node not in keep_honest]
    if count > len(candidates):
        raise ValueError(f"{count} of {nodes} nodes cannot be Byzantine when only {len(candidates)} may be")
    stream = random_stream(seed, "byzantine nodes", draw)
    order = stream.permutation(len(candidates)).tolist()
    choices = stream.integers(len(acts), size=len(candidates)).tolist()
    return tuple(
        Adversary(
            (acts[choices[place]],) if one_act_each else tuple(acts),
            node=candidates[place],
            duty=duty,
            coalition=coalition,
        )
        for place in sorted(order[:count])
    )
