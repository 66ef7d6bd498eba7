"""What was done to links, as their agreed rows show it, with the error rates before and after."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

Json = dict[str, Any]
What = Literal["re-aligned", "brighter", "dimmer"]


@dataclass(frozen=True, slots=True)
class Move:
    """One change of a link.

    Attributes:
        epoch: whose row shows it.
        from_e6, to_e6: mean photon number before and after, 1e-6 photons per signal pulse.
        before_ppm, after_ppm: error rate of the worse basis, last known before and first known after; None while it is
            not known.
    """

    epoch: int
    link: str
    what: What
    from_e6: int
    to_e6: int
    before_ppm: int | None
    after_ppm: int | None

    def text(self) -> str:
        """In one line, without the epoch."""
        seen = "" if self.before_ppm is None else f" at QBER {_percent(self.before_ppm)}"
        if self.what != "re-aligned":
            return f"{self.link} {self.what}, {self.from_e6 / 1e6:.3f} > {self.to_e6 / 1e6:.3f} photons{seen}"
        return f"{self.link} re-aligned{seen}" + ("" if self.after_ppm is None else f", now {_percent(self.after_ppm)}")


def moves_of(link: str, rows: Sequence[tuple[int, Json]]) -> list[Move]:
    """Moves of a link, oldest first.

    Args:
        link: its name.
        rows: agreed rows with their epochs, oldest first.
    """
    moves = []
    known: int | None = None
    for place, ((_, before), (epoch, row)) in enumerate(pairwise(rows)):
        worst = _worst_ppm(before)
        known = known if worst is None else worst
        for what in _changes(before, row):
            after = next((ppm for _, later in rows[place + 2 :] if (ppm := _worst_ppm(later)) is not None), None)
            powers = before["mean_photon_number_e6"], row["mean_photon_number_e6"]
            moves.append(Move(epoch, link, what, *powers, known, after))
    return moves


def _changes(before: Json, row: Json) -> Iterator[What]:
    if row["realigns"]:
        yield "re-aligned"
    if row["mean_photon_number_e6"] != before["mean_photon_number_e6"]:
        yield "brighter" if row["mean_photon_number_e6"] > before["mean_photon_number_e6"] else "dimmer"


def _worst_ppm(row: Json) -> int | None:
    if not (row["valid"] and row["sifted_bits"] and row["test_bits"]):
        return None
    return max(int(row["qber_z_ppm"]), int(row["qber_x_ppm"]))


def _percent(ppm: int) -> str:
    return f"{ppm / 1e4:.2f} %"
