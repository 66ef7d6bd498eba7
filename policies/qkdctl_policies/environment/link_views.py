"""What the policy sees of many links: the feature table of the policy format on arrays."""

from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from qkdctl.policy.schema import FEATURES
from qkdctl.policy.view import LinkView, background_qber_ppm
from qkdctl_policies.environment.facts import FactArrays
from qkdctl_policies.environment.link_states import LinkStates

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinkViews:
    """`LinkView` of many links: the same names, each an array of shape (links,).

    Attributes:
        state, facts: of the links.
        trust_least_ppm, trust_mean_ppm: of the nodes of each link.
        epoch_ms: length of an epoch.
    """

    state: LinkStates
    facts: FactArrays
    trust_least_ppm: Integers
    trust_mean_ppm: Integers
    epoch_ms: int

    @property
    def qber_limit_ppm(self) -> Integers:
        """QBER limit of the active protocols."""
        return self._of_protocol(self.facts.qber_limit_ppm)

    @property
    def highest_allowed_e6(self) -> Integers:
        """Highest mean photon numbers that may be commanded under the active protocols."""
        return self._of_protocol(self.facts.highest_allowed_e6)

    @property
    def background_qber_ppm(self) -> Integers:
        """Part of the QBER that background clicks explain."""
        return np.asarray(background_qber_ppm(self.state))

    def _of_protocol(self, table: Integers) -> Integers:
        return np.asarray(table[self.state.protocol_number, np.arange(table.shape[1])])


def observe_links(views: LinkViews) -> Integers:
    """The observation in units of 1/4096, shape (links, features), as `qkdctl.policy.features.observe` gives it."""
    # the formulas know no difference between a number and an array of them
    one = cast("LinkView", views)
    return np.stack(
        [np.broadcast_to(feature.on_grid(one), views.trust_least_ppm.shape) for feature in FEATURES], axis=1
    )
