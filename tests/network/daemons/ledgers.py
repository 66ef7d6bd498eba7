"""Ledgers of several nodes side by side."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from qkdctl.agreement.ledger_entries import place_of
from qkdctl.store.ledger_file import read_ledger
from tests.network.daemons.folders import QKDCTL


def decisions(state: Path) -> dict[int, str]:
    """Epoch -> digest of its decision, in the ledger of a state directory.

    Raises:
        AssertionError: an epoch was decided twice.
    """
    found: dict[int, str] = {}
    for entry in read_ledger(state):
        if entry.kind == "decision":
            chain, value = place_of(entry.payload)
            assert chain.epoch not in found, f"{state}: epoch {chain.epoch} was decided twice"
            found[chain.epoch] = value.digest
    return found


def disagreements(ledgers: Mapping[str, Mapping[int, str]]) -> list[str]:
    """Epochs that two nodes decided differently, and gaps in the ledger of one."""
    found = []
    for node, decided in ledgers.items():
        missing = set(range(1, max(decided, default=0) + 1)) - set(decided)
        if missing:
            found.append(f"{node}: no decision of epochs {sorted(missing)[:5]}")
    for epoch in sorted(set().union(*ledgers.values())):
        digests = {node: decided[epoch][:12] for node, decided in ledgers.items() if epoch in decided}
        if len(set(digests.values())) > 1:
            found.append(f"epoch {epoch}: {digests}")
    return found


def verified(configuration: Path) -> bool:
    """Whether `qkdctl ledger verify` finds the ledger of a node sound."""
    command = [*QKDCTL, "ledger", "verify", "--json", "--config", str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0 and json.loads(done.stdout)["ok"] is True
