"""Texts that are no TOML: the place, a hint, and everything else still read."""

from pathlib import Path

import pytest

from qkdctl.config.documents import parse_document
from tests.config.files import VALID, problems_of, write


@pytest.mark.parametrize(
    ("line", "column", "hint"),
    [
        ("level = warning", 9, 'text stands in quotes: level = "..."'),
        ("level: 'info'", 6, "TOML separates key and value by an equals sign: level = ..."),
        ("level", 6, "each line is key = value, a [section] or a # comment"),
        ("level =", 8, "a key needs a value: level = ..."),
        ('level = "info', 14, "a closing quote is missing"),
        ("level = 'info", 1, "a closing quote is missing"),
        ("level = \u201cinfo\u201d", 9, "use straight quotes, not typographic ones"),
        ('level = "a\\d"', 13, "a backslash in double quotes starts an escape; single quotes take it as it is"),
        ("level = True", 9, "TOML writes level = true"),
        ("level = 5 s", 11, "the unit stands in the name of the key: level = 5"),
        (
            "level = 0660",
            10,
            'numbers have no leading zero; if it is text, such as a file mode, quote it: level = "0660"',
        ),
        ("level = .5", 9, "a fraction has digits on both sides of the point: level = 0.5"),
        ("[devices.laser", 15, "a table header is [section] or [devices.name], alone on its line"),
    ],
)
def test_place_and_hint(line: str, column: int, hint: str) -> None:
    document = parse_document(Path("x.toml"), f"# first\n{line}\n")
    (problem,) = document.problems
    assert (problem.origin.line, problem.origin.column, problem.hint) == (2, column, hint)
    assert problem.message.startswith("not TOML: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("roles = [\n  1,\n  2\nlevel = 1\n", "not TOML: unclosed array in what begins here, noticed on line 4"),
        ('roles = """\nno end\n', "not TOML: unterminated string in what begins here, noticed on line 3"),
    ],
)
def test_what_does_not_end_is_reported_where_it_begins(text: str, message: str) -> None:
    (problem,) = parse_document(Path("x.toml"), text).problems
    assert (problem.origin.line, problem.message) == (1, message)


@pytest.mark.parametrize(
    ("text", "key", "first", "second"),
    [
        ("[a]\nx = 1\ny = 2\nx = 3\n", "a.x", 2, 4),
        ("[a]\nx = 1\n[b]\n[a]\ny = 2\n", "a", 1, 4),
        ("[a]\nx = 1\n[a.x]\ny = 2\n", "a.x", 2, 3),
        ("[a]\nb.c = 1\n[a.b]\nd = 2\n", "a.b", 2, 3),
        ("[a]\nx = 1\nx.y = 2\n", "a.x", 2, 3),
        ("[a]\nt = { x = 1,  x = 2 }\n", "a.t.x", 2, 2),
    ],
)
def test_a_duplicate_names_both_lines(text: str, key: str, first: int, second: int) -> None:
    (problem,) = parse_document(Path("x.toml"), text).problems
    assert (problem.key, problem.origin.line) == (key, second)
    assert problem.message == f"{key} is defined twice, on line {first} and on line {second}"


def test_an_inline_table_over_two_lines_is_one_statement() -> None:
    document = parse_document(Path("x.toml"), "a = { x = 1,\n  y = 2 }\nb = 3\n")
    assert document.table.get("b") == 3
    assert [problem.origin.line for problem in document.problems] in ([1], [])


def test_all_syntax_errors_of_a_file_and_all_other_errors_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "[node]\nname = bench\nepoch_ms = 5\n[api]\nsocket_mode 0660\n")
    write(tmp_path, "[loging]\n", "conf.d/10-more.toml")
    found = [(Path(p.origin.source).name, p.origin.line, p.key) for p in problems_of(path)]
    assert found == [
        ("qkdctl.toml", 2, ""),
        ("qkdctl.toml", 3, "node.epoch_ms"),
        ("qkdctl.toml", 5, ""),
        ("10-more.toml", 1, "loging"),
    ]


def test_a_broken_file_makes_nothing_look_missing(tmp_path: Path) -> None:
    devices, links = VALID.split("[links.alice-bob]")
    path = write(tmp_path, devices.replace("[devices.laser]", "[devices.laser"))
    write(tmp_path, f"[links.alice-bob]{links}", "conf.d/links.toml")
    (problem,) = problems_of(path)
    assert (problem.origin.line, problem.message[:8]) == (5, "not TOML")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "qkdctl.toml"
    path.write_bytes(b'[node]\nname = "b\xe4nch"\n')
    (problem,) = problems_of(path)
    assert (problem.origin.line, problem.origin.column, problem.hint) == (2, 10, "save the file as UTF-8")


def test_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path, f"\ufeff{VALID}")
    first = problems_of(path)[0]
    assert (first.origin.line, first.hint) == (
        1,
        "the file begins with a byte order mark; save it as UTF-8 without one",
    )


def test_no_file_at_all(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path / "absent.toml")
    assert problem.message == "cannot be read: No such file or directory"
    assert "qkdctl config create" in problem.hint


def test_windows_line_ends() -> None:
    document = parse_document(Path("x.toml"), "[a]\r\nb = 1\r\nc = nope\r\n")
    (problem,) = document.problems
    assert (problem.origin.line, document.table) == (3, {"a": {"b": 1}})
