"""Why a key router refuses."""


class RouterRefusedError(Exception):
    """A request that the router cannot grant.

    Attributes:
        error, expected, hint: what is wrong, what would be right, and what to do.
    """

    def __init__(self, error: str, *, expected: str, hint: str) -> None:
        super().__init__(f"{error}; expected {expected}; {hint}")
        self.error = error
        self.expected = expected
        self.hint = hint
