"""qkdctl ledger on a network's decisions: checked, shown in words, exported, compared."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qkdctl import exit_codes
from qkdctl.api.facade import Json
from qkdctl.api.settings import ApiSettings
from qkdctl.audit.recorded import Recorded
from qkdctl.store.chain import KINDS
from tests.api.memory import MemoryFacade
from tests.api.serving import served
from tests.audit.ledgers import EPOCHS, SET_POINTS, forged, sound, store_ledger
from tests.cli.conftest import Cli
from tests.cli.terminal import Terminal
from tests.network.texts import RING_TEXT


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """State directories of an honest network and of one with a liar."""
    place = tmp_path_factory.mktemp("ledgers")
    asyncio.run(store_ledger(place / "honest"))
    asyncio.run(store_ledger(place / "lying", lying=True, epochs=2))
    (place / "network.toml").write_text(RING_TEXT)
    return place


@pytest.fixture
def place(prepared: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(prepared, tmp_path / "ledgers"))


def test_verify_says_what_was_checked(cli: Cli, place: Path) -> None:
    words = ("ledger", "verify", "--from", str(place / "honest"))
    verified = cli(*words, "--description", str(place / "network.toml"))
    assert verified.returncode == 0, verified.stderr
    entries, follow, computed, rest = verified.stdout.splitlines()
    assert entries.startswith(f"{EPOCHS + 2} entries, the chain holds; head {EPOCHS + 1} ")
    assert follow == f"{EPOCHS} decisions follow each other, {4 * EPOCHS - 1} reports are those that counted"
    assert computed.startswith(f"{EPOCHS} decisions follow from their reports")
    assert rest == f"not checked: {SET_POINTS}"
    without = cli(*words)
    assert without.returncode == 0
    assert "not checked: whether decisions follow from reports: that needs the description" in without.stdout
    document = json.loads(cli(*words, "--json").stdout)
    assert (document["decisions"], document["recomputed"], len(document["unchecked"])) == (EPOCHS, 0, 2)


def test_a_wrong_description_is_told_from_a_wrong_ledger(cli: Cli, place: Path) -> None:
    other = place / "other.toml"
    other.write_text(RING_TEXT.replace('name = "metro"', 'name = "metra"'))
    words = ("ledger", "verify", "--from", str(place / "honest"), "--description", str(other))
    refused = cli(*words)
    assert refused.returncode == exit_codes.FAILURE
    assert "the ledger does not verify: entry 1: epoch 1: it was decided under a description" in refused.stderr
    other.write_text("[network]\n")
    refused = cli(*words)
    assert refused.returncode == exit_codes.CONFIG
    assert "qkdctl network check" in refused.stderr


def test_one_decision_in_words(cli: Cli, place: Path) -> None:
    words = ("ledger", "show", "--from", str(place / "lying"), "--epoch", "2")
    shown = cli(*words, "--verdicts", "--description", str(place / "network.toml"))
    assert shown.returncode == 0, shown.stderr
    head = shown.stdout.splitlines()[0]
    assert head.startswith("epoch 2, entry 2, ")
    for part in (
        "who proposed it is not known",
        "none",
        "e-s   hold    0.25     bb84",
        "BLAMED  WHY",
        "west    it is in dispute with 2 nodes, which is more than f liars can bring about; the full penalty, on score",
    ):
        assert part in shown.stdout, part
    document = json.loads(cli(*words, "--json").stdout)
    assert (document["decision"]["absent"], document["decision"]["verdicts"]) == (["east"], None)
    assert document["entry"]["kind"] == "decision"
    assert "--verdicts computes" in cli(*words).stdout


def test_one_entry_by_its_number(cli: Cli, place: Path) -> None:
    words = ("ledger", "show", "--from", str(place / "honest"))
    shown = cli(*words, "3")
    assert shown.stdout.startswith("entry 3, operator, ")
    assert '"who": "uid 0"' in shown.stdout
    assert cli(*words, "4").stdout.startswith("epoch 3, entry 4, ")
    assert json.loads(cli(*words, "3", "--json").stdout)["decision"] is None


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["99"], exit_codes.FAILURE, "the ledger has no entry 99"),
        (["--epoch", "99"], exit_codes.FAILURE, "the ledger has no decision of epoch 99"),
        (["1", "--epoch", "1"], exit_codes.USAGE, "two questions"),
        (["--epoch", "1", "--verdicts"], exit_codes.FAILURE, "name it with --description"),
    ],
)
def test_what_cannot_be_shown(cli: Cli, place: Path, words: list[str], code: int, error: str) -> None:
    refused = cli("ledger", "show", "--from", str(place / "honest"), *words)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert error in refused.stderr


def test_a_decision_fits_a_terminal(place: Path, folder: Path) -> None:
    words = ["ledger", "show", "--from", str(place / "lying"), "--epoch", "2", "--verdicts"]
    words += ["--description", str(place / "network.toml")]
    code, shown = Terminal(folder, words, COLUMNS="80", NO_COLOR="1").end()
    assert code == 0
    assert max(map(len, shown.replace("\r", "").splitlines())) <= 80


def test_an_export_verifies_like_the_ledger_and_can_be_compared(cli: Cli, place: Path) -> None:
    honest, lying, output = place / "honest", place / "lying", place / "north.jsonl.gz"
    assert cli("ledger", "export", str(output), "--from", str(honest), "--reports").stdout.endswith(
        f"{EPOCHS + 2} entries, {4 * EPOCHS - 1} reports\n"
    )
    words = ("--from", str(output), "--description", str(place / "network.toml"), "--json")
    document = json.loads(cli("ledger", "verify", *words).stdout)
    assert (document["ok"], document["recomputed"], document["unchecked"]) == (True, EPOCHS, [SET_POINTS])
    equal = cli("ledger", "compare", str(output), str(honest))
    assert (equal.returncode, equal.stdout) == (0, f"equal in all {EPOCHS} epochs that both hold, 1 to {EPOCHS}\n")
    differing = cli("ledger", "compare", str(output), str(lying))
    assert differing.returncode == exit_codes.FAILURE
    assert differing.stdout.startswith("epoch 1 is the first that differs:\n  the report of west is ")


def test_what_cannot_be_written_or_read(cli: Cli, place: Path) -> None:
    refused = cli("ledger", "export", str(place / "no" / "where"), "--from", str(place / "honest"))
    assert (refused.returncode, "cannot be written" in refused.stderr) == (exit_codes.FAILURE, True)
    (place / "text").write_text("hello\n")
    refused = cli("ledger", "verify", "--from", str(place / "text"))
    assert (refused.returncode, "no line of an export" in refused.stderr) == (exit_codes.FAILURE, True)
    (place / "text").write_text("mine\n")
    refused = cli("ledger", "export", str(place / "text"), "--from", str(place / "honest"))
    assert (refused.returncode, (place / "text").read_text()) == (exit_codes.FAILURE, "mine\n")
    assert "text exists, nothing was written\nhint: name another file, or say --force" in refused.stderr
    assert cli("ledger", "export", str(place / "text"), "--from", str(place / "honest"), "--force").returncode == 0
    assert cli("ledger", "verify", "--from", str(place / "text")).returncode == 0


DAMAGE: dict[str, tuple[Callable[[list[bytes]], bytes], str]] = {
    "cut off": (
        lambda lines: b"".join(lines)[:-10],
        "line 6: {}the file ends in it after ",
    ),
    "garbled": (
        lambda lines: b"".join([*lines[:2], b"#" + lines[2], *lines[3:]]),
        "line 3: {}no line of an export, Expecting value",
    ),
    "no entry": (
        lambda lines: b"".join([*lines[:2], b'{"sequence": 2}\n', *lines[3:]]),
        "line 3: {}no entry: wall_ms is no int",
    ),
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_export_is_told_by_file_and_line_with_what_to_do(
    cli: Cli, place: Path, damage: Callable[[list[bytes]], bytes], reason: str
) -> None:
    export, honest = place / "north.jsonl", str(place / "honest")
    cli("ledger", "export", str(export), "--from", honest)
    export.write_bytes(damage(export.read_bytes().splitlines(keepends=True)))
    number = int(reason.split()[1].rstrip(":")) - 1
    verified = cli("ledger", "verify", "--from", str(export))
    assert (verified.returncode, verified.stdout) == (exit_codes.FAILURE, "")
    assert f"does not verify: {export}, {reason.format(f'entry {number}: ')}" in verified.stderr
    for words in (["show", "--from", str(export)], ["compare", str(export), honest], ["compare", honest, str(export)]):
        failed = cli("ledger", *words)
        assert (failed.returncode, failed.stdout) == (exit_codes.DATA, ""), words
        assert f"error: {export}, {reason.format('')}" in failed.stderr
        assert "hint: copy the file again and compare check sums" in failed.stderr
    assert "hint: copy the file again and compare check sums" in verified.stderr


def test_a_changed_entry_of_an_export_is_told_by_its_line(cli: Cli, place: Path) -> None:
    export = place / "north.jsonl"
    cli("ledger", "export", str(export), "--from", str(place / "honest"))
    export.write_text(export.read_text().replace('"who":"uid 0"', '"who":"uid 1"'))
    verified = cli("ledger", "verify", "--from", str(export))
    assert f"does not verify: {export}, line 4: entry 3: hash does not match the content" in verified.stderr


def test_a_packed_export_must_be_packed_and_whole(cli: Cli, place: Path) -> None:
    packed, plain = place / "north.jsonl.gz", place / "plain.jsonl.gz"
    cli("ledger", "export", str(packed), "--from", str(place / "honest"))
    packed.write_bytes(packed.read_bytes()[:-20])
    plain.write_text("{}\n")
    for path, reason in ((packed, "the file ends in the middle of compressed data"), (plain, "is not compressed")):
        failed = cli("ledger", "show", "--from", str(path))
        assert failed.returncode == exit_codes.DATA
        assert reason in failed.stderr


@pytest.mark.parametrize("verb", ["verify", "show", "export", "compare"])
def test_no_ledger_has_one_exit_code(cli: Cli, place: Path, verb: str) -> None:
    honest, absent = str(place / "honest"), str(place / "nothing")
    words = {"compare": [honest, absent], "export": [str(place / "out"), "--from", absent]}
    failed = cli("ledger", verb, *words.get(verb, ["--from", absent]))
    assert (failed.returncode, failed.stdout) == (exit_codes.UNAVAILABLE, "")
    assert "nothing/state.db: no such file" in failed.stderr
    assert not (place / "out").exists()


def test_a_kind_that_is_none_is_refused_with_those_there_are(cli: Cli, place: Path) -> None:
    refused = cli("ledger", "show", "--from", str(place / "honest"), "--kind", "nonsense")
    assert (refused.returncode, refused.stdout) == (exit_codes.USAGE, "")
    assert "there are no entries of kind 'nonsense'" in refused.stderr
    (hint,) = (line for line in refused.stderr.splitlines() if line.startswith("hint: the kinds are "))
    assert set(hint.removeprefix("hint: the kinds are ").split(", ")) == KINDS


class Told(MemoryFacade):
    """A daemon with the ledger of a network."""

    def __init__(self, records: tuple[Recorded, ...]) -> None:
        super().__init__()
        self.records = records
        self.document["ledger"] = {"sequence": len(records) - 1, "head": records[-1].entry.hash}

    async def ledger(self, after: int, limit: int) -> list[Json]:
        return [recorded.entry.to_plain() for recorded in self.records[after + 1 :][:limit]]

    async def reports(self, digests: Any) -> dict[str, str]:
        kept = {digest: text for recorded in self.records for digest, text in recorded.reports.items()}
        return {digest: kept[digest] for digest in digests if digest in kept}


@pytest.mark.parametrize("broken", [False, True])
def test_a_running_daemon_tells_its_ledger(cli: Cli, place: Path, folder: Path, *, broken: bool) -> None:
    def promote(payload: Json) -> None:
        payload["value"]["electorate"]["members"][0][1] -= 1

    with served(Told(forged(EPOCHS, promote) if broken else sound()), ApiSettings(folder / "s")):
        words = ("--from", str(folder / "s"), "--description", str(place / "network.toml"))
        verified = cli("ledger", "verify", *words)
    assert verified.returncode == (exit_codes.FAILURE if broken else 0), verified.stderr
    if broken:
        assert f"entry {EPOCHS}: epoch {EPOCHS}: the electorate of epoch" in verified.stderr
    else:
        assert f"{EPOCHS} decisions follow from their reports" in verified.stdout
