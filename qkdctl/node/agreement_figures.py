"""What a node counts of its decisions, for metrics and for people."""

from collections import Counter, deque
from dataclasses import dataclass, field

from qkdctl.control.epoch import EpochOutcome

_ROUNDS_KEPT = 1000


@dataclass(slots=True)
class AgreementFigures:
    """Counts since the start of the process.

    Attributes:
        decisions: epochs that were decided.
        fallbacks: of these, where the policy failed or had been given up.
        late: member -> decisions in which its report did not count.
        verdicts: (node, cause) -> verdicts.
        rounds: (epoch, round) of recent decisions, oldest first; of one that was learnt from others, the round in which
            this node was.
    """

    decisions: int = 0
    fallbacks: int = 0
    late: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    rounds: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_ROUNDS_KEPT))

    def take(self, outcome: EpochOutcome, turn: int) -> None:
        """Count a decision that was reached in a round."""
        self.decisions += 1
        self.fallbacks += outcome.decision.failed or outcome.agreed.ejected
        self.late.update(outcome.state.absent)
        self.verdicts.update((verdict.node, verdict.cause) for verdict in outcome.state.verdicts)
        self.rounds.append((outcome.epoch, turn))
