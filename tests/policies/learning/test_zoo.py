"""The shipped trained policy is what its card says, and worth shipping."""

import json
from pathlib import Path

import pytest
from qkdctl_policies.environment.network_env import EnvSettings, NetworkEnv
from qkdctl_policies.learning.config import TrainingConfig, load_config
from qkdctl_policies.learning.contenders import FileContender, HoldContender, RuleContender
from qkdctl_policies.learning.play import play
from qkdctl_policies.learning.scenarios import SCENARIOS, network

from qkdctl.policy.vetting import vet

POLICIES = Path(__file__).parents[3] / "policies"
FILE = POLICIES / "zoo" / "links.onnx"
CARD = json.loads(FILE.with_suffix(".json").read_text())


def test_the_card_is_that_of_the_file():
    vetted = vet(FILE.read_bytes(), CARD["sha256"])
    assert CARD["claims"] == dict(vetted.claims)
    assert CARD["value_bound"] == vetted.value_bound
    assert CARD["scores"]["sha256"] == [vetted.sha256]
    assert CARD["scores"]["seeds"] >= 10
    assert set(CARD["scores"]["scenarios"]) == set(SCENARIOS)


def test_it_was_made_with_the_shipped_settings():
    config = load_config(POLICIES / "training" / "links.toml")
    assert TrainingConfig.model_validate(CARD["training"]["config"]) == config


def test_by_its_card_it_makes_more_key_than_those_who_have_not_learned():
    for group in ("learned_from", "held_out", "all"):
        standings = CARD["scores"]["summary"][group]
        own = standings["this policy"]["key_share_iqm"]
        for name in ("constructed", "rule-based", "field", "hold", "random"):
            assert own > standings[name]["key_share_iqm"], f"{group}: {name}"


@pytest.mark.parametrize("scenario", ["duct", "many-protocols"])
def test_it_makes_more_key_than_the_rule_and_than_holding(scenario):
    env, seeds = NetworkEnv([network(scenario, 3_000_000)], EnvSettings(epochs=60)), [3_000_000]
    file = FileContender(vet(FILE.read_bytes()))
    own, rule, held = (play(env, seeds, one).key_bps[0] for one in (file, RuleContender(), HoldContender()))
    assert own > rule
    assert own > held
