"""Every alarm that the source can raise has a hint, and every hint belongs to an alarm."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from qkdctl.clock import VirtualClock
from qkdctl.control.alarm_hints import HINTS
from qkdctl.control.alarms import Alarms

PACKAGE = Path(__file__).parents[2] / "qkdctl"
RAISING = {"raise_", "Alarm", "Halt", "_remark", "_halt"}
"""What takes a code first: of alarms, of effects that become alarms, and of helpers that pass it on."""
LISTED_BY_NUMBER = PACKAGE / "control" / "alarms.py"


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def own_texts(path: Path) -> dict[str, str]:
    """Names of a module that stand for a text."""
    return {
        target.id: node.value.value
        for node in (tree_of(path).body if path.exists() else ())
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def texts_of(path: Path) -> dict[str, str]:
    """Names that stand for a text in a module: its own and imported ones."""
    found = dict(own_texts(path))
    for node in tree_of(path).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            there = own_texts(PACKAGE.parent / f"{node.module.replace('.', '/')}.py")
            found |= {name.asname or name.name: there[name.name] for name in node.names if name.name in there}
    return found


@cache
def raised() -> tuple[tuple[str, str], ...]:
    return tuple(_raised())


def _raised() -> Iterator[tuple[str, str]]:
    """Place and code of each call; a code that is passed on comes from another call."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path == LISTED_BY_NUMBER or not any(f"{name}(" in path.read_text(encoding="utf-8") for name in RAISING):
            continue
        texts = texts_of(path)
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name not in RAISING:
                continue
            for code in codes(node.args[0], texts, path):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", code


def codes(given: ast.expr, texts: dict[str, str], path: Path) -> list[str]:
    match given:
        case ast.Constant(value=str() as code):
            return [code]
        case ast.Name(id="code") | ast.Attribute(attr="code"):
            looped = re.findall(r"for code in \(([A-Z_, ]+)\)", path.read_text(encoding="utf-8"))
            return [texts[name] for names in looped for name in names.split(", ")]
        case ast.Name(id=name) if name in texts:
            return [texts[name]]
        case ast.Name(id="why" | "halt"):
            return []
    pytest.fail(f"{path}: the code of an alarm is not a text that can be found: {ast.unparse(given)}")


def test_every_alarm_has_a_hint() -> None:
    assert {place: code for place, code in raised() if code not in HINTS} == {}


def test_every_hint_belongs_to_an_alarm() -> None:
    assert set(HINTS) - {code for _, code in raised()} == set()


def test_the_search_finds_alarms_of_all_kinds() -> None:
    assert {"not-calibrated", "wrong-tags", "conflicting-history", "fork", "router-corrupt", "isolated"} <= {
        code for _, code in raised()
    }


@pytest.mark.parametrize("code", HINTS)
def test_a_hint_is_one_short_sentence(code: str) -> None:
    assert 20 <= len(HINTS[code]) <= 120
    assert not HINTS[code].endswith(".")
    assert HINTS[code].count("'") % 2 == HINTS[code].count("node's") % 2


def test_an_alarm_has_its_hint() -> None:
    alarms = Alarms(VirtualClock())
    alarms.raise_("not-calibrated", "a-b", "text")
    assert [alarm.hint for alarm in alarms.listed()] == ["run 'qkdctl calibrate LINK'; the link is dark meanwhile"]
