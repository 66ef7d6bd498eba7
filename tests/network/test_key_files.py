"""Key files of nodes, opened by a check: what fits, what does not, and what to do about it."""

import os
import re
import shutil
from pathlib import Path

import pytest

from qkdctl.clock import VirtualClock
from qkdctl.config.problems import Problem
from qkdctl.keys.pair_file import PairFile, create_pair_files
from qkdctl.network.directories import BLOCKS_PER_START, ManagedKeys, PairKeys, network_directories
from qkdctl.network.inspection import Inspection, inspect_network
from qkdctl.network.load import parse_description
from tests.config.drivers import Drivers
from tests.network.texts import RING_NODES, RING_TEXT, node_text

RING = parse_description(RING_TEXT)
AN_HOUR = PairKeys(BLOCKS_PER_START + 720 * 20 // 8)
MANAGER = """\
[network.key_manager]
url = "https://127.0.0.1:8443"
certificate_file = "keys/sae.pem"
key_file = "keys/sae.key"
ca_file = "keys/ca.pem"
"""


@pytest.fixture
def metro(tmp_path: Path) -> Path:
    network_directories(RING, tmp_path / "metro", AN_HOUR, RING_NODES)
    return tmp_path / "metro"


def check(*paths: Path, clock: VirtualClock | None = None) -> Inspection:
    return inspect_network(paths, {}, Drivers(), clock)


def about_keys(found: Inspection) -> list[Problem]:
    return [problem for problem in found.problems if problem.key.startswith("network.key_")]


def test_files_as_init_makes_them_are_the_same_at_both_ends_of_every_pair(metro: Path) -> None:
    found = check(metro)
    assert about_keys(found) == []
    assert [(file.look.me, file.look.peer, file.same, file.lasts_s) for file in found.keys if file.look.me < "n"] == [
        ("east", "north", True, 3600.0),
        ("east", "south", True, 3600.0),
        ("east", "west", True, 3600.0),
    ]
    assert len(found.keys) == 12


def test_files_are_compared_although_the_configurations_lack_instruments_yet(tmp_path: Path) -> None:
    network_directories(RING, tmp_path / "metro", AN_HOUR)
    shutil.copy(tmp_path / "metro/north/keys/south.pair", tmp_path / "metro/north/keys/west.pair")
    found = check(tmp_path / "metro")
    assert not found.is_valid
    assert [problem.message for problem in found.problems if problem.message.startswith("pair file")] == [
        f"pair file {tmp_path}/metro/north/keys/west.pair is for north and south, not for north and west"
    ]
    assert [file.same for file in found.keys].count(True) == 10
    assert [file.same for file in found.keys].count(None) == 1


def test_a_file_that_is_missing_is_told_once(metro: Path) -> None:
    (metro / "east/keys/west.pair").unlink()
    (problem,) = about_keys(check(metro))
    assert problem.message.startswith("there is no key shared with west")


def test_a_file_that_only_the_daemon_may_read_is_worth_a_warning(metro: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = os.open

    def refusing(path: str | Path, *arguments: int) -> int:
        if str(path).endswith("west.pair"):
            raise PermissionError(13, "Permission denied")
        return kept(path, *arguments)

    monkeypatch.setattr(os, "open", refusing)
    (problem,) = about_keys(check(metro / "east"))
    assert (problem.severity, problem.hint) == ("warning", "run the check as the daemon's user")


def test_of_one_folder_the_files_are_opened_and_nothing_is_compared(metro: Path) -> None:
    assert {file.same for file in check(metro / "north").keys} == {None}


def test_folders_that_lie_apart_are_compared_when_both_are_named(metro: Path) -> None:
    found = check(metro / "north", metro / "west/qkdctl.toml")
    assert {(file.look.me, file.look.peer) for file in found.keys if file.same} == {
        ("north", "west"),
        ("west", "north"),
    }
    assert check(metro / "north", metro / "north").keys == check(metro / "north").keys


def test_a_description_among_folders_must_be_theirs(metro: Path, tmp_path: Path) -> None:
    other = tmp_path / "network.toml"
    other.write_text(RING_TEXT.replace("1024", "1025"))
    (error,) = [problem for problem in check(other, metro / "north").problems if problem.severity == "error"]
    assert error.message == f"the description of north differs from {other} in at least one value"


def test_ends_with_different_keys_are_named_with_both_files_and_no_key(metro: Path, tmp_path: Path) -> None:
    file = metro / "south/keys/north.pair"
    file.unlink()
    create_pair_files((tmp_path / "stray", file), ("north", "south"), AN_HOUR.blocks)
    (problem,) = about_keys(check(metro))
    assert problem.severity == "error"
    assert problem.message == (
        f"north and south do not hold the same key: {metro}/north/keys/south.pair and {file} differ"
    )
    assert "one run of qkdctl network init" in problem.hint
    assert not re.search(r"[0-9a-f]{16}", problem.render().replace(str(tmp_path), "")), "no key, and no digest of one"


def test_files_that_were_mixed_up_are_told_apart(metro: Path) -> None:
    shutil.copy(metro / "north/keys/south.pair", metro / "north/keys/west.pair")
    (problem,) = about_keys(check(metro / "north"))
    assert problem.message == f"pair file {metro}/north/keys/west.pair is for north and south, not for north and west"
    assert (problem.expected, problem.hint) == ("the key of north and west", "copy the right one there")


@pytest.mark.parametrize(("length", "words"), [(0, "is empty"), (5000, "has 5000 bytes instead of")])
def test_a_file_that_was_cut_off_is_an_error(length: int, words: str, metro: Path) -> None:
    file = metro / "east/keys/west.pair"
    file.write_bytes(file.read_bytes()[:length])
    (problem,) = about_keys(check(metro))
    assert words in problem.message
    assert (problem.severity, problem.hint) == ("error", "copy it again")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o400])
def test_a_file_is_for_its_owner_to_read_and_to_use_up(mode: int, metro: Path) -> None:
    (metro / "east/keys/west.pair").chmod(mode)
    (problem,) = about_keys(check(metro / "east"))
    assert (problem.severity, problem.found, problem.expected) == ("error", f"mode {mode:04o}", "mode 0600")


def test_key_that_ends_within_an_hour_is_worth_a_warning(metro: Path) -> None:
    file = PairFile(metro / "east/keys/west.pair", "east", "west")
    file.draw(900, 901)
    file.close()
    (problem,) = about_keys(check(metro))
    assert problem.severity == "warning"
    assert problem.message == "the key shared with west lasts for 30.0 min of decisions at least"


def test_key_that_is_used_up_is_an_error_where_nothing_may_take_its_place(tmp_path: Path) -> None:
    claims = 'claim = "information-theoretic"\nkey_files_from_qkd = true\nkey_directory = "keys"\n'
    texts = {**RING_NODES, "north": node_text("north", "n-e", "w-n", claims)}
    ring = parse_description(RING_TEXT.replace("faults = 1", "faults = 0"))
    network_directories(ring, tmp_path / "metro", PairKeys(BLOCKS_PER_START), texts)
    (claiming,) = about_keys(check(tmp_path / "metro/north"))
    (other,) = about_keys(check(tmp_path / "metro/east"))
    assert (claiming.severity, other.severity) == ("error", "warning"), "others fall back to HMAC"
    assert claiming.message.startswith("the key shared with east, south, west is used up")


def test_a_certificate_must_be_the_members_own_and_valid_now(tmp_path: Path) -> None:
    clock = VirtualClock()
    texts = {node: text.replace('key_directory = "keys"\n', "") + MANAGER for node, text in RING_NODES.items()}
    network_directories(RING, tmp_path / "metro", ManagedKeys("https://127.0.0.1:8443", clock), texts)
    assert about_keys(check(tmp_path / "metro", clock=clock)) == []
    for name in ("sae.pem", "sae.key"):
        shutil.copy(tmp_path / "metro/south/keys" / name, tmp_path / "metro/north/keys" / name)
    (foreign,) = about_keys(check(tmp_path / "metro", clock=clock))
    assert foreign.message.endswith("is not that of SAE north")
    assert (foreign.found, foreign.expected) == ("common name south", "common name north")
    (tmp_path / "metro/east/keys/sae.key").write_bytes((tmp_path / "metro/west/keys/sae.key").read_bytes())
    (unusable,) = about_keys(check(tmp_path / "metro/east", clock=clock))
    assert "that the two belong together" in unusable.hint
    later = VirtualClock(wall_start_ms=clock.wall_ms() + 900 * 86_400_000)
    (expired,) = about_keys(check(tmp_path / "metro/west", clock=later))
    assert "expired on" in expired.message
