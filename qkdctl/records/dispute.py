"""What has to be remembered of a link whose ends do not say the same, or not in the same epoch."""

from typing import Annotated

from pydantic import Field

from qkdctl.records.base import Name, Record
from qkdctl.records.series import EPOCHS_MAX
from qkdctl.records.session import End, SessionRecord


class Dispute(Record):
    """An edge whose ends reported different records of one session.

    Attributes:
        agreed_epochs_left: epochs in which both ends still have to agree before the dispute is over.
    """

    link: Name
    agreed_epochs_left: Annotated[int, Field(ge=1, le=EPOCHS_MAX)]


class PendingSessions(Record):
    """Session records of one end that the other may still report in the next epoch."""

    link: Name
    end: End
    sessions: tuple[SessionRecord, ...]
