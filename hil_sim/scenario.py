"""Scenarios: which links and instruments there are, where they listen and what goes wrong when."""

import dataclasses
import tomllib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from hil_sim.instruments.model import SimulatorModel
from hil_sim.instruments.registry import find_model, model_names
from hil_sim.preset_tables import over_preset
from hil_sim.scenario_problems import LineIndex, Place, Problem, ScenarioError, did_you_mean
from hil_sim.world.parameters import LinkParameters
from hil_sim.world.presets import PRESETS

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Port = Annotated[int, Field(ge=0, le=65535)]


class Section(BaseModel):
    """A table of a scenario; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InstrumentSection(Section):
    """`[instruments.<name>]`: one simulated instrument.

    Attributes:
        model: kind of instrument, as `qkdctl sim list` shows them.
        link: the link it sits on; none for an instrument that stands alone.
        role: its part on that link, for models that have several.
        transport: how clients reach it; by default as the model prefers.
        port: TCP port; 0 takes a free one.
        side_ports: ports of the services that the model has besides, such as `counts`; 0 takes a free one.
        paced: on a serial line let bytes take their time.
        options: what the model lets one choose about the unit.
    """

    model: str
    link: str | None = None
    role: str = ""
    transport: str = ""
    port: Port = 0
    side_ports: dict[str, Port] = {}
    paced: bool = False
    options: dict[str, Any] = {}


class LinkSection(LinkParameters):
    """`[links.<name>]`: one optical link.

    Attributes:
        alice, bob: nodes at which its ends stand, where the scenario has several nodes.
    """

    alice: Name | Literal[""] = ""
    bob: Name | Literal[""] = ""


class FaultSection(Section):
    """`[[faults]]`: something that goes wrong at a time.

    Attributes:
        at_s: seconds after the start.
        instrument: whom it strikes.
        kind: as `qkdctl sim fault` takes them.
        seconds, replies, size: as the kind needs them.
    """

    at_s: Annotated[float, Field(ge=0)]
    instrument: str
    kind: str
    seconds: Annotated[float, Field(gt=0)] | None = None
    replies: Annotated[int, Field(ge=1)] | None = None
    size: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _lateness_is_given(self) -> Self:
        if self.kind == "late" and self.seconds is None:
            raise ValueError("kind 'late' needs seconds: how late the reply is")
        return self


class Scenario(Section):
    """A whole scenario.

    Attributes:
        seed: of everything random.
        links: the optical links; each table is a `preset` and parameters that differ from it.
        instruments: the instruments.
        faults: what goes wrong.
    """

    seed: Annotated[int, Field(ge=0)] = 0
    links: dict[Name, LinkSection] = {}
    instruments: dict[Name, InstrumentSection] = {}
    faults: tuple[FaultSection, ...] = ()


def load_scenario(path: Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ScenarioError: with file, line, key and hint of every mistake.
        OSError: when the file cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(str(path), [Problem((), f"not valid TOML: {error}")]) from None
    return scenario_of(tables, source=str(path), lines=LineIndex(text))


def scenario_of(tables: Mapping[str, Any], *, source: str = "scenario", lines: LineIndex | None = None) -> Scenario:
    """The scenario that nested dictionaries describe.

    Raises:
        ScenarioError: with every mistake.
    """
    problems: list[Problem] = []
    tables = dict(tables)
    if isinstance(tables.get("links"), Mapping):
        tables["links"] = {
            name: over_preset(("links", name), link, PRESETS, problems) for name, link in tables["links"].items()
        }
    try:
        scenario = Scenario.model_validate(tables)
    except ValidationError as error:
        raise ScenarioError(source, [*problems, *_problems_of(error)], lines) from None
    for name, section in scenario.instruments.items():
        problems += _check_instrument(("instruments", name), section, scenario)
    problems += _check_serial_numbers(scenario)
    for index, fault in enumerate(scenario.faults):
        if fault.instrument not in scenario.instruments:
            hint = did_you_mean(fault.instrument, scenario.instruments)
            problems.append(Problem(("faults", index, "instrument"), f"no instrument '{fault.instrument}'", hint))
    if problems:
        raise ScenarioError(source, problems, lines)
    return scenario


def unit_of(model: SimulatorModel, name: str, options: Mapping[str, Any]) -> Any:
    """The unit that options describe; a serial number that they leave out follows from the instrument's name.

    Raises:
        pydantic.ValidationError: for values that the model refuses.
    """
    own = {"serial_number": f"{zlib.crc32(name.encode()) % 10**8:08d}"} if "serial_number" in _options(model) else {}
    return TypeAdapter(model.unit).validate_python({**own, **options})


def _options(model: SimulatorModel) -> set[str]:
    if issubclass(model.unit, BaseModel):
        return {*model.unit.model_fields}
    return {field.name for field in dataclasses.fields(model.unit)}


def _check_instrument(place: Place, section: InstrumentSection, scenario: Scenario) -> list[Problem]:
    """What only shows when one knows the model and the links."""
    if section.model not in model_names():
        hint = did_you_mean(section.model, model_names())
        return [Problem((*place, "model"), f"unknown model '{section.model}'", hint)]
    model = find_model(section.model)
    choices = {
        "link": (section.link or "", {"", *scenario.links}),
        "role": (section.role, {*model.roles} if model.roles else {""}),
        "transport": (section.transport, {"", *model.transports}),
        **{f"side_ports.{name}": (name, {*model.side_ports}) for name in section.side_ports},
    }
    problems = [
        Problem((*place, *key.split(".")), f"'{value}' does not fit a {section.model} here", did_you_mean(value, known))
        for key, (value, known) in choices.items()
        if value not in known
    ]
    for option in section.options.keys() - _options(model):
        hint = did_you_mean(option, _options(model))
        problems.append(Problem((*place, "options", option), f"a {section.model} has no option '{option}'", hint))
    try:
        unit_of(model, str(place[-1]), section.options)
    except ValidationError as error:
        problems += [dataclasses.replace(p, place=(*place, "options", *p.place)) for p in _problems_of(error)]
    return problems


def _check_serial_numbers(scenario: Scenario) -> list[Problem]:
    """Two units of one kind with one serial number would share a by-id link."""
    owners: dict[tuple[str, Any], str] = {}
    problems = []
    for name, section in scenario.instruments.items():
        number = section.options.get("serial_number")
        owner = name if number is None else owners.setdefault((section.model, number), name)
        if owner != name:
            place = ("instruments", name, "options", "serial_number")
            problems.append(Problem(place, f"also that of '{owner}'", "give each unit its own"))
    return problems


def _problems_of(error: ValidationError) -> list[Problem]:
    return [
        Problem(item["loc"], item["msg"].removeprefix("Value error, "), _hint(item["loc"], item["type"]))
        for item in error.errors(include_url=False)
    ]


def _hint(place: Place, kind: str) -> str:
    """For an unknown key, the key that was meant."""
    if kind != "extra_forbidden":
        return ""
    sections: dict[str | int, type[BaseModel]] = {
        "links": LinkSection,
        "instruments": InstrumentSection,
        "faults": FaultSection,
    }
    section = Scenario if len(place) == 1 else sections.get(place[0], Scenario)
    known = {"preset", *section.model_fields} if section is LinkSection else section.model_fields
    return did_you_mean(str(place[-1]), known)
