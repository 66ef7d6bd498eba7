"""Some cells of a suite, by the names that reports give to settings."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from hil_sim.scenario_problems import did_you_mean
from qkdctl_policies.experiments.attacks import NO_ATTACK
from qkdctl_policies.experiments.cell import Cell
from qkdctl_policies.experiments.claims import setting_name
from qkdctl_policies.experiments.score import Setting
from qkdctl_policies.experiments.suite import SuiteError


def chosen(cells: Iterable[Cell], names: Sequence[str], seeds: int | None) -> list[Cell]:
    """Cells of these settings, with what they are held against: the same without attack, and the bound.

    Args:
        cells: of a suite, seed by seed.
        names: of settings, as in reports; none for all.
        seeds: how many, from the first; None for all.

    Raises:
        SuiteError: for a name that no setting of the suite has.
    """
    every = list(cells)
    first = sorted({cell.seed for cell in every})[:seeds]
    every = [cell for cell in every if cell.seed in first]
    if not names:
        return every
    every_setting = map(_setting, every)
    settings = {setting_name(one): one for one in every_setting if one.attack != NO_ATTACK or not one.byzantine}
    for name in names:
        if name not in settings:
            raise SuiteError(f"the suite has no setting '{name}'; {did_you_mean(name, settings)}")
    wanted = {against for name in names for against in _with_peace(settings[name])}
    return [cell for cell in every if _setting(cell) in wanted]


def _setting(cell: Cell) -> Setting:
    return Setting(cell.network, cell.load, cell.byzantine, cell.attack)


def _with_peace(setting: Setting) -> Iterable[Setting]:
    return (setting, replace(setting, attack=NO_ATTACK), replace(setting, attack=NO_ATTACK, byzantine=0.0))
