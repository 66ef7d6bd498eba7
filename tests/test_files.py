"""Whatever fails while a file is written, the one that was there is whole."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from qkdctl.files import clear_partial, read_bounded, write_durably


class DiskFailsError(OSError):
    """What the disk says."""


def steps(monkeypatch: pytest.MonkeyPatch, fails_at: int) -> list[str]:
    """Notes what reaches the disk, in order; one step fails."""
    done: list[str] = []

    def watched(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **settings: object) -> object:
            done.append(name)
            if len(done) == fails_at:
                raise DiskFailsError(28, "no space left on device")
            return real(*arguments, **settings)

        return call

    monkeypatch.setattr(os, "fsync", watched("fsync", os.fsync))
    monkeypatch.setattr(Path, "replace", watched("rename", Path.replace))
    return done


def test_data_reach_the_disk_before_the_name_and_the_name_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = steps(monkeypatch, 0)
    write_durably(tmp_path / "a", b"new")
    assert done == ["fsync", "rename", "fsync"]
    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize(("step", "content"), [(1, b"old"), (2, b"old"), (3, b"new")])
def test_a_failure_at_any_step_leaves_one_whole_file_and_is_told(
    step: int, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with monkeypatch.context() as patch:
        steps(patch, step)
        with pytest.raises(OSError, match="no space left") as caught:
            write_durably(path, b"new")
        assert step > 2 or caught.value.filename == str(path)
    assert path.read_bytes() == content
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_no_more_is_read_than_a_policy_may_have() -> None:
    assert len(read_bounded(Path("/dev/zero"), 1_000)) == 1_001


def test_what_a_crash_left_is_removed(tmp_path: Path) -> None:
    for name in ("a.onnx.partial", "a.onnx"):
        (tmp_path / name).touch()
    clear_partial(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.onnx"]
