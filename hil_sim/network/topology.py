"""Topologies of QKD networks: those that ship, by name, and those that users write as TOML files."""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hil_sim.network.plant import Site, Span
from hil_sim.network.topology_checks import problems_of
from hil_sim.scenario_problems import LineIndex, Place, Problem, ScenarioError, did_you_mean

__all__ = ["Site", "Span", "Topology", "load_topology", "topology_names", "topology_of"]

_SHIPPED: Final = Path(__file__).with_name("topology_data")
_SITE: Final = TypeAdapter(Site)
_SPAN: Final = TypeAdapter(Span)
_Part = TypeVar("_Part", Site, Span)


@dataclass(frozen=True, slots=True)
class Topology:
    """A network: sites and spans in a fixed order, and where the numbers come from.

    Attributes:
        name: short, as `load_topology` takes it.
        title: for people.
        sites: every place.
        spans: every optical path between two of them; at most one per pair.
        sources: publications, each with its DOI or arXiv number.
        notes: what the numbers leave out.
    """

    name: str
    title: str
    sites: tuple[Site, ...]
    spans: tuple[Span, ...]
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def site_indices(self) -> dict[str, int]:
        """The place of each site in `sites`, by name."""
        return {site.name: index for index, site in enumerate(self.sites)}

    def ends(self) -> NDArray[np.intp]:
        """Site indices of the ends `a` and `b` of each span, shape (spans, 2)."""
        index = self.site_indices()
        return np.array([(index[span.a], index[span.b]) for span in self.spans], dtype=np.intp).reshape(-1, 2)

    def passive_sites(self) -> frozenset[str]:
        """Sites that end no span: measuring relays and optical switches, which hold no keys."""
        ends = {end for span in self.spans for end in (span.a, span.b)}
        return frozenset(site.name for site in self.sites) - ends


class _File(BaseModel):
    """The top of a topology file; the tables of sites and spans are read one by one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    attenuation_db_per_km: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.2
    sites: dict[str, dict[str, Any]]
    spans: dict[str, dict[str, Any]]


def topology_names() -> tuple[str, ...]:
    """The names of the topologies that ship, in alphabetical order."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def load_topology(name: str | Path) -> Topology:
    """A shipped topology by its name, or the one in a TOML file by its path.

    Raises:
        ScenarioError: with file, line, key and hint of every mistake, or for a name that none has.
        OSError: when the file cannot be read.
    """
    path = Path(name)
    if isinstance(name, str) and path.suffix != ".toml":
        if name not in topology_names():
            raise ScenarioError(
                "topology", [Problem((), f"no topology '{name}'", did_you_mean(name, topology_names()))]
            )
        path = _SHIPPED / f"{name}.toml"
    try:
        text = path.read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ScenarioError(str(path), [Problem((), f"not UTF-8 text: {error.reason} at byte {error.start}")]) from None
    except RecursionError:
        raise ScenarioError(str(path), [Problem((), "values are nested too deeply")]) from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(str(path), [Problem((), f"not valid TOML: {error}")]) from None
    return topology_of(tables, str(path), name=path.stem, lines=LineIndex(text))


def topology_of(
    tables: Mapping[str, Any], source: str = "topology", *, name: str = "custom", lines: LineIndex | None = None
) -> Topology:
    """The topology that nested dictionaries describe.

    A span of fibre that leaves out `loss_db` gets its length times `attenuation_db_per_km`, marked as an estimate.

    Args:
        tables: `title`, `sources`, `notes`, `attenuation_db_per_km`, and the tables `sites` and `spans` by name.
        source: what messages call it, such as the path of its file.
        name: the topology's own.
        lines: finds the lines of places in the text.

    Raises:
        ScenarioError: with every mistake.
    """
    problems: list[Problem] = []
    try:
        file = _File.model_validate(dict(tables))
    except ValidationError as error:
        raise ScenarioError(source, _problems((), error, _File.model_fields), lines) from None
    sites = [_read(_SITE, ("sites", key), table, problems) for key, table in file.sites.items()]
    spans = [
        _read(_SPAN, ("spans", key), _with_loss(table, file.attenuation_db_per_km), problems)
        for key, table in file.spans.items()
    ]
    topology = Topology(
        name,
        file.title,
        tuple(site for site in sites if site is not None),
        tuple(span for span in spans if span is not None),
        file.sources,
        file.notes,
    )
    problems = problems or problems_of(topology.sites, topology.spans)
    if problems:
        raise ScenarioError(source, problems, lines)
    return topology


def _with_loss(table: Mapping[str, Any], attenuation_db_per_km: float) -> Mapping[str, Any]:
    length, estimated = table.get("length_km"), table.get("estimated", ())
    if "loss_db" in table or table.get("medium") == "free-space" or not isinstance(length, int | float):
        return table
    return {
        **table,
        "loss_db": round(length * attenuation_db_per_km, 2),
        "estimated": [*estimated, "loss_db"] if isinstance(estimated, list | tuple) else estimated,
    }


def _read(kind: TypeAdapter[_Part], place: Place, table: Mapping[str, Any], problems: list[Problem]) -> _Part | None:
    """The site or span of a table; none after problems. Its name is the table's own."""
    known = [field for field in (Site if kind is _SITE else Span).__dataclass_fields__ if field != "name"]
    problems += [Problem((*place, key), "unknown key", did_you_mean(key, known)) for key in table if key not in known]
    own = {key: value for key, value in table.items() if key in known}
    try:
        return kind.validate_python({**own, "name": place[-1]})
    except ValidationError as error:
        problems += _problems(place, error, known)
        return None


def _problems(place: Place, error: ValidationError, known: Collection[str]) -> list[Problem]:
    """What pydantic found, at its places."""
    found = []
    for item in error.errors(include_url=False):
        extra = item["type"] == "extra_forbidden"
        hint = did_you_mean(str(item["loc"][-1]), known) if extra else ""
        text = "unknown key" if extra else item["msg"].removeprefix("Value error, ")
        # A table's name is no key in it: the mistake is the table's.
        where = (*place, *item["loc"]) if item["loc"] != ("name",) else place
        found.append(Problem(where, text, hint))
    return found
