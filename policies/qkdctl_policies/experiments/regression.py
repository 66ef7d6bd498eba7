"""What moves the scores: least squares on the share of Byzantine nodes, the loss and the load, with diagnostics."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qkdctl_policies.experiments.attacks import ATTACKS
from qkdctl_policies.experiments.rows_file import Row

Floats = NDArray[np.float64]

LEAST_ROWS: Final = 30
LEAST_GROUPS: Final = 10
_NOTHING: Final = 1e-12
"""What rounding leaves of a column that is the same in all rows."""
LOSS: Final = "loss of a link, per dB"
CONNECTIVITY: Final = "nodes that must fail to part the others, per node"
PROTOCOL: Final = "bb84"
BASIS: Final = "z"

REGRESSORS: Final[Mapping[str, Callable[[Row], float]]] = {
    "Byzantine nodes, per tenth of all": lambda row: 10 * len(row["byzantine_nodes"]) / row["nodes"],
    LOSS: lambda row: row["loss_db"],
    "load, per tenth": lambda row: 10 * row["load"],
    CONNECTIVITY: lambda row: row["connectivity"],
}
_OF_NETWORKS: Final = (LOSS, CONNECTIVITY)
"""The same in all rows of a network, or nearly."""


@dataclass(frozen=True, slots=True)
class Term:
    """What one regressor does.

    Attributes:
        slope: change of the outcome for one unit, with its 95 % interval from `low` to `high`.
        p: two-sided, of no effect.
        inflation: of the variance of the slope by what the others share with it; 1 where they share nothing.
    """

    name: str
    slope: float
    low: float
    high: float
    p: float
    inflation: float


@dataclass(frozen=True, slots=True)
class Regression:
    """A fit.

    Attributes:
        outcome, arm: what was fitted, under which arm.
        within: whether each network has a mean of its own, so that only rows of the same are held against each other.
        rows, groups: rows, and independent groups of them.
        terms: regressors that vary.
        r_squared: share of the variance that they explain.
        uneven_p: of Breusch and Pagan's test, small where the scatter depends on the regressors.
        normal_p: of Jarque and Bera's test, small where the scatter is no normal one.
    """

    outcome: str
    arm: str
    within: bool
    rows: int
    groups: int
    terms: tuple[Term, ...]
    r_squared: float
    uneven_p: float
    normal_p: float


def secure_share(row: Row) -> float | None:
    """Secure keys of honest demands, over what they asked for; None where nobody honest asks."""
    honest = [demand for demand in row["demands"] if demand["honest"]]
    asked = sum(demand["asked"] for demand in honest)
    return sum(demand["secure"] for demand in honest) / asked if asked else None


def qber(row: Row) -> float | None:
    """True error rate of accepted key of decoy BB84 in basis Z; None where there is none."""
    counts = row["accepted"].get(PROTOCOL, {}).get(BASIS, {"errors": 0, "clicks": 0})
    return counts["errors"] / counts["clicks"] if counts["clicks"] else None


OUTCOMES: Final[Mapping[str, Callable[[Row], float | None]]] = {
    "secure share of what honest demands ask for": secure_share,
    "QBER of accepted key, Z": qber,
}


def regressions(rows: Iterable[Row], arms: Iterable[str]) -> list[Regression]:
    """All outcomes under these arms, from rows without attacks on fibres that tell the loss of their network.

    Ordinary least squares. Intervals and p, by Student's t with one degree of freedom less than there are groups, allow
    for rows of one group that resemble each other (cluster-robust covariance; Cameron and Miller, J. Hum. Resour. 50,
    317 (2015)) and hence for uneven scatter. A group is a graph, whatever its links are made of: it has the same liars
    in every network; or, of few networks, a graph and seed. Each is fitted between networks and within them.
    """
    kept = [row for row in rows if row.get("loss_db") is not None and not ATTACKS[row["attack"]].fibres]
    found = (
        _regression(outcome, measured, arm, [row for row in kept if row["arm"] == arm], within=within)
        for arm in arms
        for outcome, measured in OUTCOMES.items()
        for within in (False, True)
    )
    return [one for one in found if one is not None]


def _regression(
    outcome: str, measured: Callable[[Row], float | None], arm: str, rows: list[Row], *, within: bool
) -> Regression | None:
    """None for too few rows or groups, or where nothing varies."""
    pairs = [(row, value) for row in rows if (value := measured(row)) is not None]
    if len(pairs) < LEAST_ROWS:
        return None
    columns = {name: np.array([regressor(row) for row, _ in pairs]) for name, regressor in REGRESSORS.items()}
    networks = np.unique([row["network"] for row, _ in pairs], return_inverse=True)[1]
    graphs = [str(row.get("graph") or row["network"]) for row, _ in pairs]
    is_many = len(set(graphs)) >= LEAST_GROUPS
    if within or not is_many:
        columns = {name: column for name, column in columns.items() if name not in _OF_NETWORKS}
    # what is the same in all seeds of a graph makes that these are not independent of each other
    alike = [graph if is_many else f"{graph} {row['seed']}" for graph, (row, _) in zip(graphs, pairs, strict=True)]
    groups = np.unique(alike, return_inverse=True)[1]
    values = np.array([value for _, value in pairs])
    if within:
        values, columns = _apart(values, networks), {name: _apart(column, networks) for name, column in columns.items()}
    columns = {name: column for name, column in columns.items() if np.ptp(column) > _NOTHING}
    if not columns or np.ptp(values) <= _NOTHING or groups.max() + 1 < LEAST_GROUPS:
        return None
    return _fitted(outcome, arm, within, values, columns, groups)


def _apart(column: Floats, networks: NDArray[np.intp]) -> Floats:
    """Less the mean of its network."""
    return np.asarray(column - (np.bincount(networks, column) / np.bincount(networks))[networks])


def _fitted(
    outcome: str, arm: str, within: bool, values: Floats, columns: Mapping[str, Floats], groups: NDArray[np.intp]
) -> Regression | None:
    import statsmodels.api as sm  # noqa: PLC0415 - slow to import
    from statsmodels.stats.diagnostic import het_breuschpagan  # noqa: PLC0415 - likewise
    from statsmodels.stats.outliers_influence import variance_inflation_factor  # noqa: PLC0415 - likewise
    from statsmodels.stats.stattools import jarque_bera  # noqa: PLC0415 - likewise

    table = sm.add_constant(np.stack(list(columns.values()), axis=1))
    if np.linalg.matrix_rank(table) < table.shape[1]:
        return None  # one regressor is a sum of others
    fit = sm.OLS(values, table).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    with np.errstate(invalid="ignore"):
        intervals = fit.conf_int()
    if not np.isfinite(intervals).all():
        return None  # next to no scatter between groups
    terms = tuple(
        Term(
            name,
            slope=float(fit.params[place]),
            low=float(intervals[place][0]),
            high=float(intervals[place][1]),
            p=float(fit.pvalues[place]),
            inflation=float(variance_inflation_factor(table, place)),
        )
        for place, name in enumerate(columns, start=1)
    )
    return Regression(
        outcome,
        arm,
        within,
        rows=values.size,
        groups=int(groups.max()) + 1,
        terms=terms,
        r_squared=float(fit.rsquared),
        uneven_p=float(het_breuschpagan(fit.resid, table)[1]),
        normal_p=float(jarque_bera(fit.resid)[1]),
    )
