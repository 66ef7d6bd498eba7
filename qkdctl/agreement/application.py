"""What follows from agreed reports: state, plan, routes, acts, and who decides two epochs later.

A pure function of the state before and of the reports, so every honest node computes the same, and anyone can check it
against a ledger.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from qkdctl.abft.act_book import electorate_of, lifted, next_book
from qkdctl.abft.chain import Chain
from qkdctl.abft.snapshot import next_state
from qkdctl.abft.standing import with_quarantine_lifted
from qkdctl.abft.value import Entry, Outcome
from qkdctl.agreement.state import AgreedState
from qkdctl.evidence.key_cases import next_audits
from qkdctl.evidence.path_losses import lossy_paths
from qkdctl.policy.baselines import RuleBased
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.ladder import Ladder, propose
from qkdctl.policy.near_limit import realigned_near_limits
from qkdctl.policy.proposal import Policy
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.policy.watch import PolicyWatch, next_policy
from qkdctl.records.act import ActBook
from qkdctl.records.decision import Decision
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.relay_audits import RelayAudits
from qkdctl.records.report import NodeReport
from qkdctl.records.route import RouteDemand
from qkdctl.routing.agreed import plan_routes

BASELINE: Policy = RuleBased()
_PARSED_LIMIT = 1024


@dataclass(frozen=True, slots=True)
class Terms:
    """What the nodes of a network have agreed on beforehand.

    Attributes:
        table: static facts of all links.
        shield: limits of any policy.
        demands: keys that nodes want relayed.
        book: members, f and threshold before the first decision.
    """

    table: LinkTable
    shield: ShieldSettings
    demands: tuple[RouteDemand, ...]
    book: ActBook


@dataclass(frozen=True, slots=True)
class _Known:
    """What follows from reports without any policy.

    Attributes:
        digests: of the state and of the book.
    """

    network: NetworkState
    book: ActBook
    watch: PolicyWatch
    digests: tuple[str, str]


class NodeApplication:
    """Computes decisions; implements `qkdctl.abft.value.Application`.

    Args:
        terms: gives the terms in force.
        policies: gives a policy by its identity, None when it is not at hand.
        state: after the last decision in the ledger; None before the first.
        baseline: steps in where the policy fails, or too few nodes have it.

    Attributes:
        state: after the last decision.
    """

    def __init__(
        self,
        terms: Callable[[], Terms],
        policies: Callable[[str], Policy | None],
        state: AgreedState | None,
        baseline: Policy = BASELINE,
    ) -> None:
        self.state = state
        self._terms = terms
        self._policies = policies
        self._baseline = baseline
        self._parsed: dict[str, NodeReport | None] = {}
        self._last: tuple[Mapping[str, str], _Known] | None = None

    @property
    def book(self) -> ActBook:
        """Acts, members, f and policy after the last decision."""
        return self._terms().book if self.state is None else self.state.book

    @property
    def running(self) -> str:
        """Identity of what this node would plan by in the next epoch: the policy in force, or else the baseline."""
        policy = self._policies(self.book.policy)
        return self._baseline.identity if policy is None else policy.identity

    def admissible(self, epoch: int, author: str, content: str) -> bool:
        """Whether a text is a report of that author for that epoch, in canonical form."""
        report = self._parse(content)
        return report is not None and (report.node, report.epoch) == (author, epoch)

    def text_of(self, report: NodeReport) -> str:
        """A report as nodes send it. It has to be valid, as this node will not read it again."""
        text = report.canonical().decode("ascii")
        self._remember(text, report)
        return text

    def decide(self, chain: Chain, reports: Mapping[str, str]) -> Outcome:
        """What follows from reports.

        Raises:
            ValueError: nothing does, or not for a node without the policy in force.
        """
        known = self._known(chain, reports)
        network, book = known.network, known.book
        terms = self._terms()
        found = self._reports(reports)
        active = self._active(found, chain)
        proposed = propose(active, self._baseline, self._ladder(), network, terms.table)
        history = self._history()
        wish = realigned_near_limits(proposed.proposal, network, terms.table, terms.shield, history)
        plan = shield(network, wish, terms.shield, terms.table, history)
        before = () if self.state is None else self.state.routes
        routes = plan_routes(terms.demands, network, terms.table, before, lossy_paths(found, before))
        decision = Decision(
            epoch=chain.epoch,
            state=known.digests[0],
            book=known.digests[1],
            plan=plan,
            policy=self.book.policy,
            failed=int(proposed.failure is not None),
            routes=routes,
            audits=next_audits(self._audits(), found, before, chain.epoch, chain.electorate.is_weak),
        )
        scores = {entry.node: entry.score_ppm for entry in network.standings}
        return Outcome(decision.to_plain(), electorate_of(book, scores))

    def after(self, entry: Entry) -> tuple[Decision, AgreedState]:
        """The decision of an entry, and the state once it is in force. Nothing is changed yet: see `advance`.

        Raises:
            ValueError: the entry does not follow from the state before.
        """
        decision = Decision.model_validate(dict(entry.value.outcome.payload), strict=False)
        known = self._known(entry.chain, entry.reports)
        network, book = known.network, known.book
        if (*known.digests, self.book.policy) != (decision.state, decision.book, decision.policy):
            raise ValueError(f"epoch {decision.epoch}: what was decided does not follow from the state here")
        terms = self._terms()
        stays = book.policy == decision.policy
        ladder = self._ladder().after(failed=decision.failed > 0) if stays else Ladder()
        is_its_own = stays and decision.plan.policy == decision.policy
        return decision, AgreedState(
            network=network,
            shield=self._history().after(decision.plan, terms.shield.window_epochs(terms.table.epoch_ms)),
            failures=ladder.failures,
            ejected=int(ladder.ejected),
            book=book,
            routes=decision.routes,
            audits=decision.audits,
            watch=known.watch.with_plan(decision.plan, network, terms.table) if is_its_own else known.watch,
        )

    def advance(self, state: AgreedState) -> None:
        """A decision is in force."""
        self.state = state
        self._parsed.clear()
        self._last = None

    def _known(self, chain: Chain, texts: Mapping[str, str]) -> _Known:
        """State, acts and the policy in force after these reports, without any policy's proposal."""
        if self._last is not None and self._last[0] == texts:
            return self._last[1]
        reports = self._reports(texts)
        before, table = None if self.state is None else self.state.network, self._terms().table
        network = next_state(before, reports, table, chain.electorate)
        book = next_book(self.book, chain.epoch, {report.node: report.acts for report in reports}, chain.electorate)
        network = with_quarantine_lifted(network, lifted(book))
        ejected = self._ladder().ejected
        policy, watch = next_policy(self._watch(), self.book.policy, book.policy, network, table, ejected=ejected)
        book = book.model_copy(update={"policy": policy})
        known = _Known(network, book, watch, (network.digest(), book.digest()))
        self._last = dict(texts), known
        return known

    def _active(self, reports: Sequence[NodeReport], chain: Chain) -> Policy | None:
        """The policy in force; None when so many members run something else that one of them is honest.

        Raises:
            ValueError: the others have it, this node has not.
        """
        wanted = self.book.policy
        if wanted != self._baseline.identity and chain.electorate.is_weak(
            report.node for report in reports if report.policy != wanted
        ):
            return None
        policy = self._policies(wanted)
        if policy is None:
            raise ValueError(f"policy {wanted[:12]} is in force, and not at hand")
        return policy

    def _ladder(self) -> Ladder:
        if self.state is None:
            return Ladder()
        return replace(Ladder(), failures=self.state.failures, ejected=bool(self.state.ejected))

    def _history(self) -> ShieldHistory:
        return ShieldHistory() if self.state is None else self.state.shield

    def _watch(self) -> PolicyWatch:
        return PolicyWatch() if self.state is None else self.state.watch

    def _audits(self) -> RelayAudits:
        return RelayAudits() if self.state is None else self.state.audits

    def _reports(self, texts: Mapping[str, str]) -> list[NodeReport]:
        found = [self._parse(text) for _, text in sorted(texts.items())]
        if any(report is None for report in found):
            raise ValueError("a report that counts is none")
        return [report for report in found if report is not None]

    def _parse(self, content: str) -> NodeReport | None:
        if content not in self._parsed:
            try:
                report = NodeReport.from_json(content)
            except ValidationError:
                self._remember(content, None)
            else:
                self._remember(content, report if report.canonical().decode("ascii") == content else None)
        return self._parsed[content]

    def _remember(self, content: str, report: NodeReport | None) -> None:
        if len(self._parsed) >= _PARSED_LIMIT:
            self._parsed.clear()
        self._parsed[content] = report
