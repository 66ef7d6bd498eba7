"""What is counted of a story."""

import pytest
from qkdctl_policies.experiments.tally import restoration_epochs


@pytest.mark.parametrize(
    ("good", "epochs"),
    [
        ("+++++", 0),
        ("--+++++-", 2),
        ("++++-+++++", 5),
        ("----------", None),
        ("-++++", None),
        ("", None),
    ],
)
def test_restored_is_what_stays_good_for_five_epochs(good: str, epochs: int | None) -> None:
    assert restoration_epochs([sign == "+" for sign in good]) == epochs
