"""A training is a function of configuration and seed, can be cut and goes on to the same bits, and keeps its best."""

from concurrent.futures import Future

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from qkdctl_policies.learning import acting, training_run  # noqa: E402
from qkdctl_policies.learning.claims import claims  # noqa: E402
from qkdctl_policies.learning.config import TrainingError  # noqa: E402
from qkdctl_policies.learning.jury import Jury  # noqa: E402
from qkdctl_policies.learning.selection import Selection  # noqa: E402
from qkdctl_policies.learning.shares import Shares  # noqa: E402
from qkdctl_policies.learning.training import train  # noqa: E402
from qkdctl_policies.learning.training_run import TrainingRun  # noqa: E402

from qkdctl.policy.vetting import vet  # noqa: E402
from tests.policies.learning.tiny import interrupted_at, tiny  # noqa: E402


@pytest.fixture(scope="module")
def trained():
    return train(tiny(), 5)


def test_the_same_seed_gives_the_same_file_and_another_one_another(trained):
    again, other = train(tiny(), 5), train(tiny(episodes=2), 6)
    assert again.vetted.data == trained.vetted.data
    assert again.curve == trained.curve
    assert other.vetted.data != trained.vetted.data


def test_it_learns_at_all_and_looks_as_often_as_it_says(trained):
    assert [point.episodes for point in trained.curve] == [0, 1, 2, 3, 4]
    assert trained.curve[-1].updates > 0
    assert trained.curve[-1].loss > 0
    assert set(trained.references) == {"constructed", "rule-based", "hold"}


@pytest.mark.parametrize(("every_epochs", "looks"), [(100, [0, 4]), (12, [0, 3, 4])])
def test_what_was_learned_after_the_last_look_is_looked_at_in_the_end(every_epochs, looks):
    done = train(tiny(selection={"every_epochs": every_epochs}), 5)
    assert [point.episodes for point in done.curve] == looks


def test_the_file_says_how_it_was_made(trained):
    claims = vet(trained.vetted.data).claims
    assert claims["origin"] == "trained"
    assert (claims["seed"], claims["episodes"], claims["gamma"]) == ("5", "4", "0.99")
    assert len(claims["training_hash"]) == len(claims["environment_hash"]) == 64
    assert "date" not in claims


def test_the_best_look_is_kept_not_the_last(monkeypatch):
    scores = iter([0.1, 0.7, 0.3, 0.2, 0.2])
    files = []

    def score(_, data):
        files.append(data)
        return next(scores)

    monkeypatch.setattr(Jury, "score", score)
    trained = train(tiny(), 5)
    assert trained.vetted.data == files[1]
    assert trained.curve[-1].best == 0.7


def test_a_file_whose_score_is_still_to_come_gets_it_after_a_cut(trained):
    class Late(Selection):
        def score(self, data):
            return Future()

    points = []
    with Shares(tiny(), 5, 1) as shares:
        first = TrainingRun(tiny(), 5, shares, Late(tiny(), beside=False), points.append, "cpu")
        first.look()
        first.learn_in_turn()
        first.hear()
        assert not points
        other = TrainingRun(tiny(), 5, shares, Selection(tiny(), beside=False), points.append, "cpu")
        other.load(first.state())
        other.hear(0)
    assert points == other.curve == list(trained.curve[:3])
    with Selection(tiny(), beside=False) as selection:
        assert selection.score(other.best).result() == points[-1].best


@pytest.mark.parametrize("after", [4, 5])
def test_a_cut_training_goes_on_to_the_same_bits(trained, tmp_path, after):
    file = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        # in the middle of a batch, so that its beginning must be repeated
        train(tiny(), 5, interrupted_at(after), checkpoint_file=file)
    resumed = train(tiny(), 5, checkpoint_file=file, resume=True)
    assert resumed.vetted.data == trained.vetted.data
    assert resumed.curve == trained.curve


@pytest.mark.parametrize("after", [4, 5, 7])
def test_networks_are_visited_again_and_a_cut_between_visits_changes_nothing(tmp_path, after):
    settings, file = tiny(episodes=8, environment={"visits": 2}), tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train(settings, 5, interrupted_at(after), checkpoint_file=file)
    resumed, whole = train(settings, 5, checkpoint_file=file, resume=True), train(settings, 5)
    assert resumed.vetted.data == whole.vetted.data
    assert resumed.curve == whole.curve
    assert [point.episodes for point in whole.curve] == [*range(9)]


def test_a_checkpoint_without_rows_is_small_and_goes_on(tmp_path):
    sizes = []
    for saved in (True, False):
        settings, file = tiny(replay={"saved": saved}), tmp_path / f"checkpoint-{saved}"
        with pytest.raises(KeyboardInterrupt):
            train(settings, 5, interrupted_at(4), checkpoint_file=file)
        sizes.append(file.stat().st_size)
    resumed = train(settings, 5, checkpoint_file=file, resume=True)
    assert [point.episodes for point in resumed.curve] == [0, 1, 2, 3, 4]
    assert sizes[1] < sizes[0] - 10_000


def test_a_finished_training_gives_its_result_again(trained, tmp_path):
    file = tmp_path / "checkpoint"
    train(tiny(), 5, checkpoint_file=file)
    again = train(tiny(), 5, checkpoint_file=file, resume=True)
    assert again.vetted.data == trained.vetted.data


def test_a_checkpoint_of_another_training_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "checkpoint"
    train(tiny(episodes=2), 5, checkpoint_file=file)
    for config, seed in ((tiny(episodes=2), 6), (tiny(episodes=6), 5)):
        with pytest.raises(TrainingError, match="another configuration or seed"):
            train(config, seed, checkpoint_file=file, resume=True)
    with monkeypatch.context() as upgraded:
        upgraded.setattr(training_run, "claims", lambda *of: claims(*of) | {"environment_hash": "other"})
        with pytest.raises(TrainingError, match="another version of qkdctl"):
            train(tiny(episodes=2), 5, checkpoint_file=file, resume=True)
    file.write_bytes(b"PK\x03\x04 of another program")
    with pytest.raises(TrainingError, match="no checkpoint of a training by this version"):
        train(tiny(episodes=2), 5, checkpoint_file=file, resume=True)


def test_a_damaged_checkpoint_is_refused_wherever_the_damage_is(tmp_path):
    file = tmp_path / "checkpoint"
    train(tiny(episodes=2), 5, checkpoint_file=file)
    whole = file.read_bytes()
    for place in (30, 90, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(TrainingError, match=f"checkpoint is damaged: {len(whole)} bytes"):
            train(tiny(episodes=2), 5, checkpoint_file=file, resume=True)
    for length in (20, 1000, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(TrainingError, match="checkpoint is damaged"):
            train(tiny(episodes=2), 5, checkpoint_file=file, resume=True)


@pytest.mark.parametrize(("weight", "says"), [(1e13, "not-exact"), (np.nan, "not-finite"), (np.inf, "not-finite")])
def test_a_training_that_diverges_is_told_with_what_to_change(monkeypatch, weight, says):
    def diverge(self, sample, progress):
        with torch.no_grad():
            self.network.value.weight[:] = weight
        return 0.0, np.zeros(sample.places.size)

    monkeypatch.setattr(training_run.Learner, "update", diverge)
    with pytest.raises(TrainingError, match=rf"\({says}: .* lower \[learner\] learning_rate than 0.001"):
        train(tiny(), 5)


def test_a_loss_that_is_no_number_is_told_with_what_to_change(monkeypatch):
    monkeypatch.setattr(training_run.Learner, "update", lambda *_: (np.inf, np.full(16, np.nan)))
    with pytest.raises(TrainingError, match=r"after 1 updates the loss is no number: .*, or a lower reward_scale"):
        train(tiny(), 5)


def test_actions_of_a_training_are_legal(monkeypatch):
    wrong = []
    plain = acting.explore

    def watched(best, legal, chance, hold, rng):
        chosen = plain(best, legal, chance, hold, rng)
        wrong.append(int((~legal[np.arange(chosen.size), chosen]).sum()))
        return chosen

    monkeypatch.setattr(acting, "explore", watched)
    train(tiny(episodes=2), 1)
    assert len(wrong) == 8
    assert not any(wrong)


FORESEEING = {"foresight": {"horizon": 5}, "environment": {"scenarios": ["storm"]}}


def test_learning_with_foresight_is_a_function_of_its_seed_and_goes_on_to_the_same_bits(tmp_path):
    settings, file = tiny(**FORESEEING), tmp_path / "checkpoint"
    whole = train(settings, 5)
    assert [point.episodes for point in whole.curve] == [0, 1, 2, 3, 4]
    assert whole.curve[-1].loss > 0
    # more from visit to visit, as many in all as with as many each time
    assert [point.updates for point in whole.curve] == [0, 5, 10, 20, 31]
    with pytest.raises(KeyboardInterrupt):
        train(settings, 5, interrupted_at(4), checkpoint_file=file)
    resumed = train(settings, 5, checkpoint_file=file, resume=True)
    assert resumed.vetted.data == whole.vetted.data
    assert resumed.curve == whole.curve


def test_foresight_teaches_in_few_episodes_what_makes_more_key_than_holding():
    settings = tiny(
        episodes=12,
        environment={"scenarios": ["storm"], "networks": 4, "epochs": 50},
        foresight={"horizon": 20},
        learner={"hidden": [32, 32], "batch": 128, "learning_rate": 5e-3, "gamma": 0.9, "updates": 6},
        replay={"capacity": 20_000, "warm_up": 1},
        selection={"networks": 3, "every_epochs": 50},
    )
    trained = train(settings, 1)
    assert trained.curve[-1].score > trained.references["hold"] + 0.15
