"""What policies are worth on the links of the demo, in virtual time: `python -m tests.campaigns.demo_policies`.

Each runs all links from the same seeds through the whole path of decisions; key is counted by the engines' own record
and told as the gain over holding on the same fibres. A run of a policy over sixty epochs takes some seconds.
"""

import argparse
import asyncio
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from qkdctl_policies.rollout import roll_out_on

from qkdctl.policy.baselines import Hold, RuleBased
from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.proposal import Policy
from qkdctl.policy.vetting import vet
from tests.policies.demo_links import REPOSITORY, DemoLink, DemoNetwork, demo_network

ZOO: Final = sorted((REPOSITORY / "policies" / "zoo").glob("*.onnx"))


def key_and_moves(policy: Policy, network: DemoNetwork, epochs: int, seeds: int) -> tuple[NDArray[np.float64], float]:
    """Key in bits, shape (seeds, links), and moves per link."""
    key, moves = np.zeros((seeds, len(network.figures))), 0
    for seed in range(seeds):
        for place, name in enumerate(network.figures):
            link = DemoLink(name, network, seed)
            run = roll_out_on(policy, link, network.facts(name), epochs, round(1000 * network.epoch_s), network.shield)
            key[seed, place] = link.key_bits()
            moves += epochs - run.actions["hold"]
    return key, moves / key.size


def main() -> None:
    """Print a row per policy."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.demo_policies", description=__doc__)
    parser.add_argument("--epochs", type=int, default=60, help="of two seconds (60)")
    parser.add_argument("--seeds", type=int, default=3, help="of the drift (3)")
    parser.add_argument("files", type=Path, nargs="*", default=ZOO, help="policy files; the zoo by default")
    wanted = parser.parse_args()
    network = asyncio.run(demo_network())
    held, _ = key_and_moves(Hold(), network, wanted.epochs, wanted.seeds)
    policies: dict[str, Policy] = {"rule-based": RuleBased()}
    policies |= {file.stem: OnnxPolicy(vet(file.read_bytes())) for file in wanted.files}
    print("| policy | key against holding | least of the seeds | mean over links | moves per link |")
    print("|---|---|---|---|---|")
    for name, policy in policies.items():
        key, moves = key_and_moves(policy, network, wanted.epochs, wanted.seeds)
        totals = key.sum(axis=1) / held.sum(axis=1) - 1
        gains = f"{key.sum() / held.sum() - 1:+.1%} | {totals.min():+.1%} | {(key / held).mean() - 1:+.1%}"
        print(f"| {name} | {gains} | {moves:.1f} |", flush=True)


if __name__ == "__main__":
    main()
