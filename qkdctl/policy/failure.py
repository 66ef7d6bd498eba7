"""Why a policy gave no proposal, and why a file is no policy."""


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

    Attributes:
        code: stable name of the first check that failed.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
