"""One guard of the agreement taken away, and what notices."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of one place in `qkdctl/abft`.

    Attributes:
        guard: what is taken away or changed.
        file: in `qkdctl/abft`.
        before, after: text that occurs once in it, and what replaces it.
        noticed_by: a test as pytest names it below `tests/abft`, or "seed N f S", a seed of the simulation.
    """

    guard: str
    file: str
    before: str
    after: str
    noticed_by: str

    @property
    def name(self) -> str:
        """File and guard."""
        return f"{self.file}: {self.guard}"
