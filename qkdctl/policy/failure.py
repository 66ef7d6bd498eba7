"""Why a policy gave no proposal, and why a file is no policy."""

from typing import Final

TEXT_MAX: Final = 400
"""Characters that are said of a file."""


class PolicyFailure(Exception):  # noqa: N818 - the domain's word: the ladder counts failures
    """A policy that was accepted gave no usable values.

    Attributes:
        code: stable name of the cause: `runtime`, `shape`, `not-finite`, `off-grid` or `out-of-bounds`.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code


class PolicyRejected(Exception):  # noqa: N818 - the domain's word: a rejected policy
    """A file is not taken as a policy.

    A text may quote the file, whose names can be megabytes; it is cut, because it goes into card and ledger.

    Attributes:
        code: stable name of the first check that failed.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text if len(text) <= TEXT_MAX else text[:TEXT_MAX] + '...'}")
        self.code = code
