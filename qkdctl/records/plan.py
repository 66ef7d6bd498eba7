"""What the nodes will set: the proposal of a policy after the shield."""

from typing import Annotated

from pydantic import Field

from qkdctl.records.base import Count, Name, PolicyId, Record
from qkdctl.records.report import Flag, MeanPhotonNumber


class Intervention(Record):
    """Why the shield changed a proposal.

    Attributes:
        code: stable name for metrics and alarms.
        text: one sentence with the numbers, for people.
    """

    code: Name
    text: Annotated[str, Field(min_length=1, max_length=300)]


class LinkPlan(Record):
    """Settings of one link for the next epoch.

    Attributes:
        action: name of the action left by the shield, `hold` when it left nothing of the proposal.
        mean_photon_number_e6: signal intensity to command, 1e-6 photons per pulse, before the attenuator
            rounds it down.
        protocol: protocol to run.
        realign: 1 to re-align before making key.
        interventions: what the shield changed and why, in the order of its rules; empty without any.
    """

    link: Name
    action: Name
    mean_photon_number_e6: MeanPhotonNumber
    protocol: Name
    realign: Flag
    interventions: tuple[Intervention, ...]


class Plan(Record):
    """Settings of all links, sorted by name.

    Attributes:
        epoch: epoch of the state from which the plan was made.
        policy: SHA-256 of the policy file, or the name of the baseline that proposed.
    """

    epoch: Count
    policy: PolicyId
    links: tuple[LinkPlan, ...]
