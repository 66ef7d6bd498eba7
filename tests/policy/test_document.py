"""The guide in docs/ is the one the tables give."""

from pathlib import Path

from qkdctl.policy.document import policy_guide

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "policy-format.md"


def test_guide_is_up_to_date() -> None:
    assert GUIDE.read_text(encoding="utf-8") == policy_guide(), (
        "write it again: python -c 'from qkdctl.policy.document import policy_guide as g; print(g(), end=str())' > "
        + str(GUIDE)
    )
