"""One broken configuration."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """What is done to the valid text; the line with the mark is the one to be reported.

    Attributes:
        old, new: replacement in the valid text; with an empty `old` the new text is added at the end.
        key, hint: as reported, in full.
        message: part of the message.
    """

    name: str
    old: str
    new: str
    key: str
    hint: str
    message: str = ""
