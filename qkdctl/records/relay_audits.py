"""Which relayed keys that failed all nodes of their paths are asked to open, in the same report."""

from typing import Annotated

from pydantic import Field

from qkdctl.records.base import Count, Name, Record
from qkdctl.records.relay import KeyId, NodePath

MOST_ASKED = 3
"""Epochs in which nodes are asked to open the same key."""


class KeyCase(Record):
    """A key that failed, which all nodes of its path are to open.

    Attributes:
        key: which key.
        path: its nodes.
        asked: how often they were asked, this time included.
    """

    key: KeyId
    path: NodePath
    asked: Annotated[int, Field(ge=1, le=MOST_ASKED)]


class AuditMark(Record):
    """How far the keys of a route were opened: none up to this number is opened again."""

    demand: Name
    since: Count
    number: Count


class RelayAudits(Record):
    """What is opened in the next report of every node.

    Attributes:
        cases: sorted by key, one for each demand at most.
        marks: sorted by demand.
    """

    cases: tuple[KeyCase, ...] = ()
    marks: tuple[AuditMark, ...] = ()
