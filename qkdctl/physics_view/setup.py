"""The hardware that is calculated with, and what it is called."""

from dataclasses import asdict, dataclass
from typing import Any

from qkdctl.physics.hardware import Hardware

FARTHEST_DB = 400.0
"""Beyond it no loss is looked at."""

_TITLED_WHEN_CHANGED = ("sift", "interference_error", "phase_reference_duty")


@dataclass(frozen=True, slots=True)
class Setup:
    """The hardware that is calculated with.

    Attributes:
        preset: name of the set of figures it began with.
        hardware: the figures in force.
        changed: names of those that are not the preset's.
    """

    preset: str
    hardware: Hardware
    changed: tuple[str, ...]

    def title(self) -> str:
        """Name of the set and its main figures, with what was changed."""
        it = self.hardware
        main = {"efficiency": it.efficiency, "dark": it.dark_probability, "misalignment": it.misalignment,
                "f": it.correction}  # fmt: skip
        others = [name for name in _TITLED_WHEN_CHANGED if name in self.changed]
        main |= {name.replace("_", " "): getattr(it, name) for name in others}
        figures = ", ".join(f"{name} {value:g}" for name, value in main.items())
        return f"{self.preset}{' changed' if self.changed else ''} ({figures})"

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"preset": self.preset, "changed": list(self.changed), **asdict(self.hardware)}
