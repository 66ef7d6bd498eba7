"""The claim of linear load, judged by the benchmark of the agreement: stories exchange no messages."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from qkdctl_policies.experiments.verdicts import Claim, Finding, at_most

Json = Mapping[str, Any]

MOST_EXPONENT: Final = 1.2
"""Of processor time per node against the number of nodes, from 10 nodes on: 1 is linear, and a little for noise."""
_LAYERS: Final = {"core/qkdctl": "the agreement alone", "hub/qkdctl": "whole nodes over memory"}
_CLAIM: Final = "The load grows linearly with the number of nodes"
_DEFINITION: Final = (
    "processor time per node and epoch as a power of the number of nodes from 10 on; holds at an exponent of "
    f"{MOST_EXPONENT:g} or less; that of all nodes together is one higher"
)


class CostError(Exception):
    """A file that is no result of the benchmark of the agreement."""


def read_cost(path: Path) -> Json:
    """What `make bench` wrote about the agreement, `docs/results/bench-agreement.json`.

    Raises:
        CostError: it is something else.
        OSError: it cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        _findings(found)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CostError(f"{path}: expected what the benchmark of the agreement writes, bench-agreement.json") from None
    return dict(found)


def linear_load(cost: Json | None) -> Claim:
    """The claim; not measured without a result of the benchmark."""
    findings = () if cost is None else _findings(cost)
    why = "" if findings else "rows hold no messages; give the result of the benchmark with --cost"
    return Claim(_CLAIM, _DEFINITION, at_most(MOST_EXPONENT), findings, why)


def _findings(cost: Json) -> tuple[Finding, ...]:
    most = max(cost["plan"]["core_nodes"])
    found = []
    for layer, name in _LAYERS.items():
        exponent = cost["exponents"][layer]
        if exponent is not None:
            value = float(exponent)
            found.append(Finding(f"{name}, to {most} nodes", value, value, value, value <= MOST_EXPONENT, "exponent"))
    return tuple(found)
