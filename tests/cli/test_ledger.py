"""qkdctl ledger works on the files, and finds what was changed in them."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from qkdctl import exit_codes
from qkdctl.cli.ledger_text import summary
from qkdctl.clock import VirtualClock
from qkdctl.store.store import open_store
from tests.cli.configurations import write_configuration
from tests.cli.conftest import Cli
from tests.cli.terminal import Terminal


@pytest.fixture
def state(folder: Path) -> Path:
    async def fill() -> None:
        async with open_store(folder / "state", VirtualClock()) as store:
            for number in range(5):
                await store.ledger.append("operator", {"who": "uid 0", "number": number})
            await store.ledger.append("alarm", {"code": "test", "text": "x" * 300})

    asyncio.run(fill())
    write_configuration(folder)
    return folder / "state"


def test_a_sound_chain(cli: Cli, state: Path) -> None:
    verified = cli("ledger", "verify")
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.startswith("7 entries, the chain holds; head 6 ")
    document = json.loads(cli("ledger", "verify", "--json", "--from", str(state)).stdout)
    assert (document["ok"], document["entries"], document["ledger"]["sequence"]) == (True, 7, 6)


def test_a_changed_entry_is_named(cli: Cli, state: Path) -> None:
    with sqlite3.connect(state / "state.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE entries SET wall_ms = wall_ms + 1 WHERE sequence = 3")
    connection.close()
    broken = cli("ledger", "verify")
    assert (broken.returncode, broken.stdout) == (exit_codes.FAILURE, "")
    assert "the ledger does not verify: entry 3" in broken.stderr
    document = json.loads(cli("ledger", "verify", "--json").stdout)
    assert (document["ok"], document["problem"].partition(":")[0]) == (False, "entry 3")


def test_a_hash_that_was_noted_down_must_be_there(cli: Cli, state: Path) -> None:
    known = json.loads(cli("ledger", "show", "--last", "3", "--json").stdout)["entries"][0]["hash"]
    assert cli("ledger", "verify", "--contains", known).returncode == 0
    cut_off = cli("ledger", "verify", "--contains", "0" * 63 + "1")
    assert cut_off.returncode == exit_codes.FAILURE
    assert "no entry has the hash" in cut_off.stderr


def test_the_digits_that_the_table_shows_find_an_entry(cli: Cli, state: Path) -> None:
    shown = cli("ledger", "show", "--last", "1").stdout.splitlines()[1].split()
    digits = next(word for word in shown if len(word) == 12 and set(word) <= set("0123456789abcdef"))
    assert cli("ledger", "verify", "--contains", digits).returncode == 0
    assert cli("ledger", "verify", "--contains", digits.upper()).returncode == 0
    absent = cli("ledger", "verify", "--contains", "0" * 12)
    assert (absent.returncode, absent.stdout) == (exit_codes.FAILURE, "")
    assert "no entry has a hash that begins with 000000000000" in absent.stderr
    for words in (digits[:11], "0" * 65, "x" * 12):
        refused = cli("ledger", "verify", "--contains", words)
        assert refused.returncode == exit_codes.USAGE
        assert "64 hexadecimal digits, or the first 12 at least" in refused.stderr


def test_show(cli: Cli, state: Path) -> None:
    header, *lines = cli("ledger", "show", "--last", "2").stdout.splitlines()
    assert header.split() == ["ENTRY", "TIME", "KIND", "HASH", "WHAT"]
    assert [line.split()[0] for line in lines] == ["5", "6"]
    assert lines[0].endswith("number 4, who uid 0")
    assert lines[1].endswith(f"code test, text {'x' * 300}")
    entries = json.loads(cli("ledger", "show", "--kind", "alarm", "--json").stdout)["entries"]
    assert [entry["kind"] for entry in entries] == ["alarm"]


def test_decisions_and_outcomes_in_words() -> None:
    link = {"link": "alice-bob", "action": "up-large", "mean_photon_number_e6": 528_600}
    plan = {"epoch": 7, "links": [{**link, "interventions": [{"code": "slew"}]}]}
    payload = {"chain": {"epoch": 7}, "value": {"epoch": 7, "outcome": {"plan": plan}}}
    assert summary("decision", payload) == "epoch 7: alice-bob up-large 0.5286 (shield: slew)"
    assert summary("decision", {"value": {"shape": "new"}}) == "value.shape new"
    outcome = {"link": "alice-bob", "set_points": {"voa": {"attenuation_db": "24.5"}}, "not_shown_dark": []}
    assert summary("outcome", outcome) == "link alice-bob, voa.attenuation_db 24.5, not_shown_dark none"


def test_show_fits_a_terminal(cli: Cli, state: Path, folder: Path) -> None:
    code, shown = Terminal(folder, ["ledger", "show"], COLUMNS="80", NO_COLOR="1").end()
    assert code == 0
    assert max(map(len, shown.replace("\r", "").splitlines())) <= 80
    assert "HASH" not in shown


def test_no_ledger_is_no_broken_ledger(cli: Cli, folder: Path) -> None:
    missing = cli("ledger", "verify", "--from", str(folder / "nowhere"))
    assert missing.returncode == exit_codes.UNAVAILABLE
    assert "no such file" in missing.stderr
