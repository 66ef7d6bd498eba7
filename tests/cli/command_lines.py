"""Command lines in texts: where they stand, and whether the parser takes them."""

import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout

import pytest
import typer.core

from qkdctl.cli import daemon
from qkdctl.cli import main as entry

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_SHELLS = {"", "sh", "bash", "console"}
_BEFORE = {"sudo"}
_ENDS = {"|", "||", "&", "&&", ";", ">", ">>", "<", "2>"}


def in_blocks(text: str) -> Iterator[list[str]]:
    """Words of every qkdctl and make command in the shell blocks of a Markdown text."""
    for language, block in _FENCE.findall(text):
        if language in _SHELLS:
            for line in block.splitlines():
                yield from in_shell(line)


def in_prose(text: str) -> Iterator[list[str]]:
    """Words of every qkdctl and make command in code within the sentences of a Markdown text."""
    for span in _SPAN.findall(_FENCE.sub("", text)):
        if span.startswith(("qkdctl ", "make ", "sudo qkdctl ")):
            yield from in_shell(span)


def in_shell(line: str) -> Iterator[list[str]]:
    """Words of the qkdctl and make commands of one line, without what the shell takes for itself."""
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        return  # a quotation over several lines is another program's input
    command: list[str] = []
    for word in [*words, ";"]:
        if word not in _ENDS:
            command.append(word)
            continue
        while command and (command[0] in _BEFORE or "=" in command[0].split("/")[0]):
            command.pop(0)
        if command and command[0].rpartition("/")[2] in {"qkdctl", "make"}:
            yield [command[0].rpartition("/")[2], *command[1:]]
        command = []


def complaint(words: list[str]) -> str:
    """What the parser has against the words after `qkdctl`; "" when it takes them. Nothing is carried out."""
    shown = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(shown), redirect_stderr(shown):
        patch.setattr(typer.core.TyperCommand, "invoke", lambda _, ctx: None)
        patch.setattr(daemon, "daemon_socket", lambda *_: None)
        code = entry._run(words)
    text = shown.getvalue().strip()
    is_overview = text.startswith("Usage:") and "\nError:" not in text
    is_placeholder = "does not exist" in text
    return "" if code == 0 or is_overview or is_placeholder else text.splitlines()[-1]
