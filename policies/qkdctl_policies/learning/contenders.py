"""Those who run links without having learned: what a policy is measured against."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.actions import BY_NAME, HOLD, LARGE_STEPS
from qkdctl.policy.baselines import RuleBased
from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.intensities import step_below
from qkdctl.policy.optimum import BEST_E6, KNOT_PPM
from qkdctl.policy.vetting import VettedPolicy
from qkdctl_policies.environment.link_views import LinkViews
from qkdctl_policies.environment.network_env import NetworkEnv
from qkdctl_policies.learning.exploration import REALIGN, best_legal

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


class FileContender:
    """A policy file, run by the runtime of the daemon."""

    def __init__(self, vetted: VettedPolicy) -> None:
        self._policy = OnnxPolicy(vetted)

    def begin(self, env: NetworkEnv) -> None:
        """A file has no memory."""

    def choose(self, env: NetworkEnv, rows: Floats, legal: Flags) -> Integers:  # noqa: ARG002 - as the protocol
        """The best legal action of each link."""
        return best_legal(self._policy.values(rows), legal)


class HoldContender:
    """Changes nothing."""

    def begin(self, env: NetworkEnv) -> None:
        """There is nothing to forget."""

    def choose(self, env: NetworkEnv, rows: Floats, legal: Flags) -> Integers:  # noqa: ARG002 - as the protocol
        """Hold on every link."""
        return np.zeros(len(rows), dtype=np.int64)


class RandomContender:
    """Any legal action, each as likely as the others."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._rng = np.random.default_rng(seed)

    def begin(self, env: NetworkEnv) -> None:  # noqa: ARG002 - as the protocol
        """Begin the same chance again."""
        self._rng = np.random.default_rng(self._seed)

    def choose(self, env: NetworkEnv, rows: Floats, legal: Flags) -> Integers:  # noqa: ARG002 - as the protocol
        """By chance."""
        return np.asarray(np.where(legal, self._rng.random(legal.shape), -1.0).argmax(axis=1))


@dataclass
class FieldContender:
    """Re-aligns as operators do, after `hil_sim.network.run.field_control.FieldPractice`.

    The mean of five estimates of the worse basis beyond the link's limit, or a single one beyond 15 %, re-aligns it,
    and the estimates begin anew; afterwards it is left alone for ten minutes. It sees the agreed series alone.

    Attributes:
        recent: estimates that are averaged; alarm_ppm: one is enough; patience_s: between re-alignments.
    """

    recent: int = 5
    alarm_ppm: int = 150_000
    patience_s: float = 600.0
    _seen: Floats = field(init=False, default_factory=lambda: np.zeros((0, 0)))
    _rest_s: Floats = field(init=False, default_factory=lambda: np.zeros(0))

    def begin(self, env: NetworkEnv) -> None:
        """Forget all estimates."""
        links = env.facts.dwell_epochs.size
        self._seen, self._rest_s = np.full((self.recent, links), np.nan), np.zeros(links)

    def choose(self, env: NetworkEnv, rows: Floats, legal: Flags) -> Integers:  # noqa: ARG002 - as the protocol
        """Re-align or hold."""
        views = env.link_views()
        worst = np.maximum(views.state.qber_z.level, views.state.qber_x.level).astype(np.float64)
        self._seen = np.roll(self._seen, -1, axis=0)
        self._seen[-1] = np.where(views.state.valid > 0, worst, np.nan)
        self._rest_s = np.maximum(self._rest_s - env.settings.epoch_s, 0.0)
        complete = ~np.isnan(self._seen).any(axis=0)
        mean = np.where(complete, self._seen, 0.0).mean(axis=0)
        alarm = np.nan_to_num(self._seen[-1]) > self.alarm_ppm
        realign = legal[:, REALIGN] & (self._rest_s == 0) & ((mean > views.qber_limit_ppm) | alarm)
        self._seen[:, realign] = np.nan
        self._rest_s[realign] = self.patience_s
        return np.where(realign, REALIGN, HOLD.index)


class RuleContender:
    """`qkdctl.policy.baselines.RuleBased` for many links at once; a test holds them together."""

    def __init__(self, rule: RuleBased | None = None) -> None:
        self._rule = rule or RuleBased()

    def begin(self, env: NetworkEnv) -> None:
        """A rule has no memory."""

    def choose(self, env: NetworkEnv, rows: Floats, legal: Flags) -> Integers:  # noqa: ARG002 - as the protocol
        """The first legal wish of each link."""
        return self.actions(env.link_views(), legal)

    def actions(self, views: LinkViews, legal: Flags) -> Integers:
        """The same of what is agreed about links."""
        large, small = self._moves(views)
        chosen = np.full(len(legal), HOLD.index)
        links = np.arange(len(legal))
        for wish in (small, large, np.where(self._wants_realign(views), REALIGN, HOLD.index)):
            chosen = np.where((wish != HOLD.index) & legal[links, wish], wish, chosen)
        return chosen

    def _wants_realign(self, views: LinkViews) -> Flags:
        rule, state, promise = self._rule, views.state, views.facts.aligned_qber_ppm
        rested = state.epochs_since_realign
        rises = [series.average - np.maximum(series.floor, promise) for series in (state.qber_z, state.qber_x)]
        above_promise = np.maximum(state.qber_z.average, state.qber_x.average) - promise
        halfway = (views.qber_limit_ppm - promise) // 2
        most = np.minimum(rule.realign_above_ppm, np.maximum(rule.realign_least_ppm, halfway))
        first = (rested >= rule.realign_rest_epochs) & (np.maximum(*rises) >= most)
        again = (rested >= rule.retry_rest_epochs) & (above_promise >= most)
        return np.asarray(first | again)

    def _moves(self, views: LinkViews) -> tuple[Integers, Integers]:
        """The large and the small move towards the optimum, hold where there is none."""
        rule, state = self._rule, views.state
        distance = step_below(best_of(state.qber_z.average)) - step_below(state.mean_photon_number_e6)
        ready = state.epochs_since_power_change >= rule.power_rest_epochs
        ready &= (state.qber_z.samples >= rule.settle_samples) & (np.abs(distance) >= rule.dead_band_steps)
        far = ready & (np.abs(distance) >= rule.dead_band_steps + LARGE_STEPS)

        def moves(size: str, where: Flags) -> Integers:
            up, down = (BY_NAME[f"{direction}-{size}"].index for direction in ("up", "down"))
            return np.where(where, np.where(distance > 0, up, down), HOLD.index)

        return moves("large", far), moves("small", ready)


def best_of(qber_ppm: Integers) -> Integers:
    """`best_mean_photon_number_e6` of many error rates."""
    table = np.array(BEST_E6, dtype=np.int64)
    last = len(BEST_E6) - 1
    knot, rest = np.divmod(np.minimum(qber_ppm, last * KNOT_PPM), KNOT_PPM)
    after = table[np.minimum(knot + 1, last)]
    return np.asarray(table[knot] + (after - table[knot]) * rest // KNOT_PPM)
