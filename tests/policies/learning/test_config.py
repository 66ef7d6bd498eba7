"""A training is read from one file, and every mistake in it is named."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from qkdctl_policies.learning.config import TrainingConfig, TrainingError, load_config

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.builder import build
from qkdctl.policy.layers import Layer
from qkdctl.policy.schema import FEATURES
from qkdctl.policy.vetting import vet
from tests.policies.learning.tiny import as_toml, tiny

SHIPPED = sorted((Path(__file__).parents[3] / "policies" / "training").glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_trainings_are_valid(path):
    assert load_config(path).episodes >= 500


def test_the_published_settings_are_those_of_the_literature():
    config = load_config(next(path for path in SHIPPED if path.stem == "published"))
    assert (config.learner.gamma, config.learner.learning_rate, config.learner.n_step) == (0.99, 1e-3, 1)
    assert (config.replay.alpha, config.replay.first_beta) == (0.6, 0.4)


def test_a_file_gives_what_it_says(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(as_toml())
    assert load_config(path) == tiny()
    assert load_config(path).visits == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learner": {"gama": 0.9}}, r"wrong.toml:\d+: learner.gama: unknown key -- did you mean 'gamma'\?"),
        ({"lerner": {"gamma": 0.9}}, "lerner: unknown key -- did you mean 'learner'"),
        ({"name": "rule-based"}, "name rule-based is that of a policy without a file"),
        ({"learner": {"hidden": [700, 700]}}, r"hidden \[700, 700\] makes \d+ weights, and nodes take no file of more"),
        ({"learner": {"hidden": [4] * 33}}, "learner.hidden: Tuple should have at most 32 items"),
        ({"learner": {"gamma": 1.0}}, "learner.gamma"),
        ({"learner": {"learning_rate": 1.5}}, "learner.learning_rate: Input should be less than or equal to 1"),
        ({"environment": {"scenarios": ["dcut"]}}, "scenarios has no 'dcut'; did you mean 'duct'"),
        ({"replay": {"capacity": 5}}, "warm_up 40 exceeds the capacity 5"),
        ({"episodes": 0}, "episodes"),
        ({"environment": {"sites": 1}}, "environment.sites"),
        ({"selection": {"seed": 999_999}}, "selection.seed"),
        ({"selection": {"seed": 1_999_998, "networks": 3}}, "reach those of final scores, from 2000000 on"),
        ({"actors": {"processes": 2, "epochs": 4}, "foresight": {"horizon": 5}}, "do not go together"),
        (
            {"actors": {"processes": 2, "epochs": 3}},
            r"\[environment\] epochs must be a multiple of \[actors\] epochs, 3",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, change, message):
    path = tmp_path / "wrong.toml"
    tables = tiny().model_dump(mode="json", exclude_none=True)
    for name, part in change.items():
        tables[name] = tables.get(name, {}) | part if isinstance(part, dict) else part
    path.write_text(as_toml(tables))
    with pytest.raises(TrainingError, match=message):
        load_config(path)


def test_what_is_no_toml_is_refused(tmp_path):
    path = tmp_path / "wrong.toml"
    for content, says in ((b"name = ", "valid TOML"), (b"\xff\xfe", "valid TOML"), (b"a=" + b"[" * 9999, "too deeply")):
        path.write_bytes(content)
        with pytest.raises(TrainingError, match=says):
            load_config(path)


@pytest.mark.parametrize("hidden", [[4] * 32, [128, 128], [590, 590]])
def test_what_the_configuration_takes_is_what_nodes_take(hidden):
    config = tiny(learner={"hidden": hidden})
    widths = [len(FEATURES), *hidden, len(ACTIONS)]
    layers = [Layer(np.zeros(pair, np.int64), np.zeros(pair[1], np.int64)) for pair in pairwise(widths)]
    assert len(vet(build(layers, {})).data) > 8 * config.weights


def test_episodes_fill_whole_batches():
    assert TrainingConfig(name="x", episodes=500).visits == 8
    many = tiny(episodes=13, environment={"visits": 3}, actors={"processes": 2, "epochs": 4})
    assert (many.networks_at_once, many.visits) == (4, 6)
