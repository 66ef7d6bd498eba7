"""Settings of a report can be run again by their names."""

import pytest
from qkdctl_policies.experiments.choice import chosen
from qkdctl_policies.experiments.suite import SuiteError, load_suite

CELLS = list(load_suite("paper").cells())


def test_a_setting_comes_with_what_it_is_held_against() -> None:
    found = chosen(CELLS, ["mesh-13, load 0.6, 20 % overt"], seeds=2)
    assert {(cell.network, cell.load, cell.seed) for cell in found} == {("mesh-13", 0.6, 1), ("mesh-13", 0.6, 2)}
    of_arms = {(cell.arm, cell.byzantine, cell.attack) for cell in found}
    assert {("both", 0.2, "overt"), ("both", 0.0, "none"), ("bound", 0.2, "none"), ("bound", 0.0, "none")} <= of_arms
    assert {(byzantine, attack) for _, byzantine, attack in of_arms} == {(0.2, "overt"), (0.0, "none"), (0.2, "none")}


def test_a_setting_without_attack_needs_nobody_byzantine() -> None:
    found = chosen(CELLS, ["mesh-10, load 0.3, no attack"], seeds=1)
    assert {(cell.byzantine, cell.attack) for cell in found} == {(0.0, "none")}


def test_several_settings_and_all_of_them() -> None:
    two = chosen(CELLS, ["mesh-13, load 0.6, 20 % overt", "mesh-10, load 0.3, 30 % corrupt-10"], seeds=None)
    assert {cell.network for cell in two} == {"mesh-13", "mesh-10"}
    assert two == [cell for cell in CELLS if cell in two], "in the order of the suite"
    assert chosen(CELLS, [], None) == CELLS


def test_a_setting_that_there_is_not_is_told_with_the_nearest() -> None:
    with pytest.raises(SuiteError, match=r"no setting 'mesh-13, load 0\.6, 20 % over'; did you mean 'mesh"):
        chosen(CELLS, ["mesh-13, load 0.6, 20 % over"], None)
