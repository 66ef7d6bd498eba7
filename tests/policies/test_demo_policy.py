"""The policy that the demo runs is worth it on the demo's own links, in virtual time."""

import asyncio

import pytest
from qkdctl_policies.rollout import Rollout, roll_out_on

from hil_sim.demo.policy_choice import PolicyChoice
from qkdctl.policy.baselines import Hold
from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.proposal import Policy
from qkdctl.policy.vetting import vet
from tests.policies.demo_links import DemoLink, DemoNetwork, demo_network

EPOCHS = 60
LINKS = ("quevedo-quijano", "quijote-quevedo", "concepcion-distrito")


@pytest.fixture(scope="module")
def network() -> DemoNetwork:
    return asyncio.run(demo_network())


@pytest.fixture(scope="module")
def shipped() -> Policy:
    file = PolicyChoice.shipped().file
    assert file is not None
    return OnnxPolicy(vet(file.read_bytes()))


def run(policy: Policy, name: str, network: DemoNetwork, seed: int) -> tuple[Rollout, int]:
    """What happened on a link, and the key by its engines."""
    link = DemoLink(name, network, seed)
    settings = int(1000 * network.epoch_s), network.shield
    return roll_out_on(policy, link, network.facts(name), EPOCHS, *settings), link.key_bits()


@pytest.mark.parametrize("name", LINKS)
def test_it_makes_more_key_than_holding_on_the_same_fibre(shipped: Policy, network: DemoNetwork, name: str) -> None:
    rollout, own = run(shipped, name, network, 1)
    _, held = run(Hold(), name, network, 1)
    assert own > 1.08 * held
    assert rollout.actions["hold"] > 0.8 * EPOCHS, "it moves where that is worth it, and not all the time"


def test_it_aligns_a_link_that_drifts_and_leaves_it_better(shipped: Policy, network: DemoNetwork) -> None:
    rollout, _ = run(shipped, "concepcion-distrito", network, 1)
    at = next(place for place, plan in enumerate(rollout.plans) if plan.realign)
    worst = [max(state.qber_z.level, state.qber_x.level) for state in rollout.states]
    assert min(worst[at + 1 : at + 6]) < worst[at]
