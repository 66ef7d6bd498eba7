"""Control by one controller that believes what receivers tell it: trust stays full, and nobody is held to anything.

Settings, shield and routes follow from its state of the network by the same functions as in an agreement.
"""

from collections.abc import Mapping
from typing import Final

from hil_sim.network.world import NetworkWorld
from qkdctl.evidence.link_row import link_row
from qkdctl.evidence.matching import Pair
from qkdctl.evidence.path_losses import lossy_paths
from qkdctl.policy.baselines import RuleBased
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.ladder import Ladder, propose
from qkdctl.policy.near_limit import realigned_near_limits
from qkdctl.policy.proposal import Policy
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkFacts
from qkdctl.records.history import next_links
from qkdctl.records.network import NetworkState
from qkdctl.records.report import EndReport, LinkReport
from qkdctl.records.route import RoutePlan
from qkdctl.records.session import End
from qkdctl.records.standing import NodeStanding
from qkdctl.routing.agreed import plan_routes
from qkdctl_policies.experiments.control import Seen, Steering, commands_of
from qkdctl_policies.experiments.node_reports import Remarks, ReportDesk
from qkdctl_policies.experiments.stage import Stage

_FULL: Final = 1_000_000
_SETTINGS: Final = ShieldSettings()


class BelievingControl:
    """The controller.

    Args:
        stage: of the cell.
        policy: sets power and alignment.
        world: to control.
        heeds_losses: whether a demand that loses keys looks for another path.
    """

    def __init__(self, stage: Stage, policy: Policy, world: NetworkWorld, *, heeds_losses: bool) -> None:
        self._heeds_losses = heeds_losses
        self._stage = stage
        self._desk = ReportDesk(stage.network, world, stage.byzantine, stage.lies)
        self._policy = policy
        self._state: NetworkState | None = None
        self._history = ShieldHistory()
        self._ladder = Ladder()
        self._routes: tuple[RoutePlan, ...] = ()

    def decide(self, seen: Seen) -> Steering:
        """What follows from the reports, all of them taken for true."""
        reports = self._desk.reports(seen.epoch, seen.refused, Remarks(self._policy.identity))
        said = {(end.link, end.end): end for report in reports for end in report.ends}
        table = self._stage.table
        rows = [row for facts in table.links if (row := believed_row(facts, said)) is not None]
        self._state = state = self._believed(seen.epoch.number, rows)
        proposed = propose(self._policy, RuleBased(), self._ladder, state, table)
        self._ladder = proposed.ladder
        wish = realigned_near_limits(proposed.proposal, state, table, _SETTINGS, self._history)
        plan = shield(state, wish, _SETTINGS, table, self._history)
        self._history = self._history.after(plan, _SETTINGS.window_epochs(table.epoch_ms))
        lossy = lossy_paths(seen.loss_reports(), self._routes) if self._heeds_losses else ()
        self._routes = plan_routes(self._stage.demands, state, table, self._routes, lossy)
        return Steering(commands_of(plan, seen.world, self._stage.network), self._routes)

    def _believed(self, epoch: int, rows: list[LinkReport]) -> NetworkState:
        before = () if self._state is None else self._state.links
        return NetworkState(
            epoch=epoch,
            wall_ms=epoch * self._stage.table.epoch_ms,
            links=next_links(before, rows, self._stage.table, 1),
            rows=tuple(rows),
            standings=tuple(map(_trusted, self._stage.members)),
            disputes=(),
            pending=(),
            accounts=(),
            absent=(),
            verdicts=(),
        )


def believed_row(facts: LinkFacts, said: Mapping[tuple[str, End], EndReport]) -> LinkReport | None:
    """The row of a link by what its receiver claims, as if its sender claimed the same."""
    alice, bob = said.get((facts.link, "alice")), said.get((facts.link, "bob"))
    if alice is None or bob is None:
        return link_row(facts, alice, bob, ())
    claimed = [record.model_copy(update={"end": "alice"}) for record in bob.sessions]
    pairs = [Pair(one, other) for one, other in zip(claimed, bob.sessions, strict=True)]
    return link_row(facts, alice.model_copy(update={"sessions": tuple(claimed)}), bob, pairs)


def _trusted(node: str) -> NodeStanding:
    return NodeStanding(
        node=node,
        score_ppm=_FULL,
        trust_ppm=_FULL,
        score_quiet=0,
        trust_quiet=0,
        fidelity_permille=1000,
        data_weight_e6=_FULL,
    )
