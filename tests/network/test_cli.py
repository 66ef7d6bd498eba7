"""qkdctl network: exit codes, JSON, and nothing touched but files."""

import json
import socket
from pathlib import Path

import pytest

from qkdctl.cli.main import main
from qkdctl.exit_codes import CONFIG, FAILURE, OK, USAGE
from tests.network.texts import RING_TEXT

WORDS = ["--name", "metro", "--nodes", "north,east,south,west", "--days", "0.001"]
LINKS = ["--link", "north:east", "--link", "east:south", "--link", "south:west", "--link", "west:north"]


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """No verb here may open a connection or look up a name."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def description(tmp_path: Path) -> str:
    path = tmp_path / "network.toml"
    path.write_text(RING_TEXT)
    return str(path)


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found = json.loads(capsys.readouterr().out)
    assert found.pop("schema_version") == 1
    assert isinstance(found, dict)
    return found


def test_a_network_is_made_from_a_few_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = str(tmp_path / "metro")
    assert main(["network", "init", "--into", target, *WORDS, *LINKS]) == OK
    output = capsys.readouterr()
    assert output.out.startswith(f"{target}: network metro, folders for east, north, south, west\n1. In {target}/NODE")
    assert "slack N - (3f + 1) is 0" in output.err
    assert main(["network", "show", f"{target}/west", "--json"]) == OK
    (network,) = document(capsys).values()
    assert isinstance(network, dict)
    assert (network["faults"], network["slack"], network["connectivity"]) == (1, 0, 2)
    assert [member["weight"] for member in network["members"]] == [1000] * 4
    assert [link["link"] for link in network["links"]] == ["east-south", "north-east", "south-west", "west-north"]


def test_a_network_is_made_from_a_description(
    description: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "metro")
    arguments = ["network", "init", description, "--into", target, "--key-manager", "https://{node}.example", "--json"]
    assert main(arguments) == OK
    made = document(capsys)
    assert made["folders"] == [
        {"node": node, "path": f"{target}/{node}"} for node in ("east", "north", "south", "west")
    ]
    assert 'url = "https://west.example"' in Path(target, "west/qkdctl.toml").read_text()
    assert main(["network", "show", description, "--json"]) == OK
    (network,) = document(capsys).values()
    assert isinstance(network, dict)
    assert network["digest"] == made["digest"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], USAGE, "name a description, or give --name and --nodes"),
        (["--name", "metro"], USAGE, "name a description"),
        ([*WORDS, "--link", "north-east"], USAGE, "--link north-east has no two ends"),
        ([*WORDS, "--key-manager", "http://kme"], USAGE, "keys never travel over plain HTTP"),
        ([*WORDS, "--faults", "2"], CONFIG, "4 members cannot bear f = 2"),
        ([*WORDS, "--link", "north:rome"], CONFIG, "there is no member rome"),
        (["nowhere.toml"], CONFIG, "make one with: qkdctl network init"),
        (["nowhere.toml", "--faults", "1"], USAGE, "name a description"),
    ],
)
def test_what_cannot_be_made_is_refused_before_anything_is(
    arguments: list[str], code: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["network", "init", "--into", str(tmp_path / "metro"), *arguments]) == code
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_second_init_changes_nothing(description: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["network", "init", description, "--into", str(tmp_path / "metro"), "--days", "0.001"]
    assert main(arguments) == OK
    before = (tmp_path / "metro/east/keys/west.pair").read_bytes()
    assert main(arguments) == FAILURE
    assert "nothing is overwritten" in capsys.readouterr().err
    assert (tmp_path / "metro/east/keys/west.pair").read_bytes() == before


def test_check_says_what_a_description_amounts_to(description: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["network", "check", description]) == OK
    assert capsys.readouterr().out == (
        f"{description}: valid; network metro, 4 members, f = 1, slack 0, connectivity 2; no errors, 1 warning\n"
    )


def test_check_finds_all_that_the_folders_lack(
    description: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = str(tmp_path / "metro")
    main(["network", "init", description, "--into", target, "--days", "0.001", "--json"])
    capsys.readouterr()
    assert main(["network", "check", target, "--json"]) == CONFIG
    found = document(capsys)
    assert found["ok"] is False
    problems = found["problems"]
    assert isinstance(problems, list)
    brokers = [problem["source"] for problem in problems if problem["key"] == "network.transport"]
    assert brokers == [f"{target}/{node}/qkdctl.toml" for node in ("east", "north", "south", "west")]
    assert isinstance(found["network"], dict), "the description itself is valid and shown all the same"


def test_check_tells_of_key_files_how_far_they_reach_and_whether_both_ends_are_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "metro"
    main(["network", "init", "--into", str(target), "--name", "metro", "--nodes", "a,b", "--days", "0.05"])
    for node in "ab":
        file = target / node / "qkdctl.toml"
        file.write_text(file.read_text().replace("[network]", '[network]\ntransport = "in-process"'))
    capsys.readouterr()
    assert main(["network", "check", str(target / "a"), str(target / "b")]) == OK
    line, _, verdict = capsys.readouterr().out.splitlines()[-3:]
    assert line == (
        "2 key files of 1 pair; 1 of 1 hold the same at both ends; "
        "that of a for b ends first, after 1 h 44 min of decisions"
    )
    assert verdict.startswith(f"{target}/a, {target}/b: valid; network metro, 2 members")
    assert main(["network", "check", str(target / "a"), "--json"]) == OK
    keys = document(capsys)["keys"]
    assert isinstance(keys, list)
    assert [(file["node"], file["peer"], file["same"]) for file in keys] == [("a", "b", None)]
    assert keys[0]["blocks"] == keys[0]["blocks_left"]


def test_a_broken_description_is_not_shown(description: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(description).write_text(RING_TEXT.replace("faults = 1", "faults = 2"))
    assert main(["network", "check", description]) == CONFIG
    assert capsys.readouterr().out == f"{description}: 1 error, no warnings\n"
    assert main(["network", "show", description]) == CONFIG
    assert "has no valid description" in capsys.readouterr().err


def test_show_is_for_people(description: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["network", "show", description]) == OK
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "f 1 of 4, slack 0" in lines
    assert "kappa 2, below the 3 for which relayed key is safe" in lines
    assert "acts 2 of 4 must approve, within 720 epochs" in lines
    assert "north 1000 north North n-e, w-n" in lines
    assert "n-e north east 1e+09 Hz - 0.249" in lines
    assert "n-s 1024 bit 2 of 2 2 north - east - south; north - west - south" in lines


def test_what_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["network", "check", str(tmp_path / "nowhere")]) == USAGE
    assert main(["network", "show", str(tmp_path)]) == CONFIG
    error = capsys.readouterr().err
    assert "nowhere does not exist" in error
    assert f"{tmp_path} has no valid description of a network" in error
