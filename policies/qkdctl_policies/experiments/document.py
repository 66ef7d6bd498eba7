"""All numbers of a report, as JSON; the pages are made of nothing else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from itertools import product
from typing import Any, Final

import numpy as np

from qkdctl_policies.experiments.arms import ARMS, BASELINE
from qkdctl_policies.experiments.attacks import ATTACKS, NO_ATTACK
from qkdctl_policies.experiments.claims import OURS, paper_claims, setting_name
from qkdctl_policies.experiments.comparison import compared, holm
from qkdctl_policies.experiments.regression import regressions
from qkdctl_policies.experiments.rows_file import Row
from qkdctl_policies.experiments.score import MANY_SEEDS, Score, Setting
from qkdctl_policies.experiments.scores import Rows
from qkdctl_policies.experiments.suite import load_suite, shipped_suites
from qkdctl_policies.experiments.targets import own_targets
from qkdctl_policies.experiments.verdicts import LEAST_SEEDS

Json = dict[str, Any]

COMPARED: Final = (
    ("both", BASELINE),
    ("both", "field-failover"),
    ("both", "tuned-failover"),
    ("both", "abft"),
    ("both", "abft-rules"),
    ("both", "dra"),
    ("both", "dra-failover"),
    ("both", "both-k-of-n"),
    ("both-in-halves", "both"),
    ("abft", BASELINE),
)
"""Pairs of arms that are tested against each other."""


def document_of(
    rows: Sequence[Row], cost: Mapping[str, Any] | None = None, trainings: Mapping[str, Any] | None = None
) -> Json:
    """The numbers that these rows give, and what the benchmark of the agreement and an evaluation found."""
    known = Rows(rows)
    agreed = [arm for arm, about in ARMS.items() if about.agreed]
    return {
        "rows": len(rows),
        "seeds": {name: len(seeds) for name, seeds in _seeds(rows).items()},
        "suites": _suites({row["network"] for row in rows}),
        "structure": [_structure(known, network) for network in sorted({one.network for one in known.settings()})],
        "like_the_paper": _like_the_paper(known),
        "targets": [claim.to_plain() for claim in own_targets(known, trainings)],
        "claims": [claim.to_plain() for claim in paper_claims(known, cost, trainings)],
        "scores": [_scores(known, setting, arm) for setting in known.settings() for arm in known.arms(setting)],
        "feasible": [_feasible(known, setting) for setting in known.settings() if known.feasible(setting)],
        "comparisons": _comparisons(known),
        "accepted_errors": [
            {
                "network": network,
                "attack": attack,
                "arm": arm,
                "protocol": protocol,
                "basis": basis,
                "qber": _interval(score),
                "refused": _interval(known.refused(arm, network, attack)),
            }
            for (network, attack), arm in product(known.places(), ARMS)
            for (protocol, basis), score in known.accepted_errors(arm, network, attack).items()
        ],
        "regressions": _regressions(rows),
        "exclusions": [one for arm in agreed if (one := _exclusions(rows, arm))["node_epochs"]],
        "caught": [_caught(rows, arm, attack) for attack in ATTACKS for arm in agreed],
    }


def _seeds(rows: Sequence[Row]) -> dict[str, set[int]]:
    """Seeds of each network."""
    found: dict[str, set[int]] = {}
    for row in sorted(rows, key=lambda row: str(row["network"])):
        found.setdefault(row["network"], set()).add(row["seed"])
    return found


def _suites(networks: Collection[str]) -> dict[str, list[str]]:
    """Those of these networks that each shipped suite has."""
    own = {name: sorted({*networks} & load_suite(name).networks.keys()) for name in shipped_suites()}
    return {name: found for name, found in own.items() if found}


def _regressions(rows: Sequence[Row]) -> list[Json] | None:
    """None where statsmodels is not installed."""
    if find_spec("statsmodels") is None:
        return None
    return [asdict(found) for found in regressions(rows, (BASELINE, OURS))]


def _structure(rows: Rows, network: str) -> Json:
    """A network, and how often any controller could carry all honest demand, by load and share of Byzantine nodes."""
    own = [setting for setting in rows.settings() if setting.network == network]
    size = rows.size(own[0])
    shares = {}
    for load, byzantine in sorted({(setting.load, setting.byzantine) for setting in own}):
        found = rows.feasible(Setting(network, load, byzantine, NO_ATTACK))
        if found is not None:
            shares[f"load {load:g}, {100 * byzantine:g} % Byzantine"] = {"feasible": found[0], "seeds": found[1]}
    return {"network": network, **size, "feasible": shares}


def _like_the_paper(rows: Rows) -> Json | None:
    """The attacked setting in which the baseline is nearest to the paper's: half of the rate, 95 % availability."""
    found = []
    for setting in rows.settings():
        kept, served = rows.rate_kept(setting, BASELINE), rows.availability(setting, BASELINE, secure=False)
        if ATTACKS[setting.attack].fibres or setting.attack == NO_ATTACK or kept is None or served is None:
            continue
        if kept.above.size >= LEAST_SEEDS:
            distance = abs(kept.interval().mean - 0.5) + abs(served.interval().mean - 0.95)
            found.append((distance, setting))
    if not found:
        return None
    _, nearest = min(found)
    return {"setting": setting_name(nearest), "arms": [_scores(rows, nearest, arm) for arm in (BASELINE, OURS)]}


def _scores(rows: Rows, setting: Setting, arm: str) -> Json:
    kept = None if setting.attack == NO_ATTACK else rows.rate_kept(setting, arm)
    feasible = rows.of_bound(setting, arm, feasible=True)
    return {
        "setting": setting_name(setting),
        "arm": arm,
        "of_bound": _interval(rows.of_bound(setting, arm)),
        "of_bound_feasible": _interval(feasible),
        "worst_feasible": None if feasible is None else float(feasible.each().min()),
        "rate_kept": _interval(kept),
        "verified_availability": _interval(rows.availability(setting, arm, secure=False)),
        "secure_availability": _interval(rows.availability(setting, arm, secure=True)),
        "restoration": None if setting.attack == NO_ATTACK else _restoration(rows.restoration(setting, arm)),
    }


def _restoration(epochs: Sequence[int | None]) -> Json | None:
    """How many seeds were restored, and the median time of those; None where no row tells."""
    back = [count for count in epochs if count is not None]
    if not epochs:
        return None
    return {"seeds": len(epochs), "restored": len(back), "median_epochs": float(np.median(back)) if back else None}


def _feasible(rows: Rows, setting: Setting) -> Json:
    found = rows.feasible(setting)
    assert found is not None
    return {"setting": setting_name(setting), "feasible": found[0], "seeds": found[1]}


def _comparisons(rows: Rows) -> list[Json]:
    """Tested are pairs of arms with enough seeds; all tests of a report are one family."""
    pairs = [
        (setting, arm, other, pair[0].size, compared(*pair))
        for setting, (arm, other) in product(rows.settings(), COMPARED)
        if (pair := rows.paired(setting, arm, other)) is not None and pair[0].size > 1
    ]
    tested = [place for place, (_, _, _, seeds, _) in enumerate(pairs) if seeds >= MANY_SEEDS]
    values = holm([pairs[place][-1].p for place in tested])
    corrected = dict(zip(tested, values, strict=True))
    return [
        {
            "setting": setting_name(setting),
            "arm": arm,
            "other": other,
            "seeds": seeds,
            "difference": {
                "value": found.difference.mean,
                "low": found.difference.low,
                "high": found.difference.high,
            },
            "effect": found.effect,
            "p": corrected.get(place),
        }
        for place, (setting, arm, other, seeds, found) in enumerate(pairs)
    ]


def _exclusions(rows: Sequence[Row], arm: str) -> Json:
    """Epochs of honest nodes, and those of them in which the node was excluded."""
    own = [row for row in rows if row["arm"] == arm]
    attacked = [row for row in own if row["attack"] != NO_ATTACK]
    return {
        "arm": arm,
        "node_epochs": sum((row["nodes"] - len(row["byzantine_nodes"])) * row["epochs"] for row in own),
        "without_attack": sum(row["honest_excluded_epochs"] for row in own if row["attack"] == NO_ATTACK),
        "under_attack": sum(row["honest_excluded_epochs"] for row in attacked),
    }


def _caught(rows: Sequence[Row], arm: str, attack: str) -> Json:
    """Byzantine nodes under one attack, and after how many epochs of it they were excluded."""
    own = [row for row in rows if (row["arm"], row["attack"]) == (arm, attack)]
    first = [epoch for row in own for epoch in row["byzantine_excluded_from"].values()]
    found = [epoch for epoch in first if epoch]
    return {
        "arm": arm,
        "attack": attack,
        "byzantine": len(first),
        "excluded": len(found),
        "median_epochs": float(np.median(found)) if found else None,
    }


def _interval(score: Score | None) -> Json | None:
    if score is None:
        return None
    found = score.interval()
    return {"value": found.mean, "low": found.low, "high": found.high}
