"""What can go wrong with durable state."""


class StoreError(Exception):
    """The state directory cannot be used as asked; the message names the file, the cause and the remedy."""


class StoreLockedError(StoreError):
    """Another process uses the state directory."""


class SchemaTooNewError(StoreError):
    """The state was written by a newer version of the software."""


class DamagedEntryError(StoreError):
    """A ledger can be read no further.

    Attributes:
        sequence: number of the entry that is damaged, or that would come next.
        reason: what is wrong with it.
        where: file and line of an export; "" for other ledgers.
    """

    def __init__(self, sequence: int, reason: str, where: str = "") -> None:
        super().__init__(f"{where}: {reason}" if where else f"ledger entry {sequence}: {reason}")
        self.sequence = sequence
        self.reason = reason
        self.where = where
