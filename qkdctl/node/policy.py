"""The policy that the configuration names, and the shield around it."""

import asyncio
from hashlib import sha256
from pathlib import Path

from qkdctl.config.model import Config, PolicySection
from qkdctl.files import read_bounded
from qkdctl.library.admission import load
from qkdctl.library.trying import try_apart
from qkdctl.policy.baselines import BASELINES, RuleBased
from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.format import MAX_BYTES
from qkdctl.policy.proposal import Policy
from qkdctl.policy.shield_settings import ShieldSettings


def load_policy(config: Config) -> tuple[Policy, str]:
    """The configured policy, and why it is not the one asked for ("" when it is).

    A file that is missing or rejected never stops the daemon: the rule-based baseline decides instead, with an alarm.
    """
    file = config.policy.file
    if config.policy.kind != "onnx" or file is None:
        return _baseline(config.policy), ""
    try:
        return load(_read(file, config.policy), len(config.links)), ""
    except (OSError, PolicyRejected) as error:
        return RuleBased(), _why(file, error)


async def load_policy_apart(config: Config) -> tuple[Policy, str]:
    """The same for a daemon that runs: the file is first loaded and run in a process of its own."""
    file = config.policy.file
    if config.policy.kind != "onnx" or file is None:
        return _baseline(config.policy), ""
    try:
        data = await asyncio.to_thread(_read, file, config.policy)
        await try_apart(data)
        return await asyncio.to_thread(load, data, len(config.links)), ""
    except (OSError, PolicyRejected) as error:
        return RuleBased(), _why(file, error)


def shield_settings(config: Config) -> ShieldSettings:
    """Limits on what any policy may do."""
    return config.shield.settings(config.node.epoch_s)


def _baseline(section: PolicySection) -> Policy:
    return BASELINES.get(section.kind, RuleBased())


def _read(file: Path, section: PolicySection) -> bytes:
    data = read_bounded(file, MAX_BYTES)
    found = sha256(data).hexdigest()
    if section.sha256 is not None and found != section.sha256:
        raise PolicyRejected("digest", f"SHA-256 is {found}, expected {section.sha256}")
    return data


def _why(file: Path, error: OSError | PolicyRejected) -> str:
    text = error.strerror if isinstance(error, OSError) else str(error)
    return f"{file}: {text}; the rule-based baseline decides"
