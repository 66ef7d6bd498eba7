"""Pair files: each block leaves each copy once, whatever is restarted, copied back or asked for."""

import subprocess
import sys
from pathlib import Path

import pytest

from qkdctl.keys.base import BLOCK_BYTES, CHAPTER_BYTES, KeySourceError
from qkdctl.keys.pair_file import PairFile, create_pair_files


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    made = (tmp_path / "one", tmp_path / "two")
    create_pair_files(made, ("node-b", "node-a"), 100)
    return made


def test_the_copies_are_equal_private_and_random(paths: tuple[Path, Path]) -> None:
    one, two = (path.read_bytes() for path in paths)
    assert one == two
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in paths)
    body = one[4096:]
    assert len(body) == 2 * (CHAPTER_BYTES + 100 * (8 + BLOCK_BYTES))
    records = [body[at : at + 16] for at in range(0, len(body), 16)]
    assert len(set(records)) == len(records)


def test_what_one_draws_the_other_fetches_and_the_directions_share_nothing(paths: tuple[Path, Path]) -> None:
    a, b = PairFile(paths[0], "node-a", "node-b"), PairFile(paths[1], "node-b", "node-a")
    drawn = a.draw(3, 7)
    assert [block.number for block in drawn] == [3, 4, 5, 6]
    assert b.fetch((block.number, block.ticket) for block in reversed(drawn)) == drawn[::-1]
    assert (a.marks.drawn, b.marks.fetched) == (7, 7)
    back = b.draw(3, 7)
    assert {block.material for block in back}.isdisjoint(block.material for block in drawn)
    assert a.chapter(0, sending=True) == b.chapter(0, sending=False) != a.chapter(0, sending=False)
    assert a.chapter(1, sending=True) is None


def test_a_block_is_gone_from_a_copy_that_gave_it_out(paths: tuple[Path, Path]) -> None:
    a, b = PairFile(paths[0], "node-a", "node-b"), PairFile(paths[1], "node-b", "node-a")
    (block,) = a.draw(0, 1)
    assert b.fetch([(0, block.ticket)]) == [block]
    for path in paths:
        assert block.material not in path.read_bytes()
    assert b.fetch([(0, block.ticket)]) == []
    a.close()
    again = PairFile(paths[0], "node-a", "node-b")
    assert again.marks.drawn == 1
    with pytest.raises(AssertionError, match="in order"):
        again.draw(0, 1)


def test_nothing_is_given_out_twice_even_if_the_marks_are_lost(paths: tuple[Path, Path]) -> None:
    a = PairFile(paths[0], "node-a", "node-b")
    a.draw(0, 5)
    a.close()
    with paths[0].open("r+b") as file:
        file.seek(512)
        file.write(bytes(16))
    assert PairFile(paths[0], "node-a", "node-b").draw(0, 6)[0].number == 5


def test_a_made_up_ticket_uses_up_nothing(paths: tuple[Path, Path]) -> None:
    a, b = PairFile(paths[0], "node-a", "node-b"), PairFile(paths[1], "node-b", "node-a")
    assert b.fetch([(0, bytes(8)), (5, b"guessing"), (100, bytes(8)), (2**40, bytes(8))]) == []
    assert b.marks.fetched == 0
    (block,) = a.draw(0, 1)
    assert b.fetch([(0, block.ticket)]) == [block]


def test_a_second_process_is_refused(paths: tuple[Path, Path]) -> None:
    file = PairFile(paths[0], "node-a", "node-b")
    script = (
        "import pathlib, sys\nfrom qkdctl.keys.pair_file import PairFile\n"
        "PairFile(pathlib.Path(sys.argv[1]), 'node-a', 'node-b')"
    )
    second = subprocess.run([sys.executable, "-c", script, paths[0]], capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert "in use by another process" in second.stderr
    file.close()
    PairFile(paths[0], "node-a", "node-b").close()


def test_files_that_do_not_fit_are_refused_by_name_and_cause(paths: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(KeySourceError, match="is for node-a and node-b, not for node-a and node-c"):
        PairFile(paths[0], "node-c", "node-a")
    with pytest.raises(KeySourceError, match="missing: No such file"):
        PairFile(tmp_path / "missing", "node-a", "node-b")
    paths[0].write_bytes(paths[0].read_bytes()[:-1])
    with pytest.raises(KeySourceError, match="copy it again"):
        PairFile(paths[0], "node-a", "node-b")
    paths[1].write_text("[a wrong file]")
    with pytest.raises(KeySourceError, match="no pair file of this version"):
        PairFile(paths[1], "node-b", "node-a")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_may_use_is_refused_by_its_mode(paths: tuple[Path, Path], mode: int) -> None:
    paths[0].chmod(mode)
    with pytest.raises(KeySourceError, match=rf"pair file {paths[0]} has mode {mode:04o}.*chmod 600"):
        PairFile(paths[0], "node-a", "node-b")
    paths[0].chmod(0o600)
    PairFile(paths[0], "node-a", "node-b").close()


def test_existing_files_are_never_overwritten(paths: tuple[Path, Path], tmp_path: Path) -> None:
    before = paths[0].read_bytes()
    with pytest.raises(KeySourceError, match="File exists; choose new names"):
        create_pair_files((tmp_path / "new", paths[0]), ("node-a", "node-b"), 1)
    assert paths[0].read_bytes() == before
    with pytest.raises(ValueError, match="two different names"):
        create_pair_files((tmp_path / "x", tmp_path / "y"), ("node-a", "node-a"), 1)
