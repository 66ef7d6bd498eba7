"""Every key of a TOML text is found on its line, well-formed or not."""

import tomllib
from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from qkdctl.config.documents import parse_document
from qkdctl.config.positions import Position
from qkdctl.config.toml_scanner import index_positions
from tests.config.toml_documents import Emitter, documents

SOUP = st.text("ab=.[]{},#'\"\\\n 1", max_size=60)


@given(documents())
def test_every_key_is_found_where_it_stands(generated: tuple[dict[str, Any], Emitter]) -> None:
    table, emitter = generated
    assert tomllib.loads(emitter.text) == table
    index = index_positions(emitter.text)
    assert index.positions == emitter.positions
    assert all(statement.is_complete for statement in index.statements)
    assert index.duplicates == ()


@given(documents(), st.sampled_from(["a b", "= 1", "key = ", "[open", 'text = "open', "]", "x = 1 2"]))
def test_a_malformed_line_hides_nothing_else(generated: tuple[dict[str, Any], Emitter], broken: str) -> None:
    table, emitter = generated
    document = parse_document(Path("x.toml"), f"{broken}\n{emitter.text}")
    if broken == "[open":
        # The keys that would have been in that table go with it.
        table = {key: value for key, value in table.items() if key in document.table}
    assert document.table == table
    assert [problem.origin.line for problem in document.problems] == [1]


@given(SOUP)
@example('a = """')
@example("a = [[[")
@example("[[a]]\n[a]\n")
def test_any_text_gives_values_or_problems_never_neither(text: str) -> None:
    document = parse_document(Path("x.toml"), text)
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assert document.problems
        lines = text.count("\n") + 1
        assert all(1 <= problem.origin.line <= lines for problem in document.problems)
    else:
        assert (document.table, document.problems) == (expected, ())


def test_dotted_quoted_inline_and_nested_keys() -> None:
    text = """\
a . "b.c" = 1
t = { x = 1, y.z = [ { k = 2 },
  { k = 3 } ] }
['quoted'.sub]
s = '''
s = 2
'''
[[many]]
n = 1
[many.inner]
m = 1
[[many]]
n = 2
"""
    positions = index_positions(text).positions
    assert positions["a", "b.c"] == Position(1, 5)
    assert positions["t", "y", "z", 0, "k"] == Position(2, 24)
    assert positions["t", "y", "z", 1, "k"] == Position(3, 5)
    assert positions["quoted", "sub", "s"].line == 5
    assert positions["many", 0, "inner", "m"].line == 11
    assert positions["many", 1, "n"].line == 13
    assert max(position.line for position in positions.values()) == 13


def test_a_path_that_is_not_there_is_found_at_its_nearest_parent() -> None:
    index = index_positions("[a]\nb = 1\n")
    assert index.find(("a", "c", "d")) == Position(1, 2)
    assert index.find(("x",)) is None
