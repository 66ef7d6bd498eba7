"""What operators must hear of the store: damage found at the start, and a ledger that takes no entries."""

from functools import partial

from qkdctl.control.alarms import Alarms, Severity
from qkdctl.node.journal import LedgerJournal
from qkdctl.store.store import Store


def watch_store(me: str, store: Store, journal: LedgerJournal, alarms: Alarms) -> None:
    """Raise alarms about a store now and from now on.

    Args:
        me: name of the node.
        store: just opened.
        journal: over its ledger.
        alarms: of the node.
    """
    for number, complaint in enumerate(store.complaints):
        # Over, because what could be saved was; critical, so that it stays until somebody has seen it.
        alarms.raise_("state-damaged", f"state {number}", complaint, Severity.CRITICAL)
        alarms.clear("state-damaged", f"state {number}")
    journal.on_trouble = partial(_ledger_in_trouble, me, alarms)


def _ledger_in_trouble(me: str, alarms: Alarms, why: str) -> None:
    if why:
        alarms.raise_("ledger-failing", me, why, Severity.CRITICAL)
    else:
        alarms.clear("ledger-failing", me)
