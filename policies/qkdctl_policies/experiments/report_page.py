"""Every arm in every setting, and tests between arms, as a page."""

from collections.abc import Sequence
from typing import Any, Final

from qkdctl_policies.experiments.arms import ARMS
from qkdctl_policies.experiments.attacks import ATTACKS
from qkdctl_policies.experiments.markdown import percent, table
from qkdctl_policies.experiments.score import MANY_SEEDS, REDRAWN

Json = dict[str, Any]

_SCORES: Final = {
    "of_bound": "of the bound",
    "of_bound_feasible": "the same, feasible seeds",
    "rate_kept": "rate kept",
    "verified_availability": "verified availability",
    "secure_availability": "secure availability",
}


def report_page(document: Json) -> str:
    """The page of a document, see `document_of`."""
    return "\n".join(
        [
            "# Experiments",
            "",
            f"Made by `qkdctl experiment report` of {document['rows']} simulated stories. Numbers in brackets are 95 %",
            f"intervals over seeds: percentile bootstrap of {REDRAWN} seeds or more, jackknife with Student's t of",
            "fewer. What the columns mean: [guide](../guides/experiments.md). A network counts as restored with the",
            "first five good epochs in a row; whether service fails again later, availability tells.",
            "",
            "![secure key of honest demands as a share of the bound](experiments.png)",
            "",
            *_structure(document["structure"]),
            *_names(),
            *_score_tables(document["scores"], {one["setting"]: one for one in document["feasible"]}),
            *_comparisons(document["comparisons"]),
            *_regressions(document["regressions"]),
            *_errors(document["accepted_errors"]),
            *_exclusions(document["exclusions"]),
            *_caught(document["caught"]),
        ]
    )


def _structure(structure: Sequence[Json]) -> list[str]:
    """What no controller can change comes first."""
    places = sorted({place for one in structure for place in one["feasible"]})
    cells = (
        (
            one["network"],
            *(str(one[name]) for name in ("nodes", "links", "connectivity")),
            *(_seeds(one["feasible"].get(place)) for place in places),
        )
        for one in structure
    )
    return [
        "## What depends on structure",
        "",
        "Seeds in which the bound carries all honest demand; in the others no controller can. Connectivity: nodes that",
        "must fail to part the others.",
        "",
        *table(("network", "nodes", "links", "connectivity", *places), cells),
        "",
    ]


def _seeds(found: Json | None) -> str:
    return "-" if found is None else f"{found['feasible']} of {found['seeds']}"


def _names() -> list[str]:
    return [
        "## Arms and attacks",
        "",
        *table(("arm", "what it is"), ((f"`{name}`", arm.about) for name, arm in ARMS.items())),
        "",
        *table(("attack", "Byzantine nodes"), ((f"`{name}`", attack.about) for name, attack in ATTACKS.items())),
        "",
    ]


def _score_tables(scores: Sequence[Json], feasible: dict[str, Json]) -> list[str]:
    lines = ["## Scores", ""]
    for setting in dict.fromkeys(one["setting"] for one in scores):
        lines += [f"### {setting}", ""]
        if setting in feasible:
            lines += [f"Feasible in {feasible[setting]['feasible']} of {feasible[setting]['seeds']} seeds.", ""]
        rows = [one for one in scores if one["setting"] == setting]
        cells = (
            (f"`{one['arm']}`", *(percent(one[name]) for name in _SCORES), _worst(one), _restored(one)) for one in rows
        )
        names = ("arm", *_SCORES.values(), "worst feasible seed, of the bound", "restored after epochs")
        lines += [*table(names, cells), ""]
    return lines


def _restored(score: Json) -> str:
    found = score["restoration"]
    if found is None or not found["restored"]:
        return "-" if found is None else f"never in {found['seeds']} seeds"
    return f"{found['median_epochs']:g}, {found['restored']} of {found['seeds']} seeds"


def _worst(score: Json) -> str:
    worst = score["worst_feasible"]
    return "-" if worst is None else f"{100 * worst:.1f} %"


def _comparisons(comparisons: Sequence[Json]) -> list[str]:
    cells = (
        (
            one["setting"],
            f"`{one['arm']}` - `{one['other']}`",
            percent(one["difference"]),
            f"{one['effect']:+.2f}",
            one["seeds"],
            "-" if one["p"] is None else f"{one['p']:.3g}",
        )
        for one in comparisons
    )
    return [
        "## Comparisons",
        "",
        "Secure key of honest demands as a share of what they asked for, seed by seed; effect: rank-biserial",
        f"correlation; p of Wilcoxon's test where there are {MANY_SEEDS} seeds or more, after Holm's correction over",
        "all of these tests together, after which fewer seeds could show nothing.",
        "",
        *table(("setting", "arms", "difference", "effect", "seeds", "p"), cells),
        "",
    ]


def _regressions(regressions: Sequence[Json] | None) -> list[str]:
    if regressions is None:
        return ["## What moves the scores", "", "Not fitted: `pip install 'qkdctl[sim]'` brings statsmodels.", ""]
    if not regressions:
        return []
    lines = [
        "## What moves the scores",
        "",
        "Least squares over all rows of these arms but those of attacks on fibres; between networks, and within them,",
        "where each has a mean of its own. Intervals and p allow for rows of one graph that resemble each other.",
        "Inflation: of the variance by what regressors share, 1 for none. Where the scatter is uneven or not normal",
        "(small p below each table), intervals hold for many groups only. Networks differ in more than their loss, and",
        "not every one was run at every load and share of liars: what these do is told by the slopes within.",
        "",
    ]
    for one in regressions:
        cells = (
            (
                term["name"],
                f"{100 * term['slope']:+.3f} % ({100 * term['low']:+.3f} to {100 * term['high']:+.3f})",
                f"{term['p']:.2g}",
                f"{term['inflation']:.2f}",
            )
            for term in one["terms"]
        )
        lines += [
            f"### {one['outcome']}, `{one['arm']}`, {'within' if one['within'] else 'between'} networks",
            "",
            *table(("regressor", "change", "p", "inflation"), cells),
            "",
            f"{one['rows']} rows in {one['groups']} groups; R^2 {one['r_squared']:.2f}; even scatter (Breusch-Pagan):",
            f"p {one['uneven_p']:.2g}; normal scatter (Jarque-Bera): p {one['normal_p']:.2g}.",
            "",
        ]
    return lines


def _errors(errors: Sequence[Json]) -> list[str]:
    names = ("network", "attack", "arm", "protocol", "basis")
    cells = ((*(one[name] for name in names), percent(one["qber"], 3), percent(one["refused"])) for one in errors)
    return [
        "## True error rate of accepted key",
        "",
        "Key with more errors than the `qber_limit` of the hardware is thrown away; arms see no key then.",
        "",
        *table((*names, "QBER", "thrown away, of all key"), cells),
        "",
    ]


def _exclusions(exclusions: Sequence[Json]) -> list[str]:
    names = ("node_epochs", "without_attack", "under_attack")
    return [
        "## Honest nodes that were excluded",
        "",
        "Epochs of honest nodes, and those of them in which no key was to be relayed over the node.",
        "",
        *table(
            ("arm", "all", "excluded without attack", "excluded under attack"),
            ((f"`{one['arm']}`", *(one[name] for name in names)) for one in exclusions),
        ),
        "",
    ]


def _caught(caught: Sequence[Json]) -> list[str]:
    some = [one for one in caught if one["byzantine"]]
    cells = (
        (
            f"`{one['attack']}`",
            f"`{one['arm']}`",
            f"{one['excluded']} of {one['byzantine']}",
            "-" if one["median_epochs"] is None else f"{one['median_epochs']:g}",
        )
        for one in some
    )
    return [
        "## Byzantine nodes that were excluded",
        "",
        "At some time in the epochs that count, and in the median after so many of them.",
        "",
        *table(("attack", "arm", "excluded", "after epochs"), cells),
        "",
    ]
