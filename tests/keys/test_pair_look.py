"""A look at pair files: what two copies have in common, while nodes use them, and what is no copy at all."""

from pathlib import Path

import pytest

from qkdctl.keys.base import CHAPTER_BYTES, KeySourceError
from qkdctl.keys.pair_file import PairFile, create_pair_files
from qkdctl.keys.pair_look import PairLook, same_key

BLOCKS = 100


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    made = (tmp_path / "one", tmp_path / "two")
    create_pair_files(made, ("a", "b"), BLOCKS)
    return made


def looks(paths: tuple[Path, Path]) -> tuple[PairLook, PairLook]:
    return PairLook.at(paths[0], "a", "b"), PairLook.at(paths[1], "b", "a")


def test_two_copies_stay_the_same_key_however_far_each_end_has_used_its_own(paths: tuple[Path, Path]) -> None:
    a, b = PairFile(paths[0], "a", "b"), PairFile(paths[1], "b", "a")
    assert same_key(*looks(paths)), "fresh"
    drawn = a.draw(0, 5)
    assert same_key(*looks(paths)), "drawn, not fetched yet"
    b.fetch([(block.number, block.ticket) for block in drawn[3:]])
    assert same_key(*looks(paths)), "fetched out of order"
    b.draw(7, 9)
    assert same_key(*looks(paths)), "both directions"
    assert [look.left for look in looks(paths)] == [95, 91]


def test_a_node_that_uses_its_copy_during_the_comparison_is_no_difference(paths: tuple[Path, Path]) -> None:
    before = looks(paths)
    PairFile(paths[0], "a", "b").draw(0, 40)
    assert same_key(*before)


@pytest.mark.parametrize("place", [4096, 4096 + CHAPTER_BYTES + 90 * 136, -1])
def test_one_byte_of_unused_key_makes_a_difference(place: int, paths: tuple[Path, Path]) -> None:
    content = bytearray(paths[1].read_bytes())
    content[place] ^= 1
    paths[1].write_bytes(content)
    assert not same_key(*looks(paths))


def test_files_of_two_runs_are_different_keys(paths: tuple[Path, Path], tmp_path: Path) -> None:
    others = (tmp_path / "three", tmp_path / "four")
    create_pair_files(others, ("a", "b"), BLOCKS)
    assert not same_key(*looks((paths[0], others[1])))
    paths[1].unlink()
    create_pair_files((tmp_path / "five", paths[1]), ("a", "b"), BLOCKS + 1)
    assert not same_key(*looks(paths))


def test_looking_changes_nothing_and_disturbs_no_node(paths: tuple[Path, Path]) -> None:
    before = paths[0].read_bytes()
    node = PairFile(paths[0], "a", "b")
    assert same_key(*looks(paths))
    node.close()
    assert paths[0].read_bytes() == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty; copy it again"),
        (b"something else" * 100, "is no pair file of this version"),
        (None, "No such file or directory"),
    ],
)
def test_what_is_no_copy_is_refused(content: bytes | None, words: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    with pytest.raises(KeySourceError, match=words):
        PairLook.at(tmp_path / "x", "a", "b")


def test_a_copy_that_was_cut_off_wiped_or_is_for_another_pair_is_refused(paths: tuple[Path, Path]) -> None:
    whole = paths[0].read_bytes()
    with pytest.raises(KeySourceError, match="is for a and b, not for a and c"):
        PairLook.at(paths[0], "a", "c")
    paths[0].write_bytes(whole[:-1])
    with pytest.raises(KeySourceError, match=f"has {len(whole) - 1} bytes instead of {len(whole)}"):
        PairLook.at(paths[0], "a", "b")
    paths[0].write_bytes(whole[:4096] + bytes(len(whole) - 4096))
    with pytest.raises(KeySourceError, match="holds zeros in place of key"):
        PairLook.at(paths[0], "a", "b")
