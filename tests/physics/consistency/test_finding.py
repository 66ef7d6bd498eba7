import math

import numpy as np
import pytest

from qkdctl.physics.consistency.finding import make_check, sigmas


def test_a_finding_says_which_test_failed_and_how_badly():
    check = make_check(
        "t", [1.0, 5.0], 3.0, [0.5, 2.866515719e-7], [False, True], "{statistic} > {bound}: {sigmas:.0f}"
    )
    assert check.finding(0) is None
    found = check.finding(1)
    assert (found.test, found.statistic, found.bound, found.sentence) == ("t", 5.0, 3.0, "5.0 > 3.0: 5")
    assert found.sigmas == pytest.approx(5, abs=1e-6)


def test_the_impossible_is_infinitely_many_sigmas():
    assert sigmas(0.0) == math.inf
    assert sigmas([0.5, 0.9]).tolist() == [0, 0]


def test_one_link_needs_no_index():
    assert make_check("t", 1.0, 2.0, 1.0, failed=False, reason="").finding() is None
    assert make_check("t", 3.0, 2.0, 0.0, failed=True, reason="x").finding().sentence == "x"


def test_links_may_have_any_shape():
    check = make_check("t", np.zeros((2, 3)), 1.0, 0.0, np.eye(2, 3), "x")
    assert check.finding((1, 1)) is not None
    assert check.finding((1, 2)) is None
