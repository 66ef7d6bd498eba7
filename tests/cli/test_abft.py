"""qkdctl abft and acts: what a daemon tells of the agreement, in words and on narrow pages."""

import copy
import json
from typing import Any

import pytest

from qkdctl import exit_codes
from qkdctl.api.facade import Event
from qkdctl.api.models import Status
from qkdctl.cli.abft_evidence import evidence_text
from qkdctl.cli.abft_text import agreement_text
from qkdctl.cli.abft_weights import bars, weights_text
from qkdctl.cli.acts_text import acts_text
from qkdctl.cli.output import Painter
from qkdctl.cli.status_text import status_text
from tests.api import agreement
from tests.api.memory import STATUS, MemoryFacade
from tests.api.serving import Served
from tests.cli.conftest import Cli
from tests.cli.terminal import Terminal
from tests.cli.test_view import screen

WIDE = Painter(colour=False)


def line(text: str, start: str) -> str:
    """The one line that begins so."""
    (found,) = [entry for entry in text.splitlines() if entry.startswith(start)]
    return found


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize("verb", ["status", "weights", "evidence"])
def test_json_is_the_document_of_the_daemon(cli: Cli, verb: str) -> None:
    expected = {"status": agreement.AGREEMENT, "weights": agreement.WEIGHTS, "evidence": agreement.EVIDENCE}[verb]
    shown = cli("abft", verb, "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout) == {"schema_version": 1, **expected}


def test_status_says_who_decides_and_how_each_channel_stands() -> None:
    text = agreement_text(agreement.AGREEMENT, WIDE)
    assert line(text, "f  ").split(maxsplit=1)[1] == "1, slack 0"
    assert line(text, "weight").endswith("4000, strong from 2501, weak from 1001, electorate cdcdcdcdcdcd")
    assert line(text, "epoch").split(maxsplit=1)[1] == "42, under way, round 1, leader west"
    assert "epoch 41 3.25 s ago in round 0, 3 reports (without west)" in line(text, "decided")
    assert line(text, "east").split()[:6] == ["east", "its", "64", "0.5", "s", "ago"]
    assert "its-relayed(3)" in line(text, "south")
    west = line(text, "west")
    for part in ("none, not in step", "never", "3 forged, 7 duplicates"):
        assert part in west
    assert line(text, "broker-a").split() == ["broker-a", "connected", "2", "4.0", "ms", "1"]
    assert "policy-skew (north): this node runs another policy" in text


def test_a_standstill_says_what_is_missing_and_whose_part_it_is() -> None:
    text = agreement_text(agreement.AGREEMENT | {"standstill": agreement.STANDSTILL}, WIDE)
    assert "nothing decided for 37 s: vote 1 has a weight of 2000, and 2501 is needed" in text
    rows = [" ".join(entry.split()) for entry in text.splitlines()]
    assert "east 1000 0.5 s ago counts 3 1 abababababab" in rows
    assert (
        "south 1000 0.5 s ago counts 3 none rule-based "
        "runs rule-based, while abababababab is in force; without that it cannot vote"
    ) in rows
    assert "west 1000 - missing 0 none - was never heard since the start of this daemon" in rows


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"begun": False}, "too few members have answered its greeting; a weight of 2501, with this node, is needed"),
        ({"reports": 2}, "2 reports count, and 3 are needed"),
        ({"proposed": False}, "west, who leads round 1, has proposed nothing"),
        ({"decided": True}, "the decision is known, and this node has not written it down yet"),
        ({"since_s": None}, "nothing decided since the start of the daemon"),
        ({"reason": "policy abc is in force, and not at hand"}, "at this node: policy abc is in force"),
    ],
)
def test_the_first_thing_that_is_missing_is_said(changes: dict[str, Any], words: str) -> None:
    text = agreement_text(agreement.AGREEMENT | {"standstill": agreement.STANDSTILL | changes}, WIDE)
    assert words in text
    narrow = Painter(colour=False, width=80)
    shown = agreement_text(agreement.AGREEMENT | {"standstill": agreement.STANDSTILL | changes}, narrow)
    assert max(map(len, shown.splitlines())) <= 80


def test_a_node_alone_has_no_peers_to_show() -> None:
    alone = agreement.AGREEMENT | {"members": ["bench"], "peers": [], "paths": [], "conditions": [], "last": None}
    text = agreement_text(alone, WIDE)
    assert "PEER" not in text
    assert line(text, "decided").endswith("nothing since the start of the daemon")


def test_weights_say_how_they_moved_and_why() -> None:
    text = weights_text(agreement.WEIGHTS, WIDE)
    first, south, west, why = (line(text, start) for start in ("after", "south", "west   440", "west    its"))
    assert first == "after epoch 41; in epoch 42 all votes weigh 3440, strong from 2221, f = 1"
    assert south.endswith("distrusted, 49 epochs of probation left")
    assert west.split()[:5] == ["west", "440", "422", "0.4400", "-0.0180"]
    assert west.endswith("excluded, 50 epochs of probation left")
    assert "a weight of 3000 says that it came late" in why
    quiet = copy.deepcopy(agreement.WEIGHTS)
    quiet["nodes"] = [agreement.weight("east", member=False, vote_weight=None, next_vote_weight=1000)]
    text = weights_text(quiet, WIDE)
    assert "nothing was blamed on anybody" in text
    assert line(text, "east").split()[1:3] == ["-", "1000"]
    assert line(text, "east").endswith("no member")


@pytest.mark.usefixtures("daemon")
def test_weights_over_epochs_are_bars_from_nothing_to_full(cli: Cli) -> None:
    shown = cli("abft", "weights", "--history", "3").stdout
    assert "epochs 39 to 41" in shown
    assert shown.splitlines()[-1].split() == ["west", "██", "██▄", "███"]
    assert bars([0, 500, 1000, None], 1000) == "▁▄█ "


def test_evidence_lays_out_the_case() -> None:
    text = evidence_text(agreement.EVIDENCE, WIDE)
    for part in (
        "west       -       -             -           no report counted",
        "e-n   east (alice)   running  bb84      0.48     0.478     1.00/1.10 %  400000  250000  1 record",
        "e-n   agreed         running  bb84      0.48     0.478     1.00/1.10 %  400000  249000  used",
        "s-w   south (alice)",
        "1 record, 1 wait",
        "not used: west said nothing of its end",
        "e-n: session 41 differs, Alice's end first: secret_key_bits 250000 against 249000",
        "e-n: east and north contradict each other, until they have agreed for 100 epochs more",
        "east and west contradict each other, until they have agreed for 7 epochs more",
        "west: its report of epoch 40 came late, say east, north, south (weight 3000); it is missing",
        "west: accused of two-votes in epoch 40 by east (weight 1000): too few to count",
        "key n-s/41 over north - west - south failed: west is proven faulty (contradiction)",
        "BLAMED  WHY\nwest    its report of the epoch before is missing",
    ):
        assert part in text, part
    assert "has started since" in evidence_text(agreement.EVIDENCE | {"whole": False}, WIDE)


@pytest.mark.usefixtures("daemon")
def test_an_epoch_that_is_not_remembered(cli: Cli) -> None:
    assert cli("abft", "evidence", "--epoch", "41").returncode == 0
    refused = cli("abft", "evidence", "--epoch", "7")
    assert (refused.returncode, refused.stdout) == (exit_codes.FAILURE, "")
    assert "there is no epoch in memory '7'" in refused.stderr


def test_acts_say_what_is_needed_and_who_stands_by_what() -> None:
    text = acts_text(agreement.ACTS, WIDE)
    assert text.splitlines()[0].endswith("2 nodes must approve an act")
    assert "set-faults 0: wanted here, without a number yet" in text
    row = "3 remove-member west east - 719 epochs 2000 of 2501 east, south; south found the tag of west wrong"
    assert " ".join(line(text, "3 ").split()) == row
    assert " ".join(line(text, "2 ").split()) == "2 activate-policy hold west lapsed nobody"
    assert "not at hand" not in text
    absent = agreement.ACTS | {"open": [agreement.ACTS["open"][0] | {"at_hand": False}]}
    assert "act 3: the policy is not at hand at this node; stage it first" in acts_text(absent, WIDE)
    assert "no open acts" in acts_text(agreement.ACTS | {"open": [], "closed": [], "filed_here": []}, WIDE)


@pytest.mark.usefixtures("daemon")
def test_acts_are_filed_and_approved(cli: Cli, facade: MemoryFacade) -> None:
    filed = cli("acts", "file", "set-faults", "2")
    assert (filed.returncode, filed.stdout) == (0, "set-faults: wanted by this node\n")
    assert json.loads(cli("acts", "approve", "3", "--json").stdout)["subject"] == "3"
    (_, act, who), (_, number, _) = facade.done
    assert (act, number) == ({"kind": "set-faults", "faults": 2}, 3)
    assert who.startswith("uid ")


@pytest.mark.usefixtures("daemon")
def test_an_act_is_withdrawn_where_it_was_filed(cli: Cli, facade: MemoryFacade) -> None:
    cli("acts", "file", "set-faults", "2")
    assert cli("acts", "withdraw").stdout == "act 4: withdrawn by this node\n"
    assert [entry[0] for entry in facade.done] == ["file-act", "withdraw-act"]


@pytest.mark.parametrize(
    ("changes", "shown"), [({"withdrawn_here": True}, "withdrawing"), ({"withdrawn": True}, "withdrawn")]
)
def test_a_withdrawn_act_shows_as_one(changes: dict[str, bool], shown: str) -> None:
    acts = agreement.ACTS | {"open": [agreement.ACTS["open"][0] | changes]}
    assert f"west east {shown} 719 epochs" in " ".join(line(acts_text(acts, WIDE), "3 ").split())


@pytest.mark.usefixtures("daemon")
@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (["file", "set-fault", "2"], exit_codes.USAGE, "hint: one of activate-policy, admit-member"),
        (["file", "set-faults", "two"], exit_codes.USAGE, "f is a number, not 'two'"),
        (["file", "admit-member", "No Name"], exit_codes.FAILURE, "act.admit-member.node"),
        (["approve", "4"], exit_codes.FAILURE, "there is no open act '4'"),
        (["withdraw"], exit_codes.FAILURE, "no act of this node is under way"),
    ],
)
def test_acts_that_cannot_be(cli: Cli, words: list[str], code: int, error: str) -> None:
    refused = cli("acts", *words)
    assert (refused.returncode, refused.stdout) == (code, "")
    assert error in refused.stderr


@pytest.mark.parametrize("verb", ["status", "weights", "evidence", "list"])
@pytest.mark.usefixtures("daemon")
def test_everything_fits_a_small_terminal(folder: Any, verb: str) -> None:
    words = ["acts", verb] if verb == "list" else ["abft", verb]
    words += ["--history", "3"] if verb == "weights" else []
    code, shown = Terminal(folder, words, COLUMNS="80", NO_COLOR="1").end()
    assert code == 0
    assert max(map(len, shown.replace("\r", "").splitlines())) <= 80


def test_watching_asks_again_after_each_change(daemon: Served, facade: MemoryFacade, folder: Any) -> None:
    terminal = Terminal(folder, ["abft", "status", "--watch", "--json"])
    terminal.read_until('"epoch": 42')
    facade.deciding = 43
    daemon.call(lambda: facade.queue.put_nowait(Event("node", "", {"epoch": 42})))
    terminal.read_until('"epoch": 43')
    terminal.interrupt()
    assert terminal.end()[0] == 0


def test_the_status_and_the_live_view_have_one_line_on_the_agreement() -> None:
    alone = Status.model_validate(STATUS).model_dump()
    status = alone | {"agreement": agreement.SUMMARY}
    words = "network metro, 4 members, f = 1, epoch 42 round 1, last decision 3.2 s ago, peers 2 its, 1 none"
    assert f"{words}; policy-skew" in status_text(status, WIDE)
    assert f"policy-skew  {words}" in screen(status, {})
    assert "network" not in status_text(alone, WIDE)
    narrow = screen(status, {}, width=80).splitlines()
    assert narrow[1].startswith("policy-skew  network metro")
    assert max(map(len, narrow)) <= 80
