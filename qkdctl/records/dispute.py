"""What has to be remembered of two nodes that do not say the same, or not in the same epoch."""

from typing import Annotated

from pydantic import Field

from qkdctl.records.base import Name, NameOrNone, Record
from qkdctl.records.series import EPOCHS_MAX
from qkdctl.records.session import End, SessionRecord


class Dispute(Record):
    """Two nodes of which one is faulty, at least, because they contradicted each other about one fact.

    Attributes:
        link: whose ends they are, when it is about a session or the key of a hop; empty when it is about what else one
            heard the other announce.
        one, other: the nodes, in alphabetical order; both ends of a link may stand at one node.
        agreed_epochs_left: until the dispute is over: on a link those in which both ends agree, otherwise all.
    """

    link: NameOrNone
    one: Name
    other: Name
    agreed_epochs_left: Annotated[int, Field(ge=1, le=EPOCHS_MAX)]


class PendingSessions(Record):
    """Session records of one end that the other may still report in the next epoch."""

    link: Name
    end: End
    sessions: tuple[SessionRecord, ...]
