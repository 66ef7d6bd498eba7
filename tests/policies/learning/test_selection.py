"""A jury beside the learner says what it would have said here, in its own time."""

import os
import signal
from concurrent.futures import Future
from threading import Timer

import pytest

torch = pytest.importorskip("torch")

from qkdctl_policies.constructed import constructed_policy  # noqa: E402
from qkdctl_policies.learning.config import TrainingError  # noqa: E402
from qkdctl_policies.learning.selection import Selection  # noqa: E402
from qkdctl_policies.learning.shares import Shares  # noqa: E402
from qkdctl_policies.learning.training import train  # noqa: E402
from qkdctl_policies.learning.training_run import TrainingRun  # noqa: E402

from tests.policies.learning.tiny import tiny  # noqa: E402

CONFIG = tiny(environment={"scenarios": ["duct", "poles-diodes"]})


def test_scores_are_the_same_wherever_the_jury_is():
    found = []
    for beside in (False, True):
        with Selection(CONFIG, beside=beside) as selection:
            found.append((selection.score(constructed_policy()).result(), selection.references().result()))
    assert found[0] == found[1]
    assert found[0][0] == found[0][1]["constructed"]


def test_one_file_after_the_other_gets_its_score_or_why_it_has_none():
    with Selection(CONFIG, beside=True) as selection:
        one, other, bad = (selection.score(data) for data in (constructed_policy(), constructed_policy(), b"no policy"))
        with pytest.raises(TrainingError, match=r"(?s)process 1 beside.*PolicyRejected"):
            bad.result()
        assert one.result() == other.result() > 0


def test_the_end_of_a_training_waits_for_no_score():
    with Selection(CONFIG, beside=True) as selection:
        process = selection._beside._processes[0]
        os.kill(process.pid, signal.SIGSTOP)
        scores = [selection.score(constructed_policy()) for _ in range(3)]
    assert not process.is_alive()
    assert all(score.cancelled() or isinstance(score.exception(), TrainingError) for score in scores)


def test_a_jury_that_dies_ends_the_training_with_a_word_about_it():
    with Selection(CONFIG, beside=True) as selection:
        os.kill(selection._beside._processes[0].pid, signal.SIGKILL)
        with pytest.raises(TrainingError, match=r"1 of 1 beside this one.*--resume.*fewer --jobs"):
            selection.references().result()
        with pytest.raises(TrainingError, match="beside this one"):
            selection.score(constructed_policy()).result()


def test_a_training_whose_jury_has_died_says_so(monkeypatch):
    real = Selection.references

    def references(self):
        if self._references is None:
            os.kill(self._beside._processes[0].pid, signal.SIGKILL)
        return real(self)

    monkeypatch.setattr(Selection, "references", references)
    with pytest.raises(TrainingError, match="1 of 1 beside this one"):
        train(CONFIG, 1, processes=2)


def test_a_learner_waits_for_the_jury_when_too_many_files_have_no_score():
    class Late(Selection):
        def score(self, data):
            files.append(Future())
            return files[-1]

    files, points = [], []
    with Shares(CONFIG, 5, 1) as shares:
        run = TrainingRun(CONFIG, 5, shares, Late(CONFIG, beside=False), points.append, "cpu")
        for _ in range(4):
            run.look()
        assert not points
        Timer(0.2, lambda: files[0].set_result(0.5)).start()
        run.look()
    assert [point.score for point in points] == [0.5]


def test_a_jury_that_gives_way_says_the_same():
    with Selection(CONFIG, beside=True) as selection:
        before = selection.score(constructed_policy()).result()
        selection.give_way()
        assert selection.score(constructed_policy()).result() == before
        process = selection._beside._processes[0]
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(os.getpriority(os.PRIO_PROCESS, 0) + 5, 19)
