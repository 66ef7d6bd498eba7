"""Scenarios of instruments by name."""

from pathlib import Path

from hil_sim.ordering import fail

_USAGE = 2
_FOLDER = Path(__file__).parent / "scenarios"


def shipped_names() -> list[str]:
    """Scenarios that ship."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def scenario_path(scenario: str) -> Path:
    """The file itself, or the shipped scenario of that name; the verb ends when there is neither."""
    if Path(scenario).exists():
        return Path(scenario)
    if scenario not in shipped_names():
        hint = f"name a file, or one of the shipped scenarios: {', '.join(shipped_names())}"
        fail(f"there is no scenario {scenario!r}", hint, _USAGE)
    return _FOLDER / f"{scenario}.toml"
