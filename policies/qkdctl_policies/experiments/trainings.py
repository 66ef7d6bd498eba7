"""Claims about learning, judged by what `qkdctl policy evaluate` says of several trainings: rows hold no trainings."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from qkdctl_policies.experiments.verdicts import LEAST_SEEDS, Claim, Finding, Limit, at_least
from qkdctl_policies.learning.statistics import Interval, ratio

Json = Mapping[str, Any]

EPISODES: Final = 500
CONVERGED: Final = 0.95
CLOSED: Final = 0.85
GREEDY_MILD: Final = 0.98
_GROUPS: Final = {
    "all": "all scenarios",
    "mild": "mild scenarios",
    "hard": "hard scenarios",
    "learned_from": "scenarios it learned from",
    "held_out": "scenarios held out",
}
_MISSING: Final = "rows hold no trainings; give what 'qkdctl policy evaluate --json' says of some with --trainings"


class TrainingsError(Exception):
    """A file that is no evaluation of trainings."""


def read_trainings(path: Path) -> Json:
    """What `qkdctl policy evaluate FILE... --json` wrote about several files.

    Raises:
        TrainingsError: it is something else.
        OSError: it cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        short, longest = _of(found)
        for group in found["trainings"]:
            for file in (*short, longest):
                _share(found["trainings"][group]["each"][file])
                for name in ("greedy_share", "regret_closed"):
                    _over_networks_of(found, group, file, name)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise TrainingsError(
            f"{path}: expected what 'qkdctl policy evaluate FILE... --json' writes of several files, of which "
            f"{LEAST_SEEDS} or more have learned for {EPISODES} episodes or fewer and one for longer"
        ) from None
    return dict(found)


def convergence(trainings: Json | None) -> Claim:
    """The claim of the paper; not measured without an evaluation."""
    limit = at_least(CONVERGED)
    findings = []
    if trainings is not None:
        short, longest = _of(trainings)
        for group in _present(trainings):
            most = _figure(trainings, group, longest)
            if most > 0:
                each = [_figure(trainings, group, file) / most for file in short]
                findings.append(_finding(_GROUPS[group], each, limit))
    return Claim(
        f"The policy converges within {EPISODES} episodes",
        f"regret that trainings of {EPISODES} episodes close, over that of one that went on, on the same networks, "
        f"which none of them has met; mean and interval over trainings; holds at {100 * CONVERGED:g} % or more",
        limit,
        tuple(findings),
        "" if findings else _MISSING,
    )


def learning_targets(trainings: Json | None) -> list[Claim]:
    """What this project set itself for trainings of 500 episodes."""
    closed, greedy, beaten = [], [], []
    if trainings is not None:
        short, _ = _of(trainings)
        for group in _present(trainings):
            closed.append(_over_networks(trainings, group, short, "regret_closed", at_least(CLOSED)))
            if group in ("mild", "hard"):
                limit = at_least(GREEDY_MILD if group == "mild" else 1.0)
                greedy.append(_over_networks(trainings, group, short, "greedy_share", limit))
            beaten.append(_beaten(trainings, group, short, at_least(1.0)))
    why = "" if closed else _MISSING
    return [
        Claim(
            f"{100 * CLOSED:g} % of the regret is closed within {EPISODES} episodes",
            "key above the best fixed power in hindsight, over what the best of several controllers that know the "
            "truth makes above it; mean over trainings, interval over trainings and networks",
            at_least(CLOSED),
            tuple(closed),
            why,
        ),
        Claim(
            f"{EPISODES} episodes do as well as the greedy controller that knows the truth",
            f"key over that of the greedy controller; holds at {100 * GREEDY_MILD:g} % or more on mild scenarios, and "
            "above 100 % on hard ones; interval over trainings and networks",
            at_least(1.0),
            tuple(greedy),
            why,
        ),
        Claim(
            f"{EPISODES} episodes beat all who have not learned and do not know the truth",
            "key over the most that constructed policy, rule, operators in the field, hold and chance make; interval "
            "over trainings and the networks of both, as if these were others",
            at_least(1.0),
            tuple(beaten),
            why,
        ),
    ]


def _of(trainings: Json) -> tuple[list[str], str]:
    """Files of few episodes, and the one of most."""
    episodes = {str(file): int(count) for file, count in trainings["episodes"].items()}
    short = [file for file, count in episodes.items() if count <= EPISODES]
    longest = max(episodes, key=lambda file: episodes[file])
    if len(short) < LEAST_SEEDS or longest in short:
        raise ValueError("too few trainings")
    return short, longest


def _present(trainings: Json) -> Sequence[str]:
    return [group for group in _GROUPS if group in trainings["trainings"]]


def _figure(trainings: Json, group: str, file: str) -> float:
    """The regret that one training closes."""
    return float(trainings["trainings"][group]["each"][file]["regret_closed"][0])


def _share(found: Json) -> Interval:
    """A share of the ideal key, with its interval over networks."""
    low, high = found["interval_95"]
    return Interval(float(found["key_share_iqm"]), float(low), float(high))


def _beaten(trainings: Json, group: str, files: Sequence[str], limit: Limit) -> Finding:
    """Key over the most of those who have not learned. What says how far networks differ is not paired: it is added."""
    names = ("constructed", "rule-based", "field", "hold", "random")
    most = max((_share(trainings["summary"][group][name]) for name in names), key=lambda share: share.mean)
    each = [_share(trainings["trainings"][group]["each"][file]) for file in files]
    alone = _finding(_GROUPS[group], [one.mean / most.mean for one in each], limit)
    below, above = np.mean([[one.mean - one.low, one.high - one.mean] for one in each], axis=0) / most.mean
    theirs_below, theirs_above = alone.value * np.array([most.mean - most.low, most.high - most.mean]) / most.mean
    low = alone.value - float(np.linalg.norm([alone.value - alone.low, below, theirs_above]))
    high = alone.value + float(np.linalg.norm([alone.high - alone.value, above, theirs_below]))
    return Finding(alone.where, alone.value, low, high, limit.holds(low, high), seeds=alone.seeds)


def _over_networks_of(trainings: Json, group: str, file: str, name: str) -> Interval:
    """What one training came to, with its interval over networks."""
    mean, low, high = trainings["trainings"][group]["each"][file][name]
    return Interval(float(mean), float(low), float(high))


def _over_networks(trainings: Json, group: str, files: Sequence[str], name: str, limit: Limit) -> Finding:
    """A mean over trainings, with an interval of both: all ran the same networks, so those do not average out."""
    each = [_over_networks_of(trainings, group, file, name) for file in files]
    alone = _finding(_GROUPS[group], [one.mean for one in each], limit)
    networks = np.mean([[one.mean - one.low, one.high - one.mean] for one in each], axis=0)
    low = alone.value - float(np.hypot(alone.value - alone.low, networks[0]))
    high = alone.value + float(np.hypot(alone.high - alone.value, networks[1]))
    return Finding(alone.where, alone.value, low, high, limit.holds(low, high), seeds=alone.seeds)


def _finding(where: str, each: Sequence[float], limit: Limit) -> Finding:
    found: Interval = ratio(np.array([each]), np.ones((1, len(each))))
    return Finding(where, found.mean, found.low, found.high, limit.holds(found.low, found.high), seeds=len(each))
