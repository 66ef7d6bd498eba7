"""How much key a policy makes on the bench links, against others on the same drift."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from qkdctl.policy.proposal import Policy
from qkdctl_policies.bench_link import EPOCH_MS, Bench
from qkdctl_policies.rollout import Rollout, roll_out

BENCHES: Final[dict[str, Bench]] = {
    "steady turn, 10 dB": Bench(),
    "random walk, 10 dB": Bench(walk_rad=0.02, turn_rad=0.0),
    "slow drift, 10 dB": Bench(walk_rad=0.005, turn_rad=0.003),
    "fast drift, 5 dB": Bench(loss_db=5.0, walk_rad=0.02, turn_rad=0.02),
    "steady turn, 20 dB": Bench(loss_db=20.0),
}
EPOCHS: Final = 120
SEEDS: Final = range(10)


def score(policy: Policy, others: Sequence[Policy]) -> dict[str, object]:
    """Mean key rates per bench and policy, and the gain over each other policy: mean, least and most over the seeds."""
    return {
        "epochs": EPOCHS,
        "epoch_ms": EPOCH_MS,
        "start_mean_photon_number_e6": Bench().start_e6,
        "seeds": len(SEEDS),
        "benches": {name: _on_bench(bench, policy, others) for name, bench in BENCHES.items()},
    }


def _on_bench(bench: Bench, policy: Policy, others: Sequence[Policy]) -> dict[str, object]:
    own = _rollouts(policy, bench)
    rates = {"this policy": _rate(own)}
    gains = {}
    for other in others:
        theirs = _rollouts(other, bench)
        rates[other.identity] = _rate(theirs)
        ratios = [mine.key_bits / max(his.key_bits, 1) for mine, his in zip(own, theirs, strict=True)]
        gains[other.identity] = {
            "mean": round(float(np.mean(ratios)), 3),
            "least": round(min(ratios), 3),
            "most": round(max(ratios), 3),
        }
    hours = len(SEEDS) * EPOCHS * EPOCH_MS / 3.6e6
    return {
        "key_bits_per_s": rates,
        "times_key_of": gains,
        "moves_per_hour": round(
            sum(count for run in own for name, count in run.actions.items() if name != "hold") / hours
        ),
        "shield_interventions": sum(sum(run.interventions.values()) for run in own),
    }


def _rollouts(policy: Policy, bench: Bench) -> list[Rollout]:
    return [roll_out(policy, bench, EPOCHS, seed) for seed in SEEDS]


def _rate(rollouts: Sequence[Rollout]) -> int:
    return round(sum(run.key_bits for run in rollouts) * 1_000 / (len(rollouts) * EPOCHS * EPOCH_MS))
