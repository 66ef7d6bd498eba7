"""What can go wrong with durable state."""


class StoreError(Exception):
    """The state directory cannot be used as asked; the message names the file, the cause and the remedy."""


class StoreLockedError(StoreError):
    """Another process uses the state directory."""


class SchemaTooNewError(StoreError):
    """The state was written by a newer version of the software."""


class DamagedEntryError(StoreError):
    """A ledger row can be read no further.

    Attributes:
        sequence: number of the entry that is damaged.
    """

    def __init__(self, sequence: int, reason: str) -> None:
        super().__init__(f"ledger entry {sequence}: {reason}")
        self.sequence = sequence
        self.reason = reason
