"""Two trainings never write the same files, and a lock never outlives its training."""

import fcntl
import os
import subprocess
import sys

import pytest
from qkdctl_policies.learning.config import TrainingError
from qkdctl_policies.learning.sole_training import sole_training


def test_one_training_at_a_time_and_nothing_stays_behind(tmp_path):
    lock = tmp_path / "links.lock"
    with sole_training(lock):
        assert lock.read_text() == f"{os.getpid()}\n"
        with (
            pytest.raises(TrainingError, match=rf"another training, process {os.getpid()}, is writing in \S+; wait"),
            sole_training(lock),
        ):
            pytest.fail("two at once")
        assert lock.exists()
    assert not lock.exists()
    with sole_training(lock):
        pass


def test_a_killed_training_holds_nothing(tmp_path):
    lock = tmp_path / "links.lock"
    code = (
        "import os, pathlib, sys\n"
        "from qkdctl_policies.learning.sole_training import sole_training\n"
        "with sole_training(pathlib.Path(sys.argv[1])):\n    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(lock)], check=False).returncode == 9
    assert lock.exists()
    with sole_training(lock):
        assert lock.read_text() == f"{os.getpid()}\n"


def test_a_lock_whose_file_was_removed_meanwhile_is_none(tmp_path, monkeypatch):
    lock, plain, calls = tmp_path / "links.lock", fcntl.flock, []

    def late(descriptor, how):
        if not calls:
            lock.unlink()  # as the one who had it does, between our opening it and locking it
        calls.append(how)
        plain(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with sole_training(lock):
        assert lock.exists()
    assert len(calls) == 2


@pytest.mark.parametrize("again", [False, True])
def test_a_lock_that_is_gone_ends_its_training_and_is_not_removed_for_another(tmp_path, again):
    lock = tmp_path / "links.lock"
    with sole_training(lock) as check:
        check()
        lock.unlink()
        if again:
            lock.write_text("of another one\n")
        with pytest.raises(TrainingError, match="was removed or replaced"):
            check()
    assert lock.exists() is again


def test_a_folder_that_cannot_be_written_is_told_with_its_file(tmp_path):
    with pytest.raises(OSError, match="No such file") as caught, sole_training(tmp_path / "none" / "links.lock"):
        pytest.fail("no folder")
    assert caught.value.filename == str(tmp_path / "none" / "links.lock")
