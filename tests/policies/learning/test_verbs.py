"""`qkdctl policy train` and `evaluate` from the outside."""

import json
import os
import signal
from multiprocessing import active_children

import pytest

pytest.importorskip("torch")

from qkdctl_policies.commands import training_progress
from qkdctl_policies.constructed import constructed_policy
from qkdctl_policies.learning import evaluation_text
from qkdctl_policies.learning.curve import lines
from qkdctl_policies.learning.following import Following
from qkdctl_policies.learning.sole_training import sole_training
from qkdctl_policies.learning.sweep import seeds_of
from qkdctl_policies.learning.training_run import CurvePoint

from qkdctl.cli.main import main
from qkdctl.policy.vetting import vet
from tests.policies.learning.test_evaluation import ZOO
from tests.policies.learning.tiny import TINY, as_toml, interrupted_at, tiny


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(as_toml())
    return path


def train(config, *more):
    """Train with no process beside this one, unless told otherwise."""
    jobs = () if "--jobs" in more else ("--jobs", "1")
    return main(["policy", "train", str(config), "--seed", "5", "--into", str(config.parent / "out"), *jobs, *more])


def test_a_training_leaves_file_card_curve_and_picture(config, capsys):
    assert train(config, "--json", "--jobs", "2") == 0
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
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    done = [line for line in told if line["event"] == "done"]
    assert sorted(line["seed"] for line in done) == [5, 6]
    looks = [line for line in told if line["event"] == "look"]
    assert {(look["seed"], look["episodes"]) for look in looks} >= {(5, 4.0), (6, 4.0)}
    assert done[0]["sha256"] != done[1]["sha256"]
    for line in done:
        content = (config.parent / "out" / f"seed-{line['seed']}" / "tiny.onnx").read_bytes()
        assert vet(content, line["sha256"]).claims["seed"] == str(line["seed"])
    assert train(config, "--seeds", "2") == 1
    assert "go on with --resume" in capsys.readouterr().err


def test_a_training_that_another_one_is_writing_is_left_alone(config, capsys):
    assert train(config) == 0
    out = config.parent / "out"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with sole_training(out / "tiny.checkpoint.lock"):
        assert train(config, "--resume") == 1
        assert f"another training, process {os.getpid()}, is writing in {out}" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()} == before


def test_a_killed_process_of_a_sweep_is_told_and_what_was_learned_goes_on(config, capsys, monkeypatch):
    seen = []

    def kill(self):
        seen.append(self)
        if len(seen) == 1:
            (one, *_) = active_children()
            os.kill(one.pid, signal.SIGKILL)
        return iter(())

    with monkeypatch.context() as patched:
        patched.setattr(Following, "news", kill)
        assert train(config, "--seeds", "2", "--jobs", "2") == 1
    assert "a process that trains has ended: killed" in capsys.readouterr().err
    left = list((config.parent / "out").glob("seed-*/tiny.checkpoint"))
    assert train(config, "--seeds", "2", *(["--resume"] if left else [])) == 0
    assert len(list((config.parent / "out").glob("seed-*/tiny.onnx"))) == 2


@pytest.mark.parametrize("foreground", [True, False])
def test_sigterm_stops_a_training_as_control_c_does(config, capsys, monkeypatch, foreground):
    monkeypatch.setattr(training_progress, "status", lambda _: os.kill(os.getpid(), signal.SIGTERM) or "")
    before = signal.signal(signal.SIGINT, signal.default_int_handler if foreground else signal.SIG_IGN)
    try:
        assert train(config) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert "nothing was learned yet" in capsys.readouterr().err


def test_a_seed_that_fails_is_told_at_once_and_leaves_the_others_alone(config, capsys):
    first = config.parent / "out" / "seed-5"
    first.mkdir(parents=True)
    with sole_training(first / "tiny.checkpoint.lock"):
        assert train(config, "--seeds", "2", "--json") == 1
    told = capsys.readouterr()
    assert "error: seed 5: another training, process" in told.err
    done = [json.loads(line) for line in told.out.splitlines()][-1]
    assert (done["event"], done["seed"]) == ("done", 6)
    assert not (first / "tiny.onnx").exists()


def test_what_a_training_before_has_left_of_its_curve_is_no_news(tmp_path):
    (task,) = tasks = seeds_of(tiny(), (5,), tmp_path)
    looks = [CurvePoint(float(episodes), 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0) for episodes in range(3)]
    task.folder.mkdir()
    task.files.curve.write_text(lines(looks[:2]))
    following = Following(tasks)
    assert list(following.news()) == []
    task.files.curve.write_text(lines(looks[:1]))
    assert list(following.news()) == [(task, looks[0])]
    task.files.curve.write_text(lines(looks)[:-5])
    assert list(following.news()) == []
    task.files.curve.write_text(lines(looks))
    assert list(following.news()) == [(task, looks[2])]
    assert list(following.news()) == []


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_curve_goes_on_without_repeating_itself(config, monkeypatch, jobs):
    curve = config.parent / "out" / "tiny-curve.jsonl"

    def episodes():
        return [json.loads(line)["episodes"] for line in curve.read_text().splitlines()]

    monkeypatch.setattr(training_progress, "status", interrupted_at(4))
    assert train(config, "--jobs", jobs) == 130
    assert episodes() == [0, 1, 2, 3]
    monkeypatch.setattr(training_progress, "status", lambda _: seen.append(episodes()))
    seen = []
    assert train(config, "--resume", "--jobs", jobs) == 0
    assert seen[-1] == [0, 1, 2, 3, 4]
    assert all(curve == [0, 1, 2, 3] for curve in seen[:-1])


def test_a_scenario_that_is_changed_while_it_is_learned_from_ends_the_training(config, capsys, monkeypatch):
    beside = config.parent / "mine.toml"
    beside.write_text("[network]\nmesh = { nodes = 3 }\n\n[[demands]]\nrandom = 2\nrate_bps = 1e3\n")
    config.write_text(as_toml(TINY | {"environment": TINY["environment"] | {"scenarios": ["mine.toml"]}}))
    monkeypatch.setattr(training_progress, "status", lambda _: beside.write_text(beside.read_text() + "\n") and "")
    assert train(config) == 1
    assert "a scenario file was changed while the training learned from it" in capsys.readouterr().err
    assert not (config.parent / "out" / "tiny.onnx").exists()


def test_a_damaged_checkpoint_and_one_that_cannot_be_read_are_told_with_their_file(config, capsys):
    assert train(config) == 0
    checkpoint = config.parent / "out" / "tiny.checkpoint"
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(whole[:-1])
    assert train(config, "--resume") == 1
    told = capsys.readouterr().err
    assert f"error: {checkpoint} is damaged" in told
    assert "go on with --resume" not in told
    checkpoint.unlink()
    checkpoint.mkdir()
    assert train(config, "--resume") == 69
    assert f"error: {checkpoint}: Is a directory" in capsys.readouterr().err


def test_scenario_files_lie_beside_the_configuration(config, capsys, monkeypatch):
    beside = config.parent / "mine.toml"
    beside.write_text("[network]\nmesh = { nodes = 3 }\n\n[[demands]]\nrandom = 2\nrate_bps = 1e3\n")
    config.write_text(as_toml(TINY | {"environment": TINY["environment"] | {"scenarios": ["mine.toml"]}}))
    monkeypatch.chdir("/")
    assert train(config) == 0
    card = json.loads((config.parent / "out" / "tiny.json").read_text())
    assert card["training"]["config"]["environment"]["scenarios"] == ["mine.toml"]
    for content, code, says in (
        ("[network\n", 78, "not valid TOML"),
        ("[network]\nmesch = 1\n", 78, "did you mean 'mesh'?"),
        (None, 69, "No such file"),
    ):
        beside.unlink() if content is None else beside.write_text(content)
        assert main(["policy", "train", str(config), "--into", str(config.parent / "other")]) == code
        err = capsys.readouterr().err
        assert f"{beside}:" in err
        assert says in err


def test_no_training_begins_where_one_is_to_go_on_nor_over_the_file_of_another(config, capsys):
    assert train(config, "--resume") == 1
    assert "tiny.checkpoint to go on from" in capsys.readouterr().err
    (config.parent / "out").mkdir()
    (config.parent / "out" / "tiny.onnx").write_bytes(b"weeks of work")
    assert train(config) == 1
    assert "there already" in capsys.readouterr().err
    assert (config.parent / "out" / "tiny.onnx").read_bytes() == b"weeks of work"


def test_control_c_leaves_a_checkpoint_to_go_on_from(config, capsys, monkeypatch):
    monkeypatch.setattr(training_progress, "status", interrupted_at(4))
    assert train(config) == 130
    assert "go on with --resume" in capsys.readouterr().err
    assert train(config) == 1
    assert "has left" in capsys.readouterr().err
    assert train(config, "--resume") == 0
    assert (config.parent / "out" / "tiny.onnx").exists()


@pytest.mark.parametrize(
    "content", ["episodes = 0\n", "name = \n", f"a = {'9' * 5000}", as_toml() + "#" * 10**6], ids=range(4)
)
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


def test_scores_go_into_the_card_that_is_there_in_the_end_and_are_told_without_one(policy, capsys, monkeypatch):
    card, sha256 = policy.with_suffix(".json"), vet(policy.read_bytes()).sha256
    card.write_text(json.dumps({"sha256": sha256}))
    monkeypatch.setattr(evaluation_text, "tell", lambda _: card.write_text(later) and "scores")
    for later, code in ((json.dumps({"sha256": sha256, "new": 1}), 0), (json.dumps({"sha256": "of another"}), 2)):
        card.write_text(json.dumps({"sha256": sha256}))
        assert evaluate(policy, "--card") == code
        assert "scores" in capsys.readouterr().out
        assert card.read_text() == later or json.loads(card.read_text()).keys() == {"sha256", "new", "scores"}


def test_files_of_odd_names_make_no_columns_of_their_own(policy, capsys):
    odd = policy.with_name("a|b\nc.onnx")
    odd.write_bytes((ZOO / "links.onnx").read_bytes())
    assert evaluate(policy, str(odd)) == 0
    told = capsys.readouterr().out
    assert "a\\|b c.onnx" in told
    tables = [line for line in told.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)


def test_what_is_no_policy_and_what_is_no_scenario_are_told(policy, tmp_path, capsys):
    assert main(["policy", "evaluate", str(policy), "--scenario", "dcut"]) == 2
    assert "no scenario 'dcut'" in capsys.readouterr().err
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"\xff\xff")
    assert evaluate(bad) == 1
    assert f"error: {bad} is refused: not-protobuf: the bytes" in capsys.readouterr().err
    card = policy.with_suffix(".json")
    for content, says in (
        ('{"sha256": "other"}', "card of another file"),
        ("[]", "card of another"),
        ("{", "is no JSON"),
    ):
        card.write_text(content)
        assert evaluate(policy, "--card") == 2
        assert says in capsys.readouterr().err
