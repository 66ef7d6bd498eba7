"""What nodes think of a node, and why."""

from typing import Annotated, Literal

from pydantic import Field

from qkdctl.records.base import Count, Name, NameOrNone, Ppm, Record
from qkdctl.records.series import Epochs

Permille = Annotated[int, Field(ge=0, le=1000)]
Cause = Literal[
    "accused", "disputed-edges", "impossible-claim", "late-report", "relay-corruption", "set-point", "suspicion"
]


class NodeStanding(Record):
    """Score, trust and data weight of one node.

    Attributes:
        score_ppm: earned by conduct alone; gives the vote weight.
        trust_ppm: the same, lowered by suspicion too.
        score_quiet, trust_quiet: epochs in a row without error that an excluded node still needs before it may rise
            above 500 000; 0 when it is not excluded.
        fidelity_permille: lower median of how well the links at the node keep to their promised error rate.
        data_weight_e6: weight in medians, 1e-6; trust times fidelity, cut so that the f heaviest hold less than half.
    """

    node: Name
    score_ppm: Ppm
    trust_ppm: Ppm
    score_quiet: Epochs
    trust_quiet: Epochs
    fidelity_permille: Permille
    data_weight_e6: Ppm


class Verdict(Record):
    """One reason why a node lost score or trust in an epoch.

    Attributes:
        error_permille: e; 1000 is the largest.
        cause: `suspicion` lowers trust only, every other cause score and trust.
        subject: link that it is about, or the counterpart; empty when it is about none.
        number: what was counted: disputed edges, weight of the accusers, photons measured in 1e-6 per pulse.
    """

    node: Name
    error_permille: Permille
    cause: Cause
    subject: NameOrNone
    number: Count
