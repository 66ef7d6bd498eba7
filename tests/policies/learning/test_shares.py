"""Networks dealt out to processes do what they do in one."""

import os
import signal
from dataclasses import fields

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from qkdctl_policies.learning.config import TrainingError  # noqa: E402
from qkdctl_policies.learning.q_network import QNetwork  # noqa: E402
from qkdctl_policies.learning.rehearsal import rehearse  # noqa: E402
from qkdctl_policies.learning.shares import Shares  # noqa: E402
from qkdctl_policies.learning.stage import Stage  # noqa: E402
from qkdctl_policies.learning.training import train  # noqa: E402

from tests.policies.learning.tiny import interrupted_at, tiny  # noqa: E402

CONFIG = tiny(
    episodes=6,
    environment={
        "scenarios": ["duct", "poles-diodes"],
        "networks": 3,
        "epochs": 22,
        "visits": 2,
        "epoch_s": [10.0],
    },
    foresight={"horizon": 20},
    selection={"networks": 1, "every_epochs": 22},
)


def test_an_episode_teaches_the_same_whoever_has_the_networks():
    torch.manual_seed(1)
    values = QNetwork([8]).values
    found = []
    for count in (1, 2):
        with Shares(CONFIG, 4, count) as shares:
            rng = np.random.default_rng(2)
            found.append([rehearse(CONFIG, shares, 1, visit, by, rng) for visit, by in enumerate((None, values))])
    for one, other in zip(*found, strict=True):
        assert (one.links, one.reward) == (other.links, other.reward)
        for field in fields(one.lessons):
            assert np.array_equal(getattr(one.lessons, field.name), getattr(other.lessons, field.name))
    assert len(found[0][0].lessons.gain) > 0


def test_a_training_gives_the_same_file_with_any_number_of_processes():
    one, two = (train(CONFIG, 3, processes=count) for count in (1, 2))
    assert one.vetted.data == two.vetted.data
    assert (one.curve, one.references) == (two.curve, two.references)


def test_no_more_processes_run_than_have_a_network():
    with Shares(tiny(environment={"networks": 2, "epochs": 22}, foresight={"horizon": 20}), 1, 64) as shares:
        assert (shares.count, len(shares._processes)) == (2, 1)
    with Shares(tiny(environment={"networks": 2}), 1, 64) as shares:
        assert (shares.count, len(shares._processes)) == (1, 0), "without foresight nobody rehearses"


def test_a_training_goes_on_with_another_number_of_processes(tmp_path):
    file = tmp_path / "checkpoint"
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, 3, interrupted_at(3), checkpoint_file=file, processes=2)
    resumed, whole = train(CONFIG, 3, checkpoint_file=file, resume=True), train(CONFIG, 3)
    assert (resumed.vetted.data, resumed.curve) == (whole.vetted.data, whole.curve)


def test_a_process_that_dies_ends_the_training_with_a_word_about_it():
    with Shares(CONFIG, 1, 2) as shares:
        victim = shares._processes[0]
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        with pytest.raises(TrainingError, match=r"1 of 1 beside this one.*fewer --jobs"):
            shares.all(Stage.begin, 0, 0, guided=False)


def test_a_failure_beside_this_process_is_told_here_with_its_traceback():
    with Shares(CONFIG, 1, 2) as shares:
        shares.all(Stage.begin, 0, 0, guided=False)
        links = shares._here._batch.reference_bps.size
        with pytest.raises(TrainingError, match=r"(?s)process 1 beside.*in step.*Error"):
            shares.each(Stage.step, [np.zeros(links, dtype=np.int64), np.zeros(10_000, dtype=np.int64)])
