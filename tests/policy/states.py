"""Network states that tests start from and change in one place."""

from typing import Any

from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.network import LinkState, NetworkState
from qkdctl.records.series import ErrorSeries
from tests.records.samples import facts, row, state_after, table

__all__ = ["facts", "link", "qber", "state", "table"]


def qber(level: int, **changes: Any) -> ErrorSeries:
    """A settled QBER series in ppm."""
    return ErrorSeries.promised(10_000, level).model_copy(update={"samples": 10, **changes})


def link(name: str = "alice-bob", **changes: Any) -> LinkState:
    """A running link with a valid row, good QBER, no power meter, and nothing that happened lately."""
    fresh = state_after(None, 1, row(name), facts_of=table(facts(name))).links[0]
    usual = {"epochs_since_power_change": 1_000, "measured_mean_photon_number_e6": 0, "qber_z": qber(10_000)}
    return fresh.model_copy(update=usual | changes)


def state(*links: LinkState, epoch: int = 100) -> NetworkState:
    base = state_after(None, 1, row())
    return base.model_copy(update={"epoch": epoch, "links": links or (link(),)})


def table_of(*entries: LinkFacts) -> LinkTable:
    return table(*sorted(entries, key=lambda entry: entry.link))
