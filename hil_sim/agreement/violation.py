"""What a simulation must never show."""


class ViolationError(Exception):
    """A property does not hold; names the property, the node and what was seen."""

    def __init__(self, claim: str, node: str, seen: str) -> None:
        super().__init__(f"{claim}: {node}: {seen}")
        self.claim = claim
