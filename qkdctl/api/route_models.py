"""The shapes of the JSON document about the routes of relayed keys."""

from typing import Annotated

from pydantic import Field

from qkdctl.api.models import Document, Shape


class RoutedPath(Shape):
    """One path of a route."""

    share: Annotated[int, Field(ge=1, description="number of the path among those of the demand")]
    nodes: Annotated[list[str], Field(description="from source to target")]
    links: list[str]
    applied: Annotated[
        bool | None, Field(description="whether this node's router serves it now; null where it leads elsewhere")
    ]


class SuspectNode(Shape):
    """A relay that this demand goes out of the way of, because keys were lost on its path."""

    node: str
    epochs_left: Annotated[int, Field(ge=1)]


class DemandRoute(Shape):
    """One demand and its route."""

    demand: str
    source: str
    target: str
    bits: Annotated[int, Field(description="key wanted per epoch")]
    since: Annotated[int, Field(description="epoch in which the route was chosen")]
    threshold: Annotated[int, Field(description="so many of the paths give a key")]
    challenged: Annotated[int, Field(description="epochs in a row in which another route was clearly better")]
    crowding: Annotated[
        int, Field(description="epochs in a row in which it could have left a link that is short of key to others")
    ]
    distrusted: Annotated[list[str], Field(description="relays that should be avoided and could not be")]
    suspects: list[SuspectNode]
    paths: list[RoutedPath]


class OpenedKey(Shape):
    """A key that failed and that all nodes of its path open for the next report."""

    key: str
    path: list[str]
    asked: Annotated[int, Field(ge=1, description="how often, this time included")]


class Routes(Document):
    """The routes of all demands after the last decision, and how this node serves them."""

    epoch: Annotated[int, Field(description="of the last decision; 0 before the first")]
    router: Annotated[str | None, Field(description="device that serves them here")]
    trouble: Annotated[str, Field(description="why it does not; empty when it does")]
    demands: list[DemandRoute]
    opened: list[OpenedKey]
