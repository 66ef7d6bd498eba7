"""The guide to the policy format, written from the tables it describes."""

from collections.abc import Iterable
from textwrap import fill

from qkdctl.policy import format as fmt
from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.intensities import MEAN_PHOTON_NUMBERS_E6
from qkdctl.policy.schema import FEATURES, GRID, LARGEST, SCHEMA_VERSION, Feature

_INTRODUCTION = f"""# Policy files

A policy is one `.onnx` file. It maps the observation of every link to one value per action; mask, choice and shield
stand outside of it. This guide is generated from the tables in `qkdctl.policy`; `qkdctl.policy.builder.build` writes
such files, `qkdctl.policy.vetting.vet` checks them.

## Graph

| | |
|---|---|
| format, schema version | `{fmt.FORMAT}`, {SCHEMA_VERSION} |
| IR version, operator set | {fmt.IR_VERSION}, default domain {fmt.OPSET} |
| input | `{fmt.INPUT}`, double [{fmt.BATCH_AXIS}, {len(FEATURES)}], multiples of 1/{GRID} in -{LARGEST} to {LARGEST} |
| output | `{fmt.OUTPUT}`, double [{fmt.BATCH_AXIS}, {len(ACTIONS)}], multiples of 1/{GRID} |
| layers | {", ".join(fmt.LAYER_OPERATORS)}; Relu after all but the last |
| weights | doubles, multiples of 1/{GRID}, at most {fmt.MAX_WEIGHTS} |
| size | at most {fmt.MAX_BYTES} bytes |

A layer computes `round({GRID} (x W + b)) / {GRID}`, halves to even. Vetting proves from the weights that every partial
sum is a multiple of 2^-24 below 2^29, so doubles are exact and every CPU gives the same bits. Values beyond the proven
bound, values off the grid and values that are not finite make the epoch fall back to the rule-based baseline.

A file is accepted only when rebuilding it from its weights and claims gives the same model.

## Observation

One row per link. A value is clipped to its range and divided by 2^shift. `facts.` are fields of the link table, `view.`
are derived, all others are fields of the link's state.
"""

_ACTIONS = """## Actions

The legal action of the highest value is proposed, the lowest index among equals. A link that does not run or has no
valid row holds.
"""

_INTENSITIES = f"""## Mean photon numbers

In 1e-6 photons per pulse, equal ratios of 20^(1/47), rounded down:

{fill(", ".join(map(str, MEAN_PHOTON_NUMBERS_E6)), 120)}
"""

_METADATA = f"""## Metadata

These must equal the tables above:
{", ".join(f"`{key}`" for key in fmt.schema_metadata())}.
`value_bound` must equal the bound that the weights prove, in 1/{GRID}. Everything else is a claim that nobody checks,
at most {fmt.MAX_CLAIM} characters each:
"""


def policy_guide() -> str:
    """The whole guide as Markdown."""
    claims = ((f"`{key}`", meaning) for key, meaning in fmt.CLAIMS.items())
    actions = ((str(action.index), f"`{action.name}`", action.meaning) for action in ACTIONS)
    parts = (
        _INTRODUCTION,
        _table(("#", "name", "unit", "shift", "range", "formula"), map(_feature_row, range(len(FEATURES)), FEATURES)),
        _ACTIONS,
        _table(("#", "name", "meaning"), actions),
        _INTENSITIES,
        _METADATA,
        _table(("key", "meaning"), claims),
    )
    return "\n".join(parts)


def _feature_row(index: int, feature: Feature) -> tuple[str, ...]:
    limits = f"{feature.low} to {feature.high}"
    return str(index), f"`{feature.name}`", feature.unit, str(feature.shift), limits, feature.formula


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head)]
    lines.append(["---"] * len(lines[0]))
    lines.extend(list(row) for row in rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
