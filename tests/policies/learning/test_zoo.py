"""The shipped trained policies are what their cards say, and worth shipping."""

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
NAMES = ("foresight-links", "links")


def file_of(name):
    return POLICIES / "zoo" / f"{name}.onnx"


def card_of(name):
    return json.loads(file_of(name).with_suffix(".json").read_text())


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_that_of_the_file(name):
    card = card_of(name)
    vetted = vet(file_of(name).read_bytes(), card["sha256"])
    assert card["claims"] == dict(vetted.claims)
    assert card["value_bound"] == vetted.value_bound
    assert card["scores"]["sha256"] == [vetted.sha256]
    assert card["scores"]["seeds"] >= 10
    assert set(card["scores"]["scenarios"]) == set(SCENARIOS)


@pytest.mark.parametrize("name", NAMES)
def test_it_was_made_with_the_shipped_settings(name):
    config = load_config(POLICIES / "training" / f"{name}.toml")
    assert TrainingConfig.model_validate(card_of(name)["training"]["config"]) == config


@pytest.mark.parametrize("name", NAMES)
def test_by_its_card_it_makes_more_key_than_those_who_have_not_learned(name):
    for group in ("learned_from", "held_out", "all"):
        standings = card_of(name)["scores"]["summary"][group]
        own = standings["this policy"]["key_share_iqm"]
        for other in ("constructed", "rule-based", "field", "hold", "random"):
            assert own > standings[other]["key_share_iqm"], f"{group}: {other}"


def test_foresight_makes_more_key_than_temporal_differences_on_every_scenario():
    taught, tried = (card_of(name)["scores"]["scenarios"] for name in NAMES)
    for scenario in SCENARIOS:
        own, other = (table[scenario]["this policy"]["key_share"] for table in (taught, tried))
        assert own > other, scenario


@pytest.mark.parametrize(("name", "scenario"), [("foresight-links", "many-protocols"), ("links", "duct")])
def test_it_makes_more_key_than_the_rule_and_than_holding(name, scenario):
    env, seeds = NetworkEnv([network(scenario, 3_000_000)], EnvSettings(epochs=60)), [3_000_000]
    file = FileContender(vet(file_of(name).read_bytes()))
    own, rule, held = (play(env, seeds, one).key_bps[0] for one in (file, RuleContender(), HoldContender()))
    assert own > rule
    assert own > held
