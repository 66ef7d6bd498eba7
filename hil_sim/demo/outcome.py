"""What a demo showed: key against holding still, and darkness against the instruments' own record."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]
SCHEMA_VERSION = 1


def link_outcome(epochs: Sequence[Json], hold: Sequence[Json]) -> Json:
    """One link under the policy, against the same fibre with the initial settings held.

    Args:
        epochs: of the policy's arm, oldest first.
        hold: of the holding arm; both are cut to the shorter.
    """
    count = min(len(epochs), len(hold))
    epochs, hold = epochs[:count], hold[:count]
    key, held = (sum(epoch["secret_key_bits"] for epoch in arm) for arm in (epochs, hold))
    return {
        "epochs": count,
        "initial": _settings(epochs[:3]),
        "final": _settings(epochs[-3:]),
        "hold_final": _settings(hold[-3:]),
        "secret_key_bits": key,
        "hold_secret_key_bits": held,
        "gain": round(key / held - 1.0, 4) if held else None,
        "gain_bits": key - held,
        "actions": dict(Counter(epoch["action"] for epoch in epochs)),
        "action_log": [
            {"epoch": epoch["epoch"], "action": epoch["action"]} for epoch in epochs if epoch["action"] != "hold"
        ],
        "shield_interventions": sum(len(epoch["interventions"]) for epoch in epochs),
    }


def _settings(epochs: Sequence[Json]) -> Json:
    """Mean photon number of the last epoch that ran, QBER and key per epoch over a few epochs."""
    running = [epoch for epoch in epochs if epoch["mean_photon_number_e6"]]
    measured = [epoch["qber_z_ppm"] for epoch in epochs if epoch["qber_z_ppm"] is not None]
    return {
        "mean_photon_number": running[-1]["mean_photon_number_e6"] / 1e6 if running else None,
        "qber": round(sum(measured) / len(measured) / 1e6, 6) if measured else None,
        "secret_key_bits_per_epoch": round(sum(e["secret_key_bits"] for e in epochs) / max(1, len(epochs))),
    }


def darkness(trace: Path, stopped_at: float) -> Json:
    """When each laser was dark after the stop, by the record of the simulated instruments.

    Args:
        trace: JSON lines of the simulation.
        stopped_at: monotonic time at which the daemon was told to stop.

    Returns:
        Per link: seconds until no light was launched, and the brightest pulses ever launched.
    """
    launched: dict[str, list[tuple[float, float]]] = {}
    for line in trace.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["quantity"] == "mean_photon_number":
            launched.setdefault(entry["instrument"], []).append((entry["monotonic_s"], entry["value"]))
    return {
        link: {
            "dark": not changes[-1][1] > 0.0,
            "dark_after_s": round(max(0.0, changes[-1][0] - stopped_at), 3),
            "brightest_mean_photon_number": round(max(value for _, value in changes), 6),
        }
        for link, changes in launched.items()
    }
