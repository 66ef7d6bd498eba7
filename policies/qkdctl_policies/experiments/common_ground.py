"""What rows must have in common to be compared; no name tells it, so two suites may use one name for two things."""

from collections.abc import Hashable, Iterator
from math import isclose
from typing import Any, Final

from qkdctl_policies.experiments.attacks import ATTACKS
from qkdctl_policies.experiments.rows_file import Row, RowsError

_ALIKE: Final = 1e-6
"""Relative; numbers with a point differ a little between kinds of processors."""


class CommonGround:
    """Takes rows one by one, and refuses the first that stands on another ground than those before it."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}

    def require(self, row: Row) -> None:
        """Compare a row with those before it.

        Raises:
            RowsError: it differs in what all rows of its network, or of its network and seed, share.
        """
        for where, what, value in _shared(row):
            before = self._known.setdefault((*where, what), value)
            if not _alike(before, value):
                seed = f" and seed {row['seed']}" if len(where) > 1 else ""
                raise RowsError(
                    f"rows of {row['network']}{seed} differ in {what}, {_told(before)} and {_told(value)} with arm "
                    f"{row['arm']} under {row['attack']}, as of two suites that use one name for two networks; report "
                    "them apart"
                )


def _shared(row: Row) -> Iterator[tuple[tuple[Hashable, ...], str, Any]]:
    """Under which names and seeds all rows agree, on what, and the value of this one; rows may lack what is None."""
    network, seed, demands = row["network"], row["seed"], row["demands"]
    yield (network,), "epochs, nodes and demands", (row["epochs"], row["nodes"], len(demands))
    yield (network, seed), "links and connectivity", (row["links"], row["connectivity"])
    yield (network, seed), "who asks for key", [(demand["source"], demand["target"]) for demand in demands]
    loaded = (network, seed, "load", row["load"])
    yield loaded, "key that is asked for", [demand["asked"] for demand in demands]
    # fibres are tapped by nobody who is Byzantine
    share = (network, seed, "share", row["byzantine"], ATTACKS[row["attack"]].fibres)
    yield share, "Byzantine nodes", row["byzantine_nodes"]
    for where, name, what in (((network, seed), "loss_db", "loss"), (loaded, "load_bps", "key per second")):
        if row.get(name) is not None:
            yield where, what, row[name]


def _alike(before: Any, value: Any) -> bool:
    if isinstance(value, float):
        return isclose(before, value, rel_tol=_ALIKE)
    return bool(before == value)


def _told(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
