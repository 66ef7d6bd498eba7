"""Networks that play in processes of their own: the same whichever is faster, and an end for all when one dies."""

import os
import signal

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from qkdctl_policies.learning.actors import Actors, Round  # noqa: E402
from qkdctl_policies.learning.config import TrainingError  # noqa: E402
from qkdctl_policies.learning.learner import Learner  # noqa: E402
from qkdctl_policies.learning.training import train  # noqa: E402

from tests.policies.learning.tiny import interrupted_at, tiny  # noqa: E402

BESIDE = {"processes": 2, "epochs": 4, "kept": 0.5}


def config():
    return tiny(episodes=16, environment={"visits": 2}, actors=BESIDE)


@pytest.fixture(scope="module")
def trained():
    return train(config(), 5)


def test_a_training_beside_its_networks_plays_all_episodes(trained):
    assert [point.episodes for point in trained.curve] == [0, 2, 4, 6, 8, 10, 12, 14, 16]
    assert trained.curve[-1].updates > 0
    assert trained.vetted.claims["episodes"] == "16"


def test_a_cut_training_goes_on_to_the_same_bits(trained, tmp_path):
    file = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train(config(), 5, interrupted_at(6), checkpoint_file=file)
    resumed = train(config(), 5, checkpoint_file=file, resume=True)
    assert resumed.vetted.data == trained.vetted.data
    assert resumed.curve == trained.curve


def test_groups_differ_and_keep_a_share_of_what_they_do():
    settings = tiny(environment={"epochs": 40}, actors=BESIDE)
    weights = Learner(settings.learner, 1).weights()
    with Actors(settings, 3) as actors:
        found = [played(actors, Round(0, 0, number == 0, 0.0, weights)) for number in range(10)]
    first, second = ([one for acted in found for one in acted[4 * group : 4 * group + 4]] for group in (0, 1))
    assert [one.reward for one in first] != [one.reward for one in second]
    happened = 40 * (first[0].links + second[0].links)
    stored = sum(one.transitions.action.size for one in [*first, *second] if one.transitions is not None)
    assert abs(stored / happened - 0.5) < 4 * 0.5 / np.sqrt(happened) + 0.02


def test_a_process_that_dies_ends_the_training_with_a_word_about_it():
    settings = config()
    order = Round(0, 0, True, 0.0, Learner(settings.learner, 1).weights())
    with Actors(settings, 3) as actors:
        victim = actors._processes[1]
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        with pytest.raises(TrainingError, match="process 2 of 2 beside this one"):
            played(actors, order)


def test_a_process_that_dies_with_its_answer_half_sent_is_no_other_error():
    settings = tiny(
        environment={"epochs": 60, "networks": 30},
        learner={"n_step": 1},
        actors={"processes": 1, "epochs": 60},
        selection={"every_epochs": 60},
    )
    with Actors(settings, 3) as actors:
        actors.begin(Round(0, 0, True, 0.0, Learner(settings.learner, 1).weights()))
        assert actors._connections[0].poll(60), "an answer of megabytes waits in its pipe"
        os.kill(actors._processes[0].pid, signal.SIGKILL)
        with pytest.raises(TrainingError, match="exit status -9"):
            actors.results()


def test_a_failure_in_a_process_is_told_here_with_its_traceback():
    settings = tiny(actors=BESIDE | {"processes": 1})
    with (
        Actors(settings, 3) as actors,
        pytest.raises(TrainingError, match=r"(?s)process 1 beside.*load_state_dict.*Missing key"),
    ):
        played(actors, Round(0, 0, True, 0.0, {}))


def played(actors, order):
    actors.begin(order)
    return actors.results()
