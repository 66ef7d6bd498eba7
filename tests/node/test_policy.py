"""What the configuration says about the shield arrives there."""

from dataclasses import asdict

from qkdctl.config.model import Config
from qkdctl.node.policy import shield_settings


def test_every_limit_of_the_shield_can_be_configured() -> None:
    values = {"node": {"name": "a", "epoch_s": 2}, "api": {"socket": "/run/x"}, "policy": {"kind": "hold"}}
    shield = {
        "maximum_step": 1.5,
        "qber_margin_ppm": 1,
        "stale_after_epochs": 3,
        "switch_budget_per_hour": 5,
        "switch_share_ppm": 7,
        "realign_rest_epochs": 8,
        "realign_budget_per_hour": 9,
    }
    assert asdict(shield_settings(Config.model_validate({**values, "shield": shield}))) == {
        "max_raise_ppm": 500_000,
        "qber_margin_ppm": 1,
        "stale_after_ms": 6_000,
        "switches_per_hour": 5,
        "switch_share_ppm": 7,
        "realign_rest_epochs": 8,
        "realigns_per_hour": 9,
    }
