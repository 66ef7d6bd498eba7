"""What a command line asks of a link, and the answer as a document."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from qkdctl.physics.finite.block_size import BlockSize
from qkdctl.physics.finite.security import Security
from qkdctl.physics_view.finite_points import FinitePoint, finite_points
from qkdctl.physics_view.points import Bounds, Point, bounds_at, point_at
from qkdctl.physics_view.setup import Setup


@dataclass(frozen=True, slots=True)
class Block:
    """A finite block that is asked for.

    Attributes:
        number: of what fills it.
        unit: what fills it.
        secrecy: eps_sec.
        correctness: eps_cor.
    """

    number: float
    unit: Literal["pulses", "key_clicks"]
    secrecy: float
    correctness: float


@dataclass(frozen=True, slots=True)
class Question:
    """One link.

    Attributes:
        protocols: by name.
        setup: hardware.
        loss_db: of the fibre.
        attenuation_db_per_km: of the fibre, to say how long it is.
        clock_hz: slots per second.
        mean_photon_number: of the signal, None for the best.
        block: for the finite key of `bb84`, None without.
    """

    protocols: tuple[str, ...]
    setup: Setup
    loss_db: float
    attenuation_db_per_km: float
    clock_hz: float
    mean_photon_number: float | None
    block: Block | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found.

    Attributes:
        question: what was asked.
        bounds: of the fibre.
        points: one per protocol.
        finite: one per analysis of a finite block; empty when none was asked for.
    """

    question: Question
    bounds: Bounds
    points: tuple[Point, ...]
    finite: tuple[FinitePoint, ...]

    def to_plain(self) -> dict[str, Any]:
        """Members of the JSON document."""
        asked = self.question
        return {
            "loss_db": asked.loss_db,
            "distance_km": asked.loss_db / asked.attenuation_db_per_km,
            "attenuation_db_per_km": asked.attenuation_db_per_km,
            "clock_hz": asked.clock_hz,
            "hardware": asked.setup.to_plain(),
            "bounds": asdict(self.bounds),
            "protocols": [point.to_plain() for point in self.points],
            "finite_key": None
            if asked.block is None
            else {"block": asdict(asked.block), "analyses": [point.to_plain() for point in self.finite]},
        }


def answer(question: Question) -> Answer:
    """Calculate what was asked."""
    hardware, loss_db, clock_hz = question.setup.hardware, question.loss_db, question.clock_hz
    points = (point_at(name, hardware, loss_db, question.mean_photon_number, clock_hz) for name in question.protocols)
    finite: tuple[FinitePoint, ...] = ()
    if (block := question.block) is not None:
        size, security = BlockSize(block.number, block.unit), Security(block.secrecy, block.correctness)
        finite = finite_points(hardware, loss_db, size, security, clock_hz)
    return Answer(question=question, bounds=bounds_at(loss_db), points=tuple(points), finite=finite)
