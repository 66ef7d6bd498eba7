"""A monkey in the laboratory finds no way to too much light, nor to a link that does not come back."""

import pytest

from qkdctl.records.session import End
from tests.control.monkey import visit
from tests.control.virtual import run


@pytest.mark.parametrize("ends", [("alice", "bob"), ("alice",)])
@pytest.mark.parametrize("wedge", [False, True])
def test_whatever_a_monkey_does_light_keeps_below_the_cap_and_comes_back(wedge: bool, ends: tuple[End, ...]) -> None:
    run(visit(1, wedge=wedge, ends=ends))
