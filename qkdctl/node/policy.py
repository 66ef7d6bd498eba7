"""The policy that the configuration names, and the shield around it."""

from qkdctl.config.model import Config
from qkdctl.policy.baselines import Hold, RuleBased
from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.failure import PolicyFailure, PolicyRejected
from qkdctl.policy.proposal import Policy
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.policy.vetting import vet


def load_policy(config: Config) -> tuple[Policy, str]:
    """The configured policy, and why it is not the one asked for ("" when it is).

    A file that is missing or rejected never stops the daemon: the rule-based baseline decides instead, with an alarm.
    """
    section = config.policy
    if section.kind == "hold":
        return Hold(), ""
    if section.kind == "rule-based" or section.file is None:
        return RuleBased(), ""
    try:
        vetted = vet(section.file.read_bytes(), section.sha256)
        return OnnxPolicy(vetted, max(1, len(config.links))), ""
    except OSError as error:
        why = f"{section.file}: {error.strerror}"
    except (PolicyRejected, PolicyFailure) as error:
        why = f"{section.file}: {error}"
    return RuleBased(), f"{why}; the rule-based baseline decides"


def shield_settings(config: Config) -> ShieldSettings:
    """Limits on what any policy may do."""
    return config.shield.settings(config.node.epoch_s)
