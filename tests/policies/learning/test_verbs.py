"""`qkdctl policy train` and `evaluate` from the outside."""

import json

import pytest

pytest.importorskip("torch")

import qkdctl_policies.cli
from qkdctl_policies.constructed import constructed_policy

from qkdctl.cli.main import main
from qkdctl.policy.vetting import vet
from tests.policies.learning.tiny import TINY, as_toml


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(as_toml())
    return path


def train(config, *more):
    return main(["policy", "train", str(config), "--seed", "5", "--into", str(config.parent / "out"), *more])


def test_a_training_leaves_file_card_curve_and_picture(config, capsys):
    assert train(config, "--json") == 0
    out = config.parent / "out"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["look"] * 5 + ["done"]
    scored = json.loads((out / "tiny.json").read_text()) | {"scores": {"duct": 0.9}}
    (out / "tiny.json").write_text(json.dumps(scored))
    assert train(config, "--resume") == 0
    capsys.readouterr()
    assert json.loads((out / "tiny.json").read_text()) == scored
    vetted = vet((out / "tiny.onnx").read_bytes(), lines[-1]["sha256"])
    card = json.loads((out / "tiny.json").read_text())
    assert card["sha256"] == vetted.sha256
    assert card["training"]["seed"] == 5
    assert card["training"]["config"]["learner"]["hidden"] == [8, 8]
    curve = [json.loads(line) for line in (out / "tiny-curve.jsonl").read_text().splitlines()]
    assert curve == [{key: value for key, value in line.items() if key != "event"} for line in lines[:-1]]
    assert (out / "tiny-curve.png").read_bytes().startswith(b"\x89PNG")


def test_several_seeds_are_trained_side_by_side_each_in_its_folder_and_never_over_another(config, capsys):
    assert train(config, "--seeds", "2", "--jobs", "2", "--json") == 0
    done = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(line["seed"] for line in done) == [5, 6]
    assert done[0]["sha256"] != done[1]["sha256"]
    for line in done:
        content = (config.parent / "out" / f"seed-{line['seed']}" / "tiny.onnx").read_bytes()
        assert vet(content, line["sha256"]).claims["seed"] == str(line["seed"])
    assert train(config, "--seeds", "2") == 1
    assert "go on with --resume" in capsys.readouterr().err


def test_no_training_begins_where_one_is_to_go_on_nor_over_the_file_of_another(config, capsys):
    assert train(config, "--resume") == 1
    assert "tiny.checkpoint to go on from" in capsys.readouterr().err
    (config.parent / "out").mkdir()
    (config.parent / "out" / "tiny.onnx").write_bytes(b"weeks of work")
    assert train(config) == 1
    assert "there already" in capsys.readouterr().err
    assert (config.parent / "out" / "tiny.onnx").read_bytes() == b"weeks of work"


def test_control_c_leaves_a_checkpoint_to_go_on_from(config, capsys, monkeypatch):
    plain, looks = qkdctl_policies.cli._status, []

    def stop(point):
        looks.append(point)
        if len(looks) == 4:
            raise KeyboardInterrupt
        return plain(point)

    monkeypatch.setattr(qkdctl_policies.cli, "_status", stop)
    assert train(config) == 130
    assert "go on with --resume" in capsys.readouterr().err
    assert train(config) == 1
    assert "has left" in capsys.readouterr().err
    assert train(config, "--resume") == 0
    assert (config.parent / "out" / "tiny.onnx").exists()


@pytest.mark.parametrize("content", ["episodes = 0\n", "name = \n"])
def test_mistakes_in_a_configuration_are_told(config, capsys, content):
    config.write_text(content)
    assert train(config) == 78
    assert str(config) in capsys.readouterr().err


@pytest.mark.parametrize("device", ["nonsense", "meta"])
def test_a_device_that_cannot_compute_is_told_before_anything_is_written(config, capsys, device):
    assert train(config, "--device", device) == 2
    assert f"PyTorch cannot use the device '{device}'" in capsys.readouterr().err
    assert not (config.parent / "out").exists()


def test_episodes_too_short_for_foresight_are_told_before_anything_is_played(config, capsys):
    config.write_text(as_toml(TINY | {"foresight": {"horizon": 7}}))
    assert train(config) == 78
    assert "[environment] epochs is 8, but foresight learns nothing from an episode's last 7" in capsys.readouterr().err
    assert not (config.parent / "out").exists()


def test_a_missing_configuration_is_told(tmp_path, capsys):
    assert train(tmp_path / "none.toml") == 69
    assert "none.toml" in capsys.readouterr().err


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "some.onnx"
    path.write_bytes(constructed_policy())
    return path


def evaluate(file, *more):
    return main(["policy", "evaluate", str(file), "--seeds", "2", "--epochs", "3", "--scenario", "duct", *more])


def test_scores_go_into_the_card_of_the_file(policy, capsys):
    card = policy.with_suffix(".json")
    card.write_text(json.dumps({"name": "some", "sha256": vet(policy.read_bytes()).sha256}))
    assert evaluate(policy, "--card", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert json.loads(card.read_text()) == {"name": "some", "sha256": document["sha256"][0], "scores": document}
    assert set(document["scenarios"]) == {"duct"}


def test_scores_can_be_read(policy, capsys):
    assert evaluate(policy) == 0
    assert "| duct |" in capsys.readouterr().out


def test_a_training_counts_once_whatever_its_file_is_called(policy, monkeypatch, capsys):
    assert evaluate(policy, str(policy.parent / "." / ".." / policy.parent.name / policy.name)) == 2
    assert "named twice" in capsys.readouterr().err
    monkeypatch.chdir(policy.parent)
    policy.rename("hold")
    assert evaluate("hold", "--json") == 0
    figures = json.loads(capsys.readouterr().out)["scenarios"]["duct"]
    assert figures["this policy"] == figures["constructed"] != figures["hold"]


def test_what_is_no_policy_and_what_is_no_scenario_are_told(policy, tmp_path, capsys):
    assert main(["policy", "evaluate", str(policy), "--scenario", "dcut"]) == 2
    assert "no scenario 'dcut'" in capsys.readouterr().err
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"\xff\xff")
    assert evaluate(bad) == 1
    assert "not-protobuf" in capsys.readouterr().err
    card = policy.with_suffix(".json")
    card.write_text(json.dumps({"sha256": "other"}))
    assert evaluate(policy, "--card") == 2
    assert "card of another file" in capsys.readouterr().err
