"""What a stored row has to tell before anything is made of it."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hil_sim.scenario_problems import did_you_mean
from qkdctl_policies.experiments.arms import ARMS, BOUND
from qkdctl_policies.experiments.attacks import ATTACKS

_Count = Annotated[int, Field(ge=0)]
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Size = Annotated[int, Field(ge=1)]
_STRICT: Final = ConfigDict(strict=True)
_ROUNDING: Final = 1 + 1e-6
"""Of keys of the bound, which come out of a linear program."""


class _Demand(BaseModel):
    model_config = _STRICT
    source: str
    target: str
    honest: bool
    asked: _Count
    delivered: _Number
    secure: _Number


class _ServedDemand(_Demand):
    served_slots: _Count
    secure_slots: _Count


class _Basis(BaseModel):
    model_config = _STRICT
    errors: _Count
    clicks: _Count


class _Row(BaseModel):
    model_config = _STRICT
    configuration: str
    seed: _Count
    network: str
    load: _Number
    load_bps: _Number | None = None
    byzantine: _Number
    attack: str
    arm: str
    nodes: _Size
    links: _Size
    graph: str | None = None
    connectivity: _Count
    loss_db: _Number | None = None
    byzantine_nodes: list[str]
    epochs: _Size


class _RowOfBound(_Row):
    demands: list[_Demand]


class _RowOfArm(_Row):
    demands: list[_ServedDemand]
    restoration_epochs: _Count | None = None
    accepted: dict[str, dict[str, _Basis]]
    qber_variance: _Number | None
    realignments: _Count
    made_bits: _Count
    refused_bits: _Count
    honest_excluded: list[str]
    honest_excluded_epochs: _Count
    byzantine_excluded_from: dict[str, _Count]


def fault_of(row: Any) -> str:
    """The first thing that is wrong with a row, or with what should be one; empty when nothing is.

    Older rows lack `graph`, `load_bps`, `loss_db` or `restoration_epochs`, and are rows all the same.
    """
    if not isinstance(row, dict):
        return "it is no table"
    try:
        (_RowOfBound if row.get("arm") == BOUND else _RowOfArm).model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    for kind, name, known in (("arm", row["arm"], {*ARMS, BOUND}), ("attack", row["attack"], {*ATTACKS})):
        if name not in known:
            return f"no {kind} '{name}'; {did_you_mean(name, known)}"
    return _impossible(row)


def _impossible(row: dict[str, Any]) -> str:
    """What no story can have counted."""
    for place, demand in enumerate(row["demands"]):
        if not 0 <= demand["secure"] <= demand["delivered"] * _ROUNDING <= demand["asked"] * _ROUNDING**2:
            return f"demands.{place}: expected 0 <= secure <= delivered <= asked keys"
        if row["arm"] != BOUND and not demand["secure_slots"] <= demand["served_slots"] <= row["epochs"]:
            return f"demands.{place}: expected secure_slots <= served_slots <= epochs"
    return ""
