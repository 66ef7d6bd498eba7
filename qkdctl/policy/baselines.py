"""Policies without learning: what a learned one is measured against, and what steps in when it fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from qkdctl.policy.actions import BY_NAME, HOLD, LARGE_STEPS, legal
from qkdctl.policy.intensities import step_below
from qkdctl.policy.optimum import best_mean_photon_number_e6
from qkdctl.policy.proposal import LinkProposal, Policy, Proposal
from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.network import LinkState, NetworkState


@dataclass(frozen=True)
class Hold:
    """Keeps every setting as it is."""

    identity: str = "hold"

    def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:  # noqa: ARG002 - it never looks
        """Hold on every link."""
        return Proposal(self.identity, tuple(LinkProposal(link.link, HOLD.name) for link in state.links))


@dataclass(frozen=True)
class RuleBased:
    """Thresholds with hysteresis, as links in the field are run.

    A link is re-aligned when its QBER has risen far enough above what the last re-alignment reached; one that ended
    badly is tried again after a long rest. The mean photon number follows the optimum of the averaged QBER, with a
    dead band, and rests between moves.

    Attributes:
        realign_above_ppm: rise of the averaged QBER of the worse basis that asks for a re-alignment; half of the way
            from an aligned link to the limit, where that is less, and never less than `realign_least_ppm`.
        realign_rest_epochs: shortest time between re-alignments; retry_rest_epochs: when the last one did not help.
        dead_band_steps: distance from the optimum that is left alone; one this large plus four takes a large step.
        power_rest_epochs: shortest time between moves.
        settle_samples: measurements after a re-alignment before the QBER is trusted for a move.
    """

    identity: str = "rule-based"
    realign_above_ppm: int = 20_000
    realign_least_ppm: int = 3_000
    realign_rest_epochs: int = 10
    retry_rest_epochs: int = 300
    dead_band_steps: int = 2
    power_rest_epochs: int = 5
    settle_samples: int = 3

    def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:
        """One action per link; `hold` where the rule's wish is not legal."""
        return Proposal(
            self.identity,
            tuple(LinkProposal(link.link, self._action(link, facts.of(link.link))) for link in state.links),
        )

    def _action(self, link: LinkState, facts: LinkFacts) -> str:
        mask = legal(link, facts)
        wishes = ["realign"] if self._wants_realign(link, facts) else []
        wishes.extend(self._power_moves(link))
        return next((wish for wish in wishes if mask[BY_NAME[wish].index]), HOLD.name)

    def _wants_realign(self, link: LinkState, facts: LinkFacts) -> bool:
        rested = link.epochs_since_realign
        promise = facts.aligned_qber_ppm
        above_floor = max(series.average - max(series.floor, promise) for series in (link.qber_z, link.qber_x))
        above_promise = max(link.qber_z.average, link.qber_x.average) - promise
        protocol = facts.protocol(link.protocol)
        halfway = (protocol.qber_limit_ppm - promise) // 2 if protocol else self.realign_above_ppm
        most = min(self.realign_above_ppm, max(self.realign_least_ppm, halfway))
        return (rested >= self.realign_rest_epochs and above_floor >= most) or (
            rested >= self.retry_rest_epochs and above_promise >= most
        )

    def _power_moves(self, link: LinkState) -> list[str]:
        """The moves toward the optimum, the preferred one first."""
        if link.epochs_since_power_change < self.power_rest_epochs or link.qber_z.samples < self.settle_samples:
            return []
        best = step_below(best_mean_photon_number_e6(link.qber_z.average))
        distance = best - step_below(link.mean_photon_number_e6)
        if abs(distance) < self.dead_band_steps:
            return []
        direction = "up" if distance > 0 else "down"
        large = [f"{direction}-large"] if abs(distance) >= self.dead_band_steps + LARGE_STEPS else []
        return [*large, f"{direction}-small"]


BASELINES: Final[Mapping[str, Policy]] = {policy.identity: policy for policy in (RuleBased(), Hold())}
"""Policies that every node has, by identity."""
