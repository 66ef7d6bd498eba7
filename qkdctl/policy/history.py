"""What the shield must remember of plans it let through: recent switches and re-alignments.

A record, so that it can be stored and a restart resets no budget.
"""

from qkdctl.policy.actions import BY_NAME
from qkdctl.records.base import Count, Name, Record
from qkdctl.records.plan import LinkPlan, Plan


class LinkHistory(Record):
    """Epochs in which plans switched the protocol of one link or re-aligned it, rising."""

    link: Name
    switches: tuple[Count, ...] = ()
    realigns: tuple[Count, ...] = ()


class ShieldHistory(Record):
    """Recent interventions into the key session per link, sorted by name; links without any have no entry."""

    links: tuple[LinkHistory, ...] = ()

    def of(self, link: str) -> LinkHistory:
        """History of one link, empty when nothing happened."""
        return next((entry for entry in self.links if entry.link == link), LinkHistory(link=link))

    def after(self, plan: Plan, window_epochs: int) -> "ShieldHistory":
        """The history once a plan is carried out.

        Args:
            plan: what was decided; plans must come in rising epochs.
            window_epochs: how far back anything matters; older events are forgotten.
        """
        oldest = plan.epoch - window_epochs + 1
        planned = {link.link: link for link in plan.links}
        names = sorted({entry.link for entry in self.links} | set(planned))
        entries = (_advance(self.of(name), planned.get(name), plan.epoch, oldest) for name in names)
        return ShieldHistory(links=tuple(entry for entry in entries if entry.switches or entry.realigns))


def _advance(entry: LinkHistory, plan: LinkPlan | None, epoch: int, oldest: int) -> LinkHistory:
    switched = plan is not None and bool(BY_NAME[plan.action].protocol)
    realigned = plan is not None and bool(plan.realign)
    return LinkHistory(
        link=entry.link,
        switches=tuple(past for past in (*entry.switches, *([epoch] if switched else [])) if past >= oldest),
        realigns=tuple(past for past in (*entry.realigns, *([epoch] if realigned else [])) if past >= oldest),
    )
