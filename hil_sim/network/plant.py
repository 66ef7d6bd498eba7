"""The plant of a QKD network: sites, and the spans of fibre or air between them."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Medium = Literal["fibre", "aerial", "free-space"]
Estimate = Literal["length_km", "loss_db"]

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, config=_STRICT)
class Site:
    """A place with QKD equipment.

    Attributes:
        name: unique in its network.
        label: what a map shows; the name if empty.
        latitude_deg: -90 to 90.
        longitude_deg: -180 to 180.
        may_relay: whether it is trusted to pass on keys of others.
        estimated: whether its place is an estimate; networks in operation seldom publish addresses.

    Raises:
        pydantic.ValidationError: a `ValueError`, for values out of range.
    """

    name: Name
    latitude_deg: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    longitude_deg: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
    label: str = ""
    may_relay: bool = True
    estimated: bool = False


@dataclass(frozen=True, slots=True, config=_STRICT)
class Span:
    """An optical path between two sites that make keys with each other over it.

    Attributes:
        name: unique in its network.
        a, b: the sites at its ends.
        length_km: of the fibre or of the path through the air.
        loss_db: of the whole path, with connectors, splices and switches.
        medium: `fibre` in the ground, `aerial` fibre on poles, or `free-space`.
        relay: the site in the middle that measures for both ends, as MDI and twin-field QKD need; it learns no key.
        switch: the site whose optical switch passes the light on.
        protocols: which ran there, as published; empty where that is not known.
        hardware: the makers or the kind of equipment.
        source: the figure, table or section that gives the numbers.
        remark: what else one has to know, such as why the loss is high.
        estimated: which of `length_km` and `loss_db` are estimates.

    Raises:
        pydantic.ValidationError: a `ValueError`, for values out of range.
    """

    name: Name
    a: Name
    b: Name
    length_km: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    loss_db: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    medium: Medium = "fibre"
    relay: Name | Literal[""] = ""
    switch: Name | Literal[""] = ""
    protocols: tuple[Name, ...] = ()
    hardware: str = ""
    source: str = ""
    remark: str = ""
    estimated: tuple[Estimate, ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """The sites that the light touches, from `a` to `b`."""
        return tuple(site for site in (self.a, self.relay, self.switch, self.b) if site)
