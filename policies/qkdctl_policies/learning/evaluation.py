"""How good a policy file is on named scenarios, beside those who have not learned."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.vetting import VettedPolicy, vet
from qkdctl_policies.constructed import constructed_policy
from qkdctl_policies.environment.network_env import EnvSettings, NetworkEnv
from qkdctl_policies.learning.batches import judged_batch
from qkdctl_policies.learning.config_sections import FINAL_SEED
from qkdctl_policies.learning.contenders import (
    FieldContender,
    FileContender,
    HoldContender,
    RandomContender,
    RuleContender,
)
from qkdctl_policies.learning.ideal import LEAST_BPS, best_fixed, best_of, ideal
from qkdctl_policies.learning.informed import HORIZONS, InformedContender
from qkdctl_policies.learning.play import Contender, Played, of_networks, play
from qkdctl_policies.learning.scenarios import HARD, HELD_OUT, MILD, TO_LEARN_FROM
from qkdctl_policies.learning.statistics import Interval, interval, ratio

Floats = NDArray[np.float64]

SEEDS: Final = 10

TRAINED: Final = "this policy"
_MET: Final = ("open-air",)
"""Held out by name, but the shipped trainings meet its hardware and channel under another one (`wild-air`)."""
_GROUPS: Final = {
    "mild": MILD,
    "hard": HARD,
    "learned_from": (*TO_LEARN_FROM, *_MET),
    "held_out": tuple(name for name in HELD_OUT if name not in _MET),
}
"""The last two as for the shipped trainings."""

POWERS_E6: Final = (300_000, 450_000, 650_000)

OnContender = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one contender did on some scenarios.

    Attributes:
        key_share: key as a share of what the same links make under ideal control, mean over links; over all scenarios
            and seeds.
        greedy_share: the same as a share of the greedy controller that knows the truth.
        regret_closed: where it stands between the best fixed power in hindsight, 0, and the best of the controllers
            that know the truth, 1; beyond 1 where it does better than those.
    """

    key_share: Interval
    greedy_share: Interval
    regret_closed: Interval


@dataclass(frozen=True, slots=True)
class Judged:
    """Figures of every contender.

    Attributes:
        scenarios: in the order of the figures.
        figures: by contender and name, `key_share` or a field of `Played`; each of shape (scenarios, seeds). Several
            trainings of one policy are one contender, their mean; where all files are, it is `TRAINED`.
        trainings: the same figures of each file.
        policies: the files of each contender that has files.
    """

    scenarios: tuple[str, ...]
    figures: Mapping[str, Mapping[str, Floats]]
    trainings: Mapping[str, Mapping[str, Floats]]
    policies: Mapping[str, tuple[str, ...]]

    def standing(self, contender: str, scenarios: tuple[str, ...]) -> Standing:
        """How a contender did on some of the scenarios."""
        return self._standing(self._shares(self.figures[contender], scenarios), scenarios)

    def over_trainings(self, policy: str, scenarios: tuple[str, ...]) -> Standing:
        """The mean of a policy's trainings, with intervals over trainings instead of networks."""
        rows = [self.trainings[file] for file in self.policies[policy]]
        each = [self._standing(self._shares(row, scenarios), scenarios) for row in rows]
        names = ("key_share", "greedy_share", "regret_closed")
        of_each = {name: np.array([[getattr(one, name).mean for one in each]]) for name in names}
        return Standing(**{name: ratio(values, np.ones_like(values)) for name, values in of_each.items()})

    def document(self) -> dict[str, Any]:
        """The figures as JSON: means over the seeds, and how everybody stands."""
        present = {name: tuple(one for one in group if one in self.scenarios) for name, group in _GROUPS.items()}
        present = {name: group for name, group in present.items() if group} | {"all": self.scenarios}
        several = len(self.trainings) > 1
        return {
            "policies": {policy: list(files) for policy, files in self.policies.items()},
            "scenarios": {
                scenario: {
                    contender: {name: _rounded(values[place].mean()) for name, values in row.items()}
                    for contender, row in self.figures.items()
                }
                for place, scenario in enumerate(self.scenarios)
            },
            "summary": {
                name: {contender: _summary(self.standing(contender, group)) for contender in self.figures}
                for name, group in present.items()
            },
            "trainings": {
                name: {
                    "over_all": {
                        policy: _summary(self.over_trainings(policy, group))
                        for policy, files in self.policies.items()
                        if len(files) > 1
                    },
                    "each": {
                        file: _summary(self._standing(self._shares(row, group), group))
                        for file, row in self.trainings.items()
                    },
                }
                for name, group in present.items()
                if several
            },
        }

    def _standing(self, own: Floats, scenarios: tuple[str, ...]) -> Standing:
        fixed, most, greedy = (
            self._shares(self.figures[name], scenarios) for name in ("best fixed", "oracle", "greedy")
        )
        return Standing(interval(own), ratio(own, greedy), ratio(own - fixed, most - fixed))

    def _shares(self, row: Mapping[str, Floats], scenarios: tuple[str, ...]) -> Floats:
        places = [self.scenarios.index(name) for name in scenarios]
        return row["key_share"][places]


def judge(
    policies: Mapping[str, VettedPolicy],
    scenarios: tuple[str, ...],
    *,
    seeds: int = SEEDS,
    how: EnvSettings | None = None,
    on_contender: OnContender = lambda _: None,
) -> Judged:
    """Let policy files and all baselines run the same networks.

    Args:
        policies: the files, by name; one or more. Those that claim the same but for the seed are trainings of one
            policy.
        scenarios: names, or files ending in .toml.
        seeds: networks of each scenario, each one episode.
        how: settings of the environment.
        on_contender: called when one is done.
    """
    env, numbers = judged_batch(scenarios, seeds, FINAL_SEED, how or EnvSettings())
    figures: dict[str, Mapping[str, Floats]] = {}
    most = np.zeros(0)
    for name, played in _runs(env, numbers, policies):
        if name == "ideal":
            most = np.maximum(played.link_key_bps, LEAST_BPS)
        row = {"key_share": of_networks(env, played.link_key_bps / most)}
        row |= {key: getattr(played, key) for key in Played.__slots__ if key != "link_key_bps"}
        figures[name] = {key: values.reshape(len(scenarios), seeds) for key, values in row.items()}
        on_contender(name)
    trainings = {name: figures.pop(_file(name)) for name in policies}
    kinds = _kinds(policies)
    trained = {kind: _mean([trainings[name] for name in files]) for kind, files in kinds.items()}
    return Judged(scenarios, {"ideal": figures.pop("ideal"), **trained, **figures}, trainings, kinds)


def _kinds(policies: Mapping[str, VettedPolicy]) -> dict[str, tuple[str, ...]]:
    """The files of each policy, by what it is called among the contenders."""
    found: dict[object, list[str]] = {}
    for name, vetted in policies.items():
        claimed = {key: value for key, value in vetted.claims.items() if key != "seed"}
        found.setdefault(tuple(sorted(claimed.items())) if "training_hash" in claimed else name, []).append(name)
    if len(found) == 1:
        return {TRAINED: tuple(policies)}
    return {_file(files[0]) + _others(files): tuple(files) for files in found.values()}


def _others(files: list[str]) -> str:
    return f" and {len(files) - 1} more" if len(files) > 1 else ""


def _mean(rows: list[Mapping[str, Floats]]) -> dict[str, Floats]:
    return {key: np.asarray(np.mean([row[key] for row in rows], axis=0)) for key in rows[0]}


def _runs(env: NetworkEnv, seeds: list[int], policies: Mapping[str, VettedPolicy]) -> Iterator[tuple[str, Played]]:
    """Ideal control first, then everybody."""
    networks = env.world.stack.networks
    yield "ideal", ideal(networks, seeds, env.settings, POWERS_E6)
    contenders: dict[str, Contender] = {_file(name): FileContender(vetted) for name, vetted in policies.items()}
    contenders |= {
        "constructed": FileContender(vet(constructed_policy())),
        "rule-based": RuleContender(),
        "field": FieldContender(),
        "hold": HoldContender(),
        "random": RandomContender(FINAL_SEED),
    }
    for name, contender in contenders.items():
        yield name, play(env, seeds, contender)
    yield "greedy", (greedy := play(env, seeds, InformedContender()))
    yield "best fixed", (fixed := best_fixed(networks, seeds, env.settings))
    ahead = [play(env, seeds, InformedContender(horizon)) for horizon in HORIZONS[1:]]
    yield "oracle", best_of([greedy, fixed, *ahead])


def _file(name: str) -> str:
    """What a file is called among all contenders; it may have the name of another one."""
    return f"file {name}"


def _summary(standing: Standing) -> dict[str, object]:
    share = standing.key_share
    return {
        "key_share_iqm": _rounded(share.mean),
        "interval_95": [_rounded(share.low), _rounded(share.high)],
        "greedy_share": _of(standing.greedy_share),
        "regret_closed": _of(standing.regret_closed),
    }


def _of(one: Interval) -> list[float]:
    """Mean and both ends of the interval."""
    return [_rounded(value) for value in (one.mean, one.low, one.high)]


def _rounded(value: Any) -> float:
    return float(f"{float(value):.4g}")
