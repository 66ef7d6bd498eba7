"""Everything one run found."""

from dataclasses import asdict, dataclass
from typing import Any

from tests.bench.figures import Spread
from tests.bench.policies.inference import BARE, CHECKED, Window
from tests.bench.policies.learning import Lesson
from tests.bench.policies.plan import Plan

_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Results:
    """One run.

    Attributes:
        policy: file that was asked.
        windows: of all rounds.
        swaps_ms: each swap.
        lessons: of all learners; absent: learners that could not take part, and why.
    """

    mode: str
    plan: Plan
    policy: str
    machine: dict[str, Any]
    load: dict[str, list[float]]
    date: str
    revision: str
    duration_s: float
    windows: list[Window]
    swaps_ms: list[float]
    lessons: list[Lesson]
    absent: dict[str, str]

    def spread(self, contender: str, links: int, figure: str) -> Spread:
        """A figure of the windows over the rounds."""
        return Spread.of(getattr(window, figure) for window in self._of(contender, links))

    def overhead(self, links: int) -> Spread:
        """Median time of a checked call over that of a bare one in the same round."""
        bare = {window.round: window.p50_us for window in self._of(BARE, links)}
        return Spread.of(window.p50_us / bare[window.round] for window in self._of(CHECKED, links))

    def learning(self, title: str) -> Spread | None:
        """Link epochs per second of processor time; None for a learner that did not take part."""
        rates = [lesson.link_epochs_per_s for lesson in self.lessons if lesson.title == title]
        return Spread.of(rates) if rates else None

    def seconds(self, title: str, episodes: int) -> Spread | None:
        """Processor time for so many episodes at that rate; None for a learner that did not take part."""
        share = episodes / self.plan.order.networks
        took = [share * lesson.sample.cpu_s for lesson in self.lessons if lesson.title == title]
        return Spread.of(took) if took else None

    def to_plain(self) -> dict[str, Any]:
        """The whole run as JSON takes it."""
        plain = asdict(self)
        return {"schema_version": _SCHEMA_VERSION, **plain}

    def _of(self, contender: str, links: int) -> list[Window]:
        return [window for window in self.windows if (window.contender, window.links) == (contender, links)]
