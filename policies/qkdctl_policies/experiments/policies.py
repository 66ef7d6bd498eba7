"""The policies that arms run, as the daemon loads them."""

from functools import lru_cache

from qkdctl.policy.baselines import BASELINES
from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.proposal import Policy
from qkdctl.policy.vetting import vet
from qkdctl_policies.experiments.arms import Arm
from qkdctl_policies.experiments.cell import policy_file


def policy_of(arm: Arm, file: str) -> Policy:
    """The policy that sets power and alignment in an arm.

    Args:
        arm: with settings `hold`, `rules` or `learned`.
        file: of the learned policy, see `policy_file`.

    Raises:
        PolicyRejected: the file is no good policy.
        OSError: it cannot be read.
    """
    if arm.settings == "learned":
        return _learned(file)
    return BASELINES["rule-based" if arm.settings == "rules" else "hold"]


@lru_cache
def _learned(file: str) -> Policy:
    return OnnxPolicy(vet(policy_file(file).read_bytes()))
