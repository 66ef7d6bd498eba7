"""Whatever a policy wants, no light above the cap leaves, and one that gives nothing usable is given up."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.execution import checked
from qkdctl.policy.proposal import LinkProposal, Proposal
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from tests.control.lab import CAP_E6, Daemon, Lab
from tests.control.virtual import run, until

EPOCHS = 60
BOUND = 4096


@dataclass
class Wanting:
    """Wants what the test says, in every epoch."""

    want: Callable[[int], str]
    asked: int = 0
    identity: str = "wanting"

    def propose(self, _: NetworkState, facts: LinkTable) -> Proposal:
        self.asked += 1
        return Proposal(self.identity, tuple(LinkProposal(link.link, self.want(self.asked)) for link in facts.links))


@dataclass
class Giving:
    """Gives these values, which pass through the check that those of every file pass through."""

    value: float
    asked: int = 0
    identity: str = "giving"
    shape: tuple[int, ...] = field(default=(1, len(ACTIONS)))

    def propose(self, _: NetworkState, __: LinkTable) -> Proposal:
        self.asked += 1
        checked(np.full(self.shape, self.value), 1, BOUND)
        raise AssertionError("the check lets it through")


async def ran_for(policy: Wanting | Giving, epochs: int = EPOCHS) -> tuple[Lab, Daemon]:
    lab = Lab()
    async with lab.running(policy=policy) as daemon:
        await until(lambda: daemon.link.mode == "running" and not daemon.link.busy)
        begun = daemon.epochs.epoch
        await until(lambda: daemon.epochs.epoch >= begun + epochs, 2 * epochs)
    return lab, daemon


def interventions(daemon: Daemon) -> set[str]:
    plans = [link for outcome in daemon.epochs.outcomes for link in outcome.plan.links]
    return {entry.code for link in plans for entry in link.interventions}


@pytest.mark.parametrize(
    "want",
    [
        lambda _: "up-large",
        lambda asked: "up-large" if asked % 2 else "down-small",
        lambda asked: f"switch-{('bb84', 'mdi', 'tf', 'bbm92')[asked % 4]}",
        lambda _: "realign",
        lambda _: "no such action",
    ],
    ids=["always brighter", "up and down", "another protocol each time", "always re-aligning", "nonsense"],
)
def test_no_wish_lets_out_light_above_the_cap(want: Callable[[int], str]) -> None:
    lab, daemon = run(ran_for(Wanting(want)))
    assert 0 < max(mean for _, mean in lab.world.launched) <= CAP_E6 / 1e6
    assert not lab.world.on, "dark at the end"
    protocols = {link.protocol for outcome in daemon.epochs.outcomes for link in outcome.plan.links}
    assert protocols <= {"bb84"}, "the only one that the link can run"


def test_a_policy_that_wants_ever_more_light_is_stopped_below_the_cap_and_the_plan_says_so() -> None:
    _, daemon = run(ran_for(Wanting(lambda _: "up-large")))
    means = [link.mean_photon_number_e6 for outcome in daemon.epochs.outcomes for link in outcome.plan.links]
    assert max(means) == means[-1]
    assert 0.8 * CAP_E6 < means[-1] <= CAP_E6
    assert interventions(daemon)


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (Giving(float("nan")), "not-finite"),
        (Giving(float("inf")), "not-finite"),
        (Giving(1e30), "out-of-bounds"),
        (Giving(0.3), "off-grid"),
        (Giving(0.0, shape=(2, len(ACTIONS))), "shape"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_that_no_network_gives_make_the_baseline_decide_and_the_third_time_for_good(
    policy: Giving, code: str
) -> None:
    lab, daemon = run(ran_for(policy, 10))
    decisions = [outcome.decision for outcome in daemon.epochs.outcomes]
    assert [decision.failed for decision in decisions if decision.plan.links][:4] == [1, 1, 1, 0], code
    assert all(decision.plan.policy == "hold" for decision in decisions), "the baseline of this bench"
    (fallback,) = daemon.epochs.outcomes[-1].agreed.watch.last
    assert (fallback.policy, fallback.cause) == ("giving", "failed")
    assert daemon.epochs.outcomes[-1].agreed.book.policy != "giving"
    assert policy.asked <= 2 * 3, "a policy that was given up is not asked again; a decision may be computed twice"
    assert max(mean for _, mean in lab.world.launched) <= CAP_E6 / 1e6
