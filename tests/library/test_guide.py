"""The guide tells everything that can be wrong with a file, and nothing else."""

import re
from pathlib import Path

from qkdctl.library.lifecycle import STAGES
from qkdctl.policy.watch import CAUSES, RULES

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "policies.md").read_text(encoding="utf-8")
RAISED = re.compile(
    r'(?:PolicyRejected|PolicyFailure)\(\s*"([a-z-]+)"|return "([a-z-]+)", f?"|code, text = "([a-z-]+)"'
)
ELSEWHERE = {"manifest"}  # a manifest that cannot be read is no matter of the file


def section(title: str) -> str:
    return GUIDE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_code_of_a_rejection_is_in_the_table_of_checks() -> None:
    sources = [path for room in ("policy", "library") for path in (ROOT / "qkdctl" / room).glob("*.py")]
    raised = {
        next(filter(None, groups)) for path in sources for groups in RAISED.findall(path.read_text(encoding="utf-8"))
    }
    told = {code for row in section("What is checked").split("\n") for code in re.findall(r"`([a-z-]+)`", row[-200:])}
    assert len(raised) > 25
    assert raised - ELSEWHERE <= told
    assert told - raised == set()


def test_every_stage_and_every_cause_is_told() -> None:
    assert all(stage in section("Stages") for stage in STAGES)
    assert set(re.findall(r"^\| `([a-z-]+)`", section("Falling back"), re.MULTILINE)) == set(CAUSES)
    assert f"{RULES.probation_epochs} epochs" in section("Falling back")
    assert f"from {RULES.least_link_epochs} link epochs" in section("Falling back")
