"""A training is read from one file, and every mistake in it is named."""

from pathlib import Path

import pytest
from qkdctl_policies.learning.config import TrainingConfig, TrainingError, load_config

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
        ({"learner": {"gama": 0.9}}, "learner.gama"),
        ({"learner": {"gamma": 1.0}}, "learner.gamma"),
        ({"environment": {"scenarios": ["dcut"]}}, "no scenario dcut"),
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
        tables[name] = tables[name] | part if isinstance(part, dict) else part
    path.write_text(as_toml(tables))
    with pytest.raises(TrainingError, match=message):
        load_config(path)


def test_what_is_no_toml_is_refused(tmp_path):
    path = tmp_path / "wrong.toml"
    for content in (b"name = ", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(TrainingError, match="not valid TOML"):
            load_config(path)


def test_episodes_fill_whole_batches():
    assert TrainingConfig(name="x", episodes=500).visits == 8
    many = tiny(episodes=13, environment={"visits": 3}, actors={"processes": 2, "epochs": 4})
    assert (many.networks_at_once, many.visits) == (4, 6)
