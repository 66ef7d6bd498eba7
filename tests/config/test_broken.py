"""Broken configurations: each gives the one right line, key and hint."""

from pathlib import Path

import pytest

from tests.config import broken_devices, broken_links, broken_sections
from tests.config.case import Case
from tests.config.files import VALID, errors_of, read, write

CASES = [*broken_sections.CASES, *broken_devices.CASES, *broken_links.CASES]
MARK = "#!"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_right_line_and_hint(case: Case, tmp_path: Path) -> None:
    text = VALID.replace(case.old, case.new, 1) if case.old else f"{VALID}\n{case.new}\n"
    assert text != VALID
    path = write(tmp_path, text)
    line = next(number for number, content in enumerate(text.splitlines(), 1) if content.endswith(MARK))
    problems = errors_of(path)
    assert [(p.origin.source, p.origin.line, p.key, p.hint) for p in problems] == [
        (str(path), line, case.key, case.hint)
    ]
    assert case.message in problems[0].message
    assert "hunter2" not in problems[0].render()


def test_the_text_they_start_from_is_valid(tmp_path: Path) -> None:
    config = read(write(tmp_path))
    assert config.provenance.warnings == ()
    assert len(CASES) >= 20
