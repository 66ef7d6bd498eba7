"""Every command line that the README, the guides and the help show is one that the parser takes."""

import re
from pathlib import Path

import pytest
import typer.main

from qkdctl.cli.app import app
from tests.cli.command_lines import complaint, in_blocks, in_prose, in_shell

ROOT = Path(__file__).parents[2]
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(scope="module")
def root() -> typer.main.TyperGroup:
    command = typer.main.get_command(app)
    assert isinstance(command, typer.main.TyperGroup)
    return command


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_commands_in_the_documents_parse(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    wrong = {" ".join(words): found for words in in_blocks(text) if (found := _wrong(words))}
    # Sentences name verbs without all that these need.
    wrong |= {
        " ".join(words): found
        for words in in_prose(text)
        if "VERB" not in words and (found := _wrong(words)) and "Missing argument" not in found
    }
    assert wrong == {}


def _wrong(words: list[str]) -> str:
    if words[0] == "qkdctl":
        return complaint(words[1:])
    unknown = [word for word in words[1:] if "=" not in word and word not in TARGETS]
    return f"no such target: {unknown}" if unknown else ""


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_between_the_documents_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


def test_the_documents_show_commands_at_all() -> None:
    shown = [words for path in TEXTS for find in (in_blocks, in_prose) for words in find(path.read_text("utf-8"))]
    assert len([words for words in shown if words[0] == "qkdctl"]) >= 30
    assert ["make", "demo"] in shown


def _leaves(command: typer.main.TyperGroup | typer.main.TyperCommand, words: tuple[str, ...] = ()) -> list[tuple]:
    if not isinstance(command, typer.main.TyperGroup):
        return [(words, command)]
    context = command.make_context("qkdctl", ["--help"], resilient_parsing=True)
    children = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [leaf for name, child in children for leaf in _leaves(child, (*words, name))]


def test_examples_in_the_help_parse(root: typer.main.TyperGroup) -> None:
    leaves = _leaves(root)
    assert len(leaves) >= 25
    for words, command in leaves:
        lines = (command.help or "").splitlines()
        examples = [example for line in lines for example in in_shell(line.strip())]
        assert examples, f"qkdctl {' '.join(words)} has no example"
        for example in examples:
            assert complaint(example[1:]) == "", example


def test_the_table_of_verbs_names_verbs_and_options_that_exist(root: typer.main.TyperGroup) -> None:
    text = (ROOT / "docs" / "guides" / "cli.md").read_text(encoding="utf-8")
    leaves = {words: {o for p in command.params for o in p.opts} for words, command in _leaves(root)}
    rows = re.findall(r"^\| `([a-z-]+)([^`]*)` \|", text, re.MULTILINE)
    assert {verb for verb, _ in rows} == {words[0] for words in leaves} - {"sim", "demo", "experiment"}
    for verb, rest in rows:
        names = re.findall(r"(?<![-a-z])[a-z]+(?:-[a-z]+)*", re.sub(r"\[.*?\]", "", rest))
        places = [(verb, name) for name in names if (verb, name) in leaves] or [(verb,)]
        assert len(places) == max(1, len(names)) or verb == "completion", (verb, rest)
        for option in re.findall(r"--[a-z-]+", rest):
            assert all(option in leaves[place] for place in places), (verb, option)


@pytest.mark.parametrize(
    "words",
    [["statsu"], ["status", "--jsn"], ["links", "hodl", "x"], ["links", "hold"], ["run", "extra"]],
    ids=" ".join,
)
def test_this_test_can_fail(words: list[str]) -> None:
    assert complaint(words) != ""


def test_what_the_shell_takes_is_left_out() -> None:
    line = "X=1 sudo /opt/q/bin/qkdctl status --json | jq '.a' > x & make test ARGS='-k x' # qkdctl nothing"
    assert list(in_shell(line)) == [["qkdctl", "status", "--json"], ["make", "test", "ARGS=-k x"]]
