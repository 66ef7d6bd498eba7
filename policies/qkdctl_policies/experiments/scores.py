"""Scores of arms from stored rows, by definitions that no arm betters by looking away while it counts.

Counted are honest demands alone: both ends are honest. The others use up key like anybody, and count neither above nor
below the line.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from qkdctl_policies.experiments.arms import BOUND, PERIODS
from qkdctl_policies.experiments.attacks import ATTACKS, NO_ATTACK
from qkdctl_policies.experiments.common_ground import CommonGround
from qkdctl_policies.experiments.rows_file import Row, RowsError
from qkdctl_policies.experiments.score import Floats, Score, Setting
from qkdctl_policies.experiments.tally import RESTORED_EPOCHS

COMPARABLE: Final = 2.0
"""Schedules that re-align more or less often by more than this factor are no comparison."""
FEASIBLE_SHARE: Final = 0.999
"""A seed is feasible when the bound carries this share of all honest demand; the rest is for rounding."""


class Rows:
    """Stored rows by what they are of.

    Args:
        rows: in any order.

    Raises:
        RowsError: two rows differ in what no name tells, such as the number of epochs; one is there twice.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows: dict[tuple[Setting, str], dict[int, Row]] = defaultdict(dict)
        ground = CommonGround()
        for row in rows:
            ground.require(row)
            setting = Setting(row["network"], row["load"], row["byzantine"], row["attack"])
            known = self._rows[setting, row["arm"]]
            if row["seed"] in known:
                raise RowsError(
                    f"rows of {setting.network} under {setting.attack} with arm {row['arm']} have seed {row['seed']} "
                    "twice; name each file once"
                )
            if known and next(iter(known.values()))["configuration"] != row["configuration"]:
                raise RowsError(
                    f"rows of {setting.network} under {setting.attack} with arm {row['arm']} have two configurations, "
                    "as of two suites that use one name for two networks, or of two versions of qkdctl; report them "
                    "apart"
                )
            known[row["seed"]] = row

    def places(self) -> list[tuple[str, str]]:
        """Networks, each with every attack."""
        return sorted({(one.network, one.attack) for one in self.settings()})

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
        return Setting(setting.network, setting.load, 0.0, NO_ATTACK)

    def rate_kept(self, setting: Setting, arm: str, *, feasible: bool = False) -> Score | None:
        """Secure keys of honest demands, over what the same demands got in the same seeds without attack."""
        pairs = self._paired(setting, arm, self.peaceful(setting), arm)
        if feasible:
            pairs = [pair for pair in pairs if self._is_feasible(setting, pair[0]["seed"])]
        if not pairs:
            return None
        return _score(
            [
                (_sum(row, "secure"), sum(other["delivered"] for other, one in _zipped(calm, row) if one["honest"]))
                for row, calm in pairs
            ]
        )

    def of_bound(self, setting: Setting, arm: str, *, feasible: bool = False) -> Score | None:
        """Secure keys of honest demands, over the most that was possible in the same seeds; all, or feasible ones."""
        pairs = self._paired(setting, arm, self._unattacked(setting), BOUND)
        kept = [(_sum(row, "secure"), _sum(most, "secure")) for row, most in pairs if not feasible or _feasible(most)]
        return _score(kept, 1.0) if kept else None

    def availability(self, setting: Setting, arm: str, *, secure: bool) -> Score | None:
        """Share of the slots of honest demands that were served; with matching keys, or with secure ones."""
        rows = self.of(setting, arm)
        name = "secure_slots" if secure else "served_slots"
        return _score([(_sum(row, name), _slots(row)) for row in rows.values()], 1.0) if rows else None

    def restoration(self, setting: Setting, arm: str) -> list[int | None]:
        """Epochs of attack until enough secure keys came again, by seed; None where they never did.

        Seeds in which nobody honest asks for key, and stories too short to tell, are left out.
        """
        rows = (row for row in self.of(setting, arm).values() if "restoration_epochs" in row)
        return [row["restoration_epochs"] for row in rows if _sum(row, "asked") and row["epochs"] >= RESTORED_EPOCHS]

    def feasible(self, setting: Setting) -> tuple[int, int] | None:
        """Seeds in which the bound carries all honest demand, and seeds with a bound."""
        bound = self.of(self._unattacked(setting), BOUND)
        return (sum(map(_feasible, bound.values())), len(bound)) if bound else None

    def size(self, setting: Setting) -> dict[str, int]:
        """Nodes, links and connectivity of the network; the least of all seeds."""
        of_arms = [rows for (where, _), rows in self._rows.items() if where == setting]
        names = ("nodes", "links", "connectivity")
        return {name: min(int(row[name]) for rows in of_arms for row in rows.values()) for name in names}

    def excluded(self, arm: str, settings: Iterable[Setting]) -> Score | None:
        """Honest nodes that were excluded at some time, over all honest nodes, by graph and seed.

        Networks of one graph have the same liars in each seed, whatever their links are made of, and so at all loads.
        They count once, as the one of most exclusions.
        """
        counts: dict[tuple[str, int], tuple[int, int]] = {}
        for setting in settings:
            for seed, row in self.of(setting, arm).items():
                found = len(row["honest_excluded"]), row["nodes"] - len(row["byzantine_nodes"])
                key = self._graph_of(row), seed
                counts[key] = max(counts.get(key, (0, 0)), found)
        return _score(counts.values(), 1.0) if counts else None

    def always_served(self, arm: str, settings: Iterable[Setting], share: float) -> Score | None:
        """Seeds with so large a secure availability, over all feasible ones; graph and seed once, as the worst."""
        served: dict[tuple[str, int], float] = {}
        for setting in settings:
            for seed, row in self.of(setting, arm).items():
                if self._is_feasible(setting, seed) and _slots(row):
                    key = self._graph_of(row), seed
                    served[key] = min(served.get(key, 1.0), _sum(row, "secure_slots") / _slots(row))
        return _score([(float(found >= share), 1.0) for found in served.values()], 1.0) if served else None

    def nearest_schedule(self, setting: Setting, arm: str) -> tuple[str, float] | None:
        """The periodic arm whose re-alignments are nearest in number to this one's, and how many times as many it has.

        None where none is within a factor of `COMPARABLE`.
        """
        found = []
        for other in (f"every-{epochs}" for epochs in PERIODS):
            pairs = self._paired(setting, arm, setting, other)
            own, others = (_total([pair[side] for pair in pairs], "realignments") for side in (0, 1))
            if own > 0 and others > 0 and all(two["qber_variance"] is not None for _, two in pairs):
                found.append((abs(float(np.log(others / own))), other, others / own))
        if not found or min(found)[0] > np.log(COMPARABLE):
            return None
        _, name, times = min(found)
        return name, times

    def made(self, setting: Setting, arm: str, other: str) -> Score | None:
        """Key that all links made under one arm, over that under another in the same seeds."""
        pairs = self._paired(setting, arm, setting, other)
        return _score([(one["made_bits"], two["made_bits"]) for one, two in pairs]) if pairs else None

    def refused(self, arm: str, network: str, attack: str) -> Score | None:
        """Key that was thrown away for its errors, over all that was made, over all loads and shares, by seed."""
        sums: dict[int, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
        for (setting, of_arm), rows in self._rows.items():
            if (of_arm, setting.network, setting.attack) == (arm, network, attack):
                for seed, row in rows.items():
                    refused, made = sums[seed]
                    sums[seed] = refused + row["refused_bits"], made + row["made_bits"]
        return _score(sums.values(), 1.0) if sums else None

    def accepted_errors(self, arm: str, network: str, attack: str) -> dict[tuple[str, str], Score]:
        """True error rate of accepted key by protocol and basis, over all loads and shares, by seed."""
        sums: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))
        for (setting, of_arm), rows in self._rows.items():
            if (of_arm, setting.network, setting.attack) != (arm, network, attack):
                continue
            for seed, row in rows.items():
                for protocol, bases in row["accepted"].items():
                    for basis, counts in bases.items():
                        sums[protocol, basis][seed][0] += counts["errors"]
                        sums[protocol, basis][seed][1] += counts["clicks"]
        return {name: _score([(a, b) for a, b in of_seed.values()], 1.0) for name, of_seed in sorted(sums.items())}

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

    @staticmethod
    def _graph_of(row: Row) -> str:
        """What tells networks apart that differ in nodes and links, not in what these are made of."""
        return str(row.get("graph") or row["network"])

    def _is_feasible(self, setting: Setting, seed: int) -> bool:
        bound = self.of(self._unattacked(setting), BOUND)
        return seed in bound and _feasible(bound[seed])

    def _unattacked(self, setting: Setting) -> Setting:
        """Where the bound of a setting stands: it depends on who is Byzantine, and not on what they do."""
        byzantine = 0.0 if ATTACKS[setting.attack].fibres else setting.byzantine
        return Setting(setting.network, setting.load, byzantine, NO_ATTACK)

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


def _total(rows: Iterable[Row], name: str) -> float:
    return float(sum(row[name] for row in rows))


def _feasible(bound: Row) -> bool:
    return _sum(bound, "secure") >= FEASIBLE_SHARE * _sum(bound, "asked")


def _slots(row: Row) -> float:
    return float(row["epochs"] * sum(demand["honest"] for demand in row["demands"]))


def _score(pairs: Iterable[tuple[float, float]], most: float = np.inf) -> Score:
    above, below = np.array(list(pairs), dtype=np.float64).T
    return Score(above, below, 0.0, most)
