"""What pydantic found wrong with a scenario, or with another file of tables, in words for those who wrote it."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hil_sim.adversary.kinds import EFFECTS
from hil_sim.network.hardware import LinkHardware
from hil_sim.network.scenario import NetworkScenario
from hil_sim.scenario_problems import Place, Problem, did_you_mean

_QUOTED = re.compile(r"'([^']*)'")
_MANY = ("demands", "adversaries")


def validation_problems(error: ValidationError, model: type[BaseModel] = NetworkScenario) -> list[Problem]:
    """One problem per mistake; what only follows from another one is left out.

    Args:
        error: from validating a file's tables.
        model: what they were validated as.
    """
    found = error.errors(include_url=False)
    deeper = {place[:-1] for place in (item["loc"] for item in found) if place}
    return [_problem(item, model) for item in found if not (item["type"] == "too_short" and item["loc"] in deeper)]


def _problem(item: Any, model: type[BaseModel]) -> Problem:
    place, kind = tuple(item["loc"]), str(item["type"])
    text = str(item["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        return Problem(place, "unknown key", did_you_mean(str(place[-1]), _known_keys(place, model)))
    if kind == "missing":
        return Problem(place, "is missing")
    if kind == "literal_error":
        known = EFFECTS if "kinds" in place else _QUOTED.findall(item["ctx"]["expected"])
        return Problem(place, f"unknown value {item['input']!r}", did_you_mean(str(item["input"]), known))
    if kind in ("model_type", "dict_type"):
        return Problem(place, f"must be a table, not {item['input']!r}")
    if kind == "tuple_type" and len(place) == 1 and place[0] in _MANY:
        return Problem(place, "must be a list of tables", f"write [[{place[0]}]], one for each")
    return Problem(place, text)


def _known_keys(place: Place, section: type[BaseModel]) -> list[str]:
    """The keys of the table in which the last key of the place stands; the first ones are those of this section."""
    steps = iter(place[:-1])
    for step in steps:
        field = section.model_fields.get(str(step))
        if field is None:
            continue  # the number of a table in a list
        section = next(_models(field.annotation), section)
        if get_origin(field.annotation) is dict:
            next(steps, None)  # the name that the table goes by
    return [*section.model_fields, *(["preset"] if section is LinkHardware else [])]


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
