"""What is counted of one story: keys and slots of every demand, true errors of accepted key, and wrong exclusions."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.world import Epoch
from hil_sim.world.key_analysis import SIGNAL
from qkdctl.records.telling_bases import BASES
from qkdctl_policies.experiments.key_blocks import Ended
from qkdctl_policies.experiments.key_relaying import Relayed
from qkdctl_policies.experiments.stage import Stage

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

SERVED_SHARE: Final = 0.9
"""A slot of a demand is served when at least this share of the keys asked for in it arrive."""
RESTORED_EPOCHS: Final = 5
"""Epochs in a row with as large a share of secure keys for all honest demands together end a restoration."""


class Tally:
    """Sums over the counted epochs; arrays of shape (demands,).

    Args:
        stage: of the cell.

    Attributes:
        epochs: how many were counted.
        asked, delivered, secure: keys, see `Relayed`.
        served, secure_slots: slots in which enough keys came, and in which enough secure ones did.
        realignments: begun, of all links.
        made_bits, refused_bits: key that all links made, and what was thrown away of it for its errors.
    """

    def __init__(self, stage: Stage) -> None:
        demands = len(stage.demands)
        self._stage = stage
        self.asked, self.delivered, self.secure, self.served, self.secure_slots = (
            np.zeros(demands, dtype=np.int64) for _ in range(5)
        )
        self.epochs = self.realignments = self.made_bits = self.refused_bits = 0
        self._accepted = np.zeros((len(PROTOCOLS), 2, 2), dtype=np.int64)
        self._honest = np.array([stage.honest(demand) for demand in stage.demands], dtype=np.bool_)
        self._good: list[bool] = []
        self._rates: list[Floats] = []
        self._excluded = dict.fromkeys(stage.members, 0)
        self._first_excluded: dict[str, int] = {}

    def note(
        self,
        epoch: Epoch,
        ended: Ended,
        relayed: Relayed,
        protocol: NDArray[np.int8],
        excluded: frozenset[str],
    ) -> None:
        """Count one epoch.

        Args:
            epoch: the truth about the links.
            ended: key blocks.
            relayed: keys of the demands.
            protocol: in force, shape (links,).
            excluded: nodes that no key shall be relayed over any more.
        """
        self.epochs += 1
        self.asked += relayed.asked
        self.delivered += relayed.delivered
        self.secure += relayed.secure
        enough = np.ceil(SERVED_SHARE * relayed.asked).astype(np.int64)
        self.served += relayed.delivered >= enough
        self.secure_slots += relayed.secure >= enough
        secure, asked = relayed.secure[self._honest].sum(), relayed.asked[self._honest].sum()
        self._good.append(bool(secure >= SERVED_SHARE * asked))
        self.realignments += int(epoch.changes.realigning.sum())
        self.made_bits += int(epoch.key.proven_bits.sum())
        self.refused_bits += int(epoch.key.proven_bits[ended.refused].sum())
        for node in excluded:
            self._excluded[node] += 1
            self._first_excluded.setdefault(node, self.epochs)
        clicks = epoch.counted.detected[0, SIGNAL].astype(np.float64)
        errors = epoch.counted.errors[0, SIGNAL]
        self._rates.append(np.where(clicks > 0, errors / np.maximum(clicks, 1), np.nan))
        for link in np.flatnonzero(ended.accepted):
            self._accepted[protocol[link]] += np.stack([ended.errors[:, link], ended.clicks[:, link]])

    def figures(self) -> dict[str, Any]:
        """Everything, as plain JSON."""
        stage = self._stage
        byzantine = {*stage.byzantine}
        return {
            "epochs": self.epochs,
            "demands": [
                {
                    "source": demand.source,
                    "target": demand.target,
                    "honest": stage.honest(demand),
                    "asked": int(self.asked[n]),
                    "delivered": int(self.delivered[n]),
                    "secure": int(self.secure[n]),
                    "served_slots": int(self.served[n]),
                    "secure_slots": int(self.secure_slots[n]),
                }
                for n, demand in enumerate(stage.demands)
            ],
            "restoration_epochs": restoration_epochs(self._good),
            "accepted": {
                name: {
                    basis: {"errors": int(own[0, place]), "clicks": int(own[1, place])}
                    for place, basis in enumerate(BASES)
                }
                for name, own in zip(PROTOCOLS, self._accepted, strict=True)
                if own[1].any()
            },
            "qber_variance": self._qber_variance(),
            "realignments": self.realignments,
            "made_bits": self.made_bits,
            "refused_bits": self.refused_bits,
            "honest_excluded": sorted({*self._first_excluded} - byzantine),
            "honest_excluded_epochs": sum(n for node, n in self._excluded.items() if node not in byzantine),
            "byzantine_excluded_from": {node: self._first_excluded.get(node, 0) for node in stage.byzantine},
        }

    def _qber_variance(self) -> float | None:
        """Variance of the true QBER in Z over time, mean over links that clicked in two epochs or more."""
        rates = np.array(self._rates)
        some = (~np.isnan(rates)).sum(axis=0) >= 2
        return float(np.nanvar(rates[:, some], axis=0, ddof=1).mean()) if some.any() else None


def restoration_epochs(good: Sequence[bool]) -> int | None:
    """Epochs from the beginning until service is restored, which is the restoration time of ITU-T Y.3807 in epochs.

    Args:
        good: whether honest demands together got enough secure keys, epoch by epoch from the attack on.

    Returns:
        Epochs before the first `RESTORED_EPOCHS` good ones in a row; None when there are none.
    """
    in_a_row = 0
    for number, served in enumerate(good, start=1):
        in_a_row = in_a_row + 1 if served else 0
        if in_a_row == RESTORED_EPOCHS:
            return number - RESTORED_EPOCHS
    return None
