"""Scores of arms from stored rows, by definitions that no arm can better by looking away.

Counted are honest demands alone: both ends are honest. The others use up key like anybody, and count neither above nor
below the line.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.experiments.arms import BOUND
from qkdctl_policies.experiments.attacks import NO_ATTACK
from qkdctl_policies.experiments.rows_file import Row
from qkdctl_policies.learning.statistics import Interval, ratio

Floats = NDArray[np.float64]

FEASIBLE_SHARE: Final = 0.999
"""A seed is feasible when the bound carries this share of all honest demand; the rest is for rounding."""


@dataclass(frozen=True, slots=True, order=True)
class Setting:
    """What arms are compared under.

    Attributes:
        byzantine: share of the nodes.
    """

    network: str
    load_bps: float
    byzantine: float
    attack: str


@dataclass(frozen=True, slots=True)
class Score:
    """Two sums per seed, of which the ratio counts, each of shape (seeds,)."""

    above: Floats
    below: Floats

    def each(self) -> Floats:
        """The ratio in each seed, 0 where there is nothing below the line."""
        return np.asarray(np.where(self.below > 0, self.above / np.where(self.below > 0, self.below, 1.0), 0.0))

    def interval(self) -> Interval:
        """Ratio of the sums, with the interval that holds 95 % of those of redrawn seeds."""
        return ratio(self.above[np.newaxis], self.below[np.newaxis])


class Rows:
    """Stored rows by what they are of.

    Args:
        rows: in any order.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[tuple[Setting, str], dict[int, Row]] = defaultdict(dict)
        for row in rows:
            setting = Setting(row["network"], row["load_bps"], row["byzantine"], row["attack"])
            self._rows[setting, row["arm"]][row["seed"]] = row

    def settings(self) -> list[Setting]:
        """All under which an arm ran, sorted."""
        return sorted({setting for setting, arm in self._rows if arm != BOUND})

    def arms(self, setting: Setting) -> list[str]:
        """Arms that ran under a setting, in the order of the rows."""
        return [arm for where, arm in self._rows if where == setting and arm != BOUND]

    def of(self, setting: Setting, arm: str) -> Mapping[int, Row]:
        """Rows by seed."""
        return self._rows.get((setting, arm), {})

    def peaceful(self, setting: Setting) -> Setting:
        """The same without adversaries."""
        return Setting(setting.network, setting.load_bps, 0.0, NO_ATTACK)

    def rate_kept(self, setting: Setting, arm: str) -> Score | None:
        """Secure keys of honest demands, over what the same demands got in the same seeds without attack."""
        pairs = self._paired(setting, arm, self.peaceful(setting), arm)
        if not pairs:
            return None
        return _score(
            [
                (_sum(row, "secure"), sum(other["delivered"] for other, one in _zipped(calm, row) if one["honest"]))
                for row, calm in pairs
            ]
        )

    def of_bound(self, setting: Setting, arm: str) -> Score | None:
        """Secure keys of honest demands, over the most that was possible in the same seeds."""
        bound = Setting(setting.network, setting.load_bps, setting.byzantine, NO_ATTACK)
        pairs = self._paired(setting, arm, bound, BOUND)
        return _score([(_sum(row, "secure"), _sum(most, "secure")) for row, most in pairs]) if pairs else None

    def availability(self, setting: Setting, arm: str, *, secure: bool) -> Score | None:
        """Share of the slots of honest demands that were served; with matching keys, or with secure ones."""
        rows = self.of(setting, arm).values()
        name = "secure_slots" if secure else "served_slots"
        return _score([(_sum(row, name), _slots(row)) for row in rows]) if rows else None

    def feasible(self, setting: Setting) -> tuple[int, int] | None:
        """Seeds in which the bound carries all honest demand, and seeds with a bound."""
        bound = self.of(Setting(setting.network, setting.load_bps, setting.byzantine, NO_ATTACK), BOUND)
        if not bound:
            return None
        carried = [_sum(row, "secure") >= FEASIBLE_SHARE * _sum(row, "asked") for row in bound.values()]
        return sum(carried), len(carried)

    def accepted_errors(self, arms: Iterable[str]) -> dict[tuple[str, str], Score]:
        """True error rate of accepted key by protocol and basis, over all settings of some arms, by seed."""
        sums: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
        wanted = {*arms}
        for (_, arm), rows in self._rows.items():
            for seed, row in rows.items() if arm in wanted else ():
                for protocol, bases in row["accepted"].items():
                    for basis, counts in bases.items():
                        sums[protocol, basis][seed][0] += counts["errors"]
                        sums[protocol, basis][seed][1] += counts["clicks"]
        return {name: _score([(a, b) for a, b in of_seed.values()]) for name, of_seed in sorted(sums.items())}

    def variance_ratio(self, setting: Setting, arm: str, other: str) -> Score | None:
        """Variance of the true QBER under one arm, over that under another in the same seeds."""
        pairs = self._paired(setting, arm, setting, other)
        kept = [(one["qber_variance"], two["qber_variance"]) for one, two in pairs]
        kept = [(one, two) for one, two in kept if one is not None and two is not None]
        return _score(kept) if kept else None

    def paired(self, setting: Setting, arm: str, other: str) -> tuple[Floats, Floats] | None:
        """Secure keys of honest demands as a share of what they asked for, under two arms, seed by seed."""
        pairs = self._paired(setting, arm, setting, other)
        if not pairs:
            return None
        one, two = zip(*pairs, strict=True)
        return _served(one), _served(two)

    def _paired(self, setting: Setting, arm: str, where: Setting, other: str) -> list[tuple[Row, Row]]:
        """Rows of the seeds that both have and in which somebody honest asks for key."""
        one, two = self.of(setting, arm), self.of(where, other)
        return [(one[seed], two[seed]) for seed in sorted(one.keys() & two.keys()) if _sum(one[seed], "asked")]


def _zipped(calm: Row, row: Row) -> Iterable[tuple[dict[str, Any], dict[str, Any]]]:
    """The same demands of two rows."""
    return zip(calm["demands"], row["demands"], strict=True)


def _served(rows: Iterable[Row]) -> Floats:
    return np.array([_sum(row, "secure") / _sum(row, "asked") for row in rows])


def _sum(row: Row, name: str) -> float:
    return float(sum(demand[name] for demand in row["demands"] if demand["honest"]))


def _slots(row: Row) -> float:
    return float(row["epochs"] * sum(demand["honest"] for demand in row["demands"]))


def _score(pairs: Iterable[tuple[float, float]]) -> Score:
    above, below = np.array(list(pairs), dtype=np.float64).T
    return Score(above, below)
