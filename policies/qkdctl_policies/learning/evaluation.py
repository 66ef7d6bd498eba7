"""How good a policy file is on named scenarios, beside those who have not learned."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.vetting import VettedPolicy, vet
from qkdctl_policies.constructed import constructed_policy
from qkdctl_policies.environment.network_env import EnvSettings
from qkdctl_policies.learning.batches import judged_batch
from qkdctl_policies.learning.contenders import (
    FieldContender,
    FileContender,
    HoldContender,
    RandomContender,
    RuleContender,
)
from qkdctl_policies.learning.ideal import LEAST_BPS, best_fixed, ideal
from qkdctl_policies.learning.play import Contender, Played, of_networks, play
from qkdctl_policies.learning.scenarios import HELD_OUT, TO_LEARN_FROM
from qkdctl_policies.learning.statistics import Interval, interval

Floats = NDArray[np.float64]

FINAL_SEED: Final = 2_000_000
"""First seed of the networks for final scores; neither learned from nor used to choose."""
SEEDS: Final = 10

OnScenario = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one contender did on some scenarios.

    Attributes:
        key_share: key as a share of what the same links make under ideal control, mean over links; over all scenarios
            and seeds.
        normalised: the same where 0 is holding and 1 ideal control.
    """

    key_share: Interval
    normalised: float


@dataclass(frozen=True, slots=True)
class Judged:
    """Figures of every contender in every scenario, each of shape (seeds,).

    Attributes:
        figures: by scenario, contender and name: `key_share`, `key_bps`, `reward`, `delivered`, `moves`,
            `interventions`.
    """

    figures: Mapping[str, Mapping[str, Mapping[str, Floats]]]

    @property
    def contenders(self) -> tuple[str, ...]:
        """Names of all contenders."""
        return tuple(next(iter(self.figures.values())))

    def standing(self, contender: str, scenarios: tuple[str, ...]) -> Standing:
        """How a contender did on some of the scenarios."""
        shares = self._shares(contender, scenarios)
        own = interval(shares)
        low, high = (interval(self._shares(name, scenarios)).mean for name in ("hold", "ideal"))
        return Standing(own, (own.mean - low) / max(high - low, 1e-9))

    def document(self) -> dict[str, Any]:
        """The figures as JSON, with means over the seeds."""
        groups = {"learned_from": tuple(TO_LEARN_FROM), "held_out": tuple(HELD_OUT), "all": tuple(self.figures)}
        summary = {}
        for group, names in groups.items():
            present = tuple(name for name in names if name in self.figures)
            if present:
                summary[group] = {name: _summary(self.standing(name, present)) for name in self.contenders}
        return {
            "scenarios": {
                scenario: {
                    contender: {name: _rounded(values.mean()) for name, values in row.items()}
                    for contender, row in rows.items()
                }
                for scenario, rows in self.figures.items()
            },
            "summary": summary,
        }

    def _shares(self, contender: str, scenarios: tuple[str, ...]) -> Floats:
        return np.array([self.figures[name][contender]["key_share"] for name in scenarios])


def judge(
    policies: Mapping[str, VettedPolicy],
    scenarios: tuple[str, ...],
    *,
    seeds: int = SEEDS,
    how: EnvSettings | None = None,
    on_scenario: OnScenario = lambda _: None,
) -> Judged:
    """Let policy files and all baselines run the same networks.

    Args:
        policies: the files, by name.
        scenarios: names, or files ending in .toml.
        seeds: networks of each scenario, each one episode.
        how: settings of the environment.
        on_scenario: called when one is done.
    """
    figures = {}
    for scenario in scenarios:
        figures[scenario] = dict(_figures(_runs(scenario, policies, seeds, how or EnvSettings())))
        on_scenario(scenario)
    return Judged(figures)


def _runs(
    scenario: str, policies: Mapping[str, VettedPolicy], count: int, how: EnvSettings
) -> Iterator[tuple[str, Played, Callable[[Floats], Floats]]]:
    """Ideal control first, then everybody; with the means over the links of each network."""
    env, seeds = judged_batch((scenario,), count, FINAL_SEED, how)
    networks = env.world.stack.networks

    def means(of_links: Floats) -> Floats:
        return of_networks(env, of_links)

    yield "ideal", ideal(networks, seeds, how), means
    contenders: dict[str, Contender] = {name: FileContender(vetted) for name, vetted in policies.items()}
    contenders |= {
        "constructed": FileContender(vet(constructed_policy())),
        "rule-based": RuleContender(),
        "field": FieldContender(),
        "hold": HoldContender(),
        "random": RandomContender(FINAL_SEED),
    }
    for name, contender in contenders.items():
        yield name, play(env, seeds, contender), means
    yield "best fixed", best_fixed(networks, seeds, how), means


def _figures(
    runs: Iterator[tuple[str, Played, Callable[[Floats], Floats]]],
) -> Iterator[tuple[str, dict[str, Floats]]]:
    most: Floats | None = None
    for name, played, means in runs:
        if most is None:
            most = np.maximum(played.link_key_bps, LEAST_BPS)
        others = ("key_bps", "reward", "delivered", "moves", "interventions")
        yield name, {"key_share": means(played.link_key_bps / most)} | {key: getattr(played, key) for key in others}


def _summary(standing: Standing) -> dict[str, object]:
    share = standing.key_share
    return {
        "key_share_iqm": _rounded(share.mean),
        "interval_95": [_rounded(share.low), _rounded(share.high)],
        "normalised": _rounded(standing.normalised),
    }


def _rounded(value: Any) -> float:
    return float(f"{float(value):.4g}")
