"""The trained policy for links that drift within minutes is what its card says, and worth shipping."""

import json
from pathlib import Path

import numpy as np
from qkdctl_policies.learning.config import TrainingConfig, load_config
from qkdctl_policies.learning.scenarios import FAST, FAST_HELD_OUT

from qkdctl.policy.execution import OnnxPolicy
from qkdctl.policy.schema import FEATURES, GRID
from qkdctl.policy.vetting import vet

POLICIES = Path(__file__).parents[3] / "policies"
FILE = POLICIES / "zoo" / "fast-links.onnx"
CARD = json.loads(FILE.with_suffix(".json").read_text())


def test_the_card_is_that_of_the_file():
    vetted = vet(FILE.read_bytes(), CARD["sha256"])
    assert CARD["claims"] == dict(vetted.claims)
    assert CARD["origin"] == "trained"
    assert CARD["value_bound"] == vetted.value_bound
    assert CARD["scores"]["sha256"] == [vetted.sha256]
    assert CARD["scores"]["seeds"] >= 10
    assert set(CARD["scores"]["scenarios"]) == {*FAST, *FAST_HELD_OUT}


def test_it_was_made_with_the_shipped_settings():
    config = load_config(POLICIES / "training" / "fast-links.toml")
    assert TrainingConfig.model_validate(CARD["training"]["config"]) == config
    assert set(config.environment.scenarios) == {*FAST}


def test_the_links_of_a_distrusted_node_are_run_as_any_other():
    trusted = np.random.default_rng(1).integers(-8 * GRID, 8 * GRID + 1, (200, len(FEATURES))) / GRID
    distrusted = trusted.copy()
    distrusted[:, [place for place, feature in enumerate(FEATURES) if feature.name.startswith("trust_")]] = 0.0
    policy = OnnxPolicy(vet(FILE.read_bytes()))
    np.testing.assert_array_equal(policy.values(trusted), policy.values(distrusted))


def test_by_its_card_it_makes_more_key_than_those_who_have_not_learned():
    standings = CARD["scores"]["summary"]["all"]
    own = standings["this policy"]["key_share_iqm"]
    for name in ("constructed", "rule-based", "field", "hold", "random"):
        assert own > standings[name]["key_share_iqm"], name
