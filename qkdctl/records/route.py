"""Over which relays keys shall travel: what is asked for, what was chosen, and what a node has to serve of it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from qkdctl.records.base import Count, Name, Record
from qkdctl.records.relay import NodePath
from qkdctl.records.series import Epochs

MOST_SHARES = 16
"""Of one key; there are never as many disjoint paths."""
MOST_SUSPICION = 500
"""Epochs for which a node may be under suspicion."""


class RouteDemand(Record):
    """Keys that two nodes want, from the agreed configuration.

    Attributes:
        demand: its name.
        source, target: the nodes.
        bits: key wanted per epoch.
        colluding: relays that may tell each other what they read and still learn nothing.
        failing: paths that may fail at once without stopping the keys.
    """

    demand: Name
    source: Name
    target: Name
    bits: Count
    colluding: Annotated[int, Field(ge=0, lt=MOST_SHARES)] = 0
    failing: Annotated[int, Field(ge=0, lt=MOST_SHARES)] = 0

    @model_validator(mode="after")
    def _joins_two_nodes(self) -> Self:
        if self.source == self.target:
            raise ValueError(f"demand {self.demand} must join two nodes, got {self.source} twice")
        if self.colluding + 1 + self.failing > MOST_SHARES:
            raise ValueError(f"demand {self.demand} would need more than {MOST_SHARES} paths")
        return self


class RoutePath(Record):
    """One way through the network: nodes from source to destination, and the link between each and the next."""

    nodes: NodePath
    links: tuple[Name, ...]

    @model_validator(mode="after")
    def _links_fit(self) -> Self:
        if len(self.links) != len(self.nodes) - 1:
            raise ValueError(f"{len(self.nodes)} nodes in a row have {len(self.nodes) - 1} links between them")
        return self

    @property
    def relays(self) -> tuple[str, ...]:
        """Nodes between the ends."""
        return self.nodes[1:-1]


class Suspect(Record):
    """A node that stood on a path over which a demand lost keys.

    Attributes:
        epochs_left: until all is forgotten; every epoch with losses adds to it.
    """

    node: Name
    epochs_left: Annotated[int, Field(ge=1, le=MOST_SUSPICION)]


class RoutePlan(Record):
    """The route of one demand.

    Attributes:
        since: epoch in which it was chosen; a change of bits, threshold or paths makes it a new route.
        challenged: epochs in a row in which another route was clearly better.
        crowding: epochs in a row in which it could have made room for others, alone or with another one.
        distrusted: relays of it that are excluded, or in dispute with an end, and could not be avoided; sorted.
        suspects: nodes that may have lost keys of this demand, sorted; for this demand alone, whose ends say so.
        bits: key wanted per epoch.
        threshold: k; so many of the paths give a key, and fewer say nothing about it.
        paths: one for each share, without a common relay; none when there is no route.
    """

    demand: Name
    since: Count
    challenged: Epochs
    distrusted: tuple[Name, ...]
    suspects: tuple[Suspect, ...] = ()
    crowding: Epochs = 0
    bits: Count
    threshold: Annotated[int, Field(ge=1, le=MOST_SHARES)]
    paths: Annotated[tuple[RoutePath, ...], Field(max_length=MOST_SHARES)]


class Route(Record):
    """One path of a route, as every node on it has to serve it. Keys flow once all of them were told the same.

    Attributes:
        share: number of the path among those of the demand, from 1.
        since: as in `RoutePlan`; demand, share and this never stand for two routes.
        threshold, shares: k of n, see `RoutePlan`.
        bits: key to make over this path in every interval.
        interval_ms: length of an interval.
    """

    demand: Name
    share: Annotated[int, Field(ge=1, le=MOST_SHARES)]
    since: Count
    threshold: Annotated[int, Field(ge=1, le=MOST_SHARES)]
    shares: Annotated[int, Field(ge=1, le=MOST_SHARES)]
    path: RoutePath
    bits: Count
    interval_ms: Annotated[int, Field(ge=1, le=3_600_000)]

    @classmethod
    def of(cls, plan: RoutePlan, share: int, interval_ms: int) -> Self:
        """The path of a plan that carries a share, counted from 1."""
        return cls(
            demand=plan.demand,
            share=share,
            since=plan.since,
            threshold=plan.threshold,
            shares=len(plan.paths),
            path=plan.paths[share - 1],
            bits=plan.bits,
            interval_ms=interval_ms,
        )

    @model_validator(mode="after")
    def _is_one_of_enough_shares(self) -> Self:
        if not max(self.share, self.threshold) <= self.shares:
            raise ValueError(f"share {self.share} with threshold {self.threshold} does not fit {self.shares} shares")
        return self


class RouteTable(Record):
    """All routes of one node.

    Attributes:
        epoch: of the decision that it comes from.
        routes: sorted by demand and share.
    """

    epoch: Count
    routes: tuple[Route, ...]

    @model_validator(mode="after")
    def _routes_rise(self) -> Self:
        keys = [(route.demand, route.share) for route in self.routes]
        if keys != sorted(set(keys)):
            raise ValueError(f"routes must be sorted by demand and share and unique, got {keys}")
        return self
