"""What can be told of cells before the first of them runs: mistakes in networks, and loads that ask for nothing."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from hil_sim.key_relay.transfer import KEY_BITS
from qkdctl_policies.experiments.cell import Cell
from qkdctl_policies.experiments.stage import Stage, build_network
from qkdctl_policies.experiments.suite import SuiteError

_SEEDS: Final = 3
"""Weather differs from seed to seed, and so does what a load comes to; a load that asks for key in one may run."""


def require_networks(cells: Iterable[Cell]) -> None:
    """Build each network once.

    Raises:
        ScenarioError: for mistakes in its table.
        OSError: when a file that it names cannot be read.
    """
    for cell in {cell.network: cell for cell in cells}.values():
        build_network(cell)


def require_keys(cells: Sequence[Cell]) -> None:
    """Look whether the smallest load on each network asks for a key in an epoch.

    Raises:
        SuiteError: for one that asks for none in any of the first seeds.
    """
    for network in dict.fromkeys(cell.network for cell in cells):
        own = [cell for cell in cells if cell.network == network]
        least = min(cell.load for cell in own)
        stories = {cell.seed: cell for cell in own if cell.load == least}
        asked = 0
        for cell in islice(stories.values(), _SEEDS):
            asked = max(asked, Stage.of(cell).demands[0].bits)
            if asked >= KEY_BITS:
                break
        else:
            raise SuiteError(
                f"load {least:g} on {network} asks for {asked} bits in an epoch of {own[0].epoch_s:g} s, where a "
                f"key has {KEY_BITS}; {_hint(least, asked)}"
            )


def _hint(load: float, bits: int) -> str:
    return f"at least {load * KEY_BITS / bits:.2g} would ask for one" if bits else "no key would be asked for"
