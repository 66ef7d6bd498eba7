"""The guide for drivers names things that exist."""

import re
from pathlib import Path

import pytest

from qkdctl.devices import Attribute, LineDevice
from qkdctl.devices.conformance import check_driver
from qkdctl.devices.text import Line

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "drivers.md").read_text(encoding="utf-8")


def first_cells(section: str) -> list[str]:
    """The code words in the first column of a section's table."""
    text = GUIDE.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [word for row in rows for word in re.findall(r"`(\w+)`", row)]


@pytest.mark.parametrize("name", first_cells("Hooks"))
def test_hooks_exist(name: str) -> None:
    assert callable(getattr(LineDevice, name))


@pytest.mark.parametrize("name", first_cells("Attributes"))
def test_fields_exist(name: str) -> None:
    assert name in Attribute.__dataclass_fields__


def test_the_fields_of_a_line_are_those_of_the_guide() -> None:
    listed = re.search(r"`Line\(([\w, ]+)\)`", GUIDE)
    assert listed is not None
    assert listed[1].split(", ") == list(Line.__dataclass_fields__)


def test_the_conformance_suite_is_the_one_named() -> None:
    assert f"{check_driver.__name__}(MyDriver)" in GUIDE
